#include "mandate/authority/pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testing/matchers.h"

namespace mandate {
namespace {

using test::ErrorIs;
using test::IsOk;

Pattern pattern(std::string_view text) { return Pattern::parse(text).value(); }
Identifier identifier(std::string_view text) { return Identifier::parse(text).value(); }

TEST(Pattern, IsReadStrictly) {
  const std::string segments_32 = [] {
    std::string text = "a";
    for (int i = 1; i < 32; ++i) {
      text += "/a";
    }
    return text;
  }();
  struct Row {
    std::string text;
    bool pattern;
    bool identifier;
  };
  for (const Row& row : std::vector<Row>{
           {"queue/eu/7", true, true},
           {"queue/eu/*", true, false},
           {"queue/**", true, false},
           {"*", true, false},
           {"**", true, false},
           {"*/*/**", true, false},
           {"**/eu", false, false},
           {"queue/**/7", false, false},
           {"queue/e*", false, false},
           {"queue/***", false, false},
           {"queue/\\*", false, false},
           {"", false, false},
           {"/", false, false},
           {"/queue", false, false},
           {"queue/", false, false},
           {"queue//7", false, false},
           {".", false, false},
           {"queue/.", false, false},
           {"queue/../7", false, false},
           {"queue/...", true, true},
           {"queue/a b", true, true},
           {"queue/%2e%2e", true, true},
           {"queue/a\nb", false, false},
           {"queue/a\u200bb", false, false},
           {"queue/\xff", false, false},
           {std::string(1024, 'x'), true, true},
           {std::string(1025, 'x'), false, false},
           {segments_32, true, true},
           {segments_32 + "/a", false, false},
       }) {
    SCOPED_TRACE(row.text);
    EXPECT_EQ(Pattern::parse(row.text).has_value(), row.pattern);
    EXPECT_EQ(Identifier::parse(row.text).has_value(), row.identifier);
  }
  EXPECT_THAT(Pattern::parse("a*"), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(Identifier::parse("a/*"), ErrorIs(Reason::kBadRequest));
}

TEST(Pattern, MatchesAfterNormalising) {
  EXPECT_TRUE(pattern("queue/Zo\u00eb").matches(identifier("queue/Zoe\u0308")));
  EXPECT_TRUE(pattern("queue/Zoe\u0308").matches(identifier("queue/Zo\u00eb")));
  EXPECT_FALSE(pattern("queue/Zoe").matches(identifier("queue/Zo\u00eb")));
}

TEST(Pattern, MatchesSegmentBySegment) {
  struct Row {
    std::string_view pattern;
    std::string_view identifier;
    bool matches;
  };
  for (const Row& row : std::vector<Row>{
           {"a/b", "a/b", true},      {"a/b", "a", false},    {"a/b", "a/b/c", false},
           {"a/b", "a/B", false},     {"a/b", "ab", false},   {"*", "a", true},
           {"*", "a/b", false},       {"a/*", "a", false},    {"a/*", "a/b", true},
           {"a/*", "a/b/c", false},   {"*/b", "a/b", true},   {"*/b", "a/c", false},
           {"a/**", "a", false},      {"a/**", "a/b", true},  {"a/**", "a/b/c/d", true},
           {"**", "a", true},         {"**", "a/b/c", true},  {"a/*/**", "a/b", false},
           {"a/*/**", "a/b/c", true}, {"a/**", "b/c", false}, {"a", "aa", false},
       }) {
    EXPECT_EQ(pattern(row.pattern).matches(identifier(row.identifier)), row.matches)
        << row.pattern << " " << row.identifier;
  }
}

TEST(Pattern, MeetIsWhatBothMatch) {
  struct Row {
    std::string_view a;
    std::string_view b;
    std::string_view meet;  // empty: nothing
  };
  for (const Row& row : std::vector<Row>{
           {"queue/**", "*/eu", "queue/eu"},
           {"a/*", "*/b", "a/b"},
           {"a/**", "a", ""},
           {"a/**", "a/**", "a/**"},
           {"a/**", "a/b/**", "a/b/**"},
           {"**", "a/*/**", "a/*/**"},
           {"**", "*", "*"},
           {"*", "*/*", ""},
           {"a/**", "*/**", "a/**"},
           {"*/b/**", "a/**", "a/b/**"},
           {"a/b", "a/c", ""},
           {"a/*/c", "a/b/**", "a/b/c"},
           {"a/*", "a/b/**", ""},
           {"*/*/*", "a/**", "a/*/*"},
       }) {
    SCOPED_TRACE(std::string(row.a) + " and " + std::string(row.b));
    const std::optional<Pattern> meet = pattern(row.a).meet(pattern(row.b));
    EXPECT_EQ(meet ? meet->text() : "", row.meet);
    EXPECT_EQ(pattern(row.b).meet(pattern(row.a)), meet);
  }
}

// Every pattern and identifier of up to three segments over two letters.
TEST(Pattern, AgreesWithItsMeaningOnAllSmallOnes) {
  std::vector<std::string> names;
  std::vector<std::string> patterns;
  const auto grow = [](std::vector<std::string>& out, const std::vector<std::string>& segments,
                       const std::vector<std::string>& last) {
    std::vector<std::string> prefixes = {""};
    for (int depth = 0; depth < 3; ++depth) {
      std::vector<std::string> longer;
      for (const std::string& prefix : prefixes) {
        for (const std::string& segment : segments) {
          longer.push_back(prefix + segment);
          out.push_back(prefix + segment);
        }
        for (const std::string& segment : last) {
          out.push_back(prefix + segment);
        }
      }
      prefixes.clear();
      for (const std::string& prefix : longer) {
        prefixes.push_back(prefix + "/");
      }
    }
  };
  grow(names, {"a", "b", "other"}, {});
  for (const std::string& name : std::vector<std::string>(names)) {
    names.push_back(name + "/a/b");  // longer than any pattern without a rest
  }
  grow(patterns, {"a", "b", "*"}, {"**"});
  std::vector<Identifier> identifiers;
  for (const std::string& name : names) {
    identifiers.push_back(identifier(name));
  }
  for (const std::string& a_text : patterns) {
    const Pattern a = pattern(a_text);
    for (const std::string& b_text : patterns) {
      const Pattern b = pattern(b_text);
      const std::optional<Pattern> meet = a.meet(b);
      bool b_within_a = true;
      for (const Identifier& name : identifiers) {
        const bool in_a = a.matches(name);
        const bool in_b = b.matches(name);
        b_within_a = b_within_a && (in_a || !in_b);
        ASSERT_EQ(meet && meet->matches(name), in_a && in_b)
            << a_text << " meets " << b_text << " at " << name.text();
      }
      ASSERT_EQ(a.subsumes(b), b_within_a) << a_text << " subsumes " << b_text;
      ASSERT_TRUE(!meet || (a.subsumes(*meet) && b.subsumes(*meet))) << a_text << " " << b_text;
    }
  }
}

TEST(Pattern, AMeetLongerThanAnyIdentifierIsNothing) {
  const std::string half(512, 'x');
  EXPECT_EQ(pattern(half + "/*").meet(pattern("*/" + half)), std::nullopt);
  const std::string less(511, 'x');
  ASSERT_TRUE(pattern(half + "/*").meet(pattern("*/" + less)).has_value());
  EXPECT_THAT(Pattern::parse(pattern(half + "/*").meet(pattern("*/" + less))->text()), IsOk());
}

}  // namespace
}  // namespace mandate
