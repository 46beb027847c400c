#include "mandate/json/foreign_yaml.h"

#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace mandate::json {
namespace {

using test::ErrorIs;
using test::IsOk;

// Each document as JSON, or as `!` and its refusal.
std::vector<std::string> read(std::string_view text, const Bounds& bounds = {}) {
  std::vector<std::string> out;
  for (const YamlDocument& document : parse_foreign_yaml(text, bounds)) {
    out.push_back(document.value ? canonical(*document.value)
                                 : "!" + document.value.error().detail);
  }
  return out;
}

void check(std::string_view text, std::vector<std::string> expected) {
  EXPECT_EQ(read(text), expected) << text;
}

TEST(ForeignYaml, documents_stand_alone) {
  check("a: 1\n---\nb: 2\n", {R"({"a":1})", R"({"b":2})"});
  check("---\n---\n# nothing\n---\na: 1\n...\n", {R"({"a":1})"});
  check("--- {a: 1}\n--- [2]\n", {R"({"a":1})", "[2]"});
  check("%YAML 1.1\n---\na: 1\n", {R"({"a":1})"});
  check("a: |\n  x\n  ---\n  y\nb: 1\n", {R"({"a":"x\n---\ny\n","b":1})"});
  check("a: ---x\n---y: 1\n", {R"({"---y":1,"a":"---x"})"});
  check("a: 1\n---\nb: [\n---\nc: 3\n",
        {R"({"a":1})", "!line 4: end of sequence flow not found", R"({"c":3})"});
  check("", {});
  check(
      "\xef\xbb\xbf"
      "a: 1\r\n---\r\nb: 2\r\n",
      {R"({"a":1})", R"({"b":2})"});
}

TEST(ForeignYaml, lines_and_offsets_count_from_the_beginning_of_the_text) {
  std::string_view text = "a: 1\n---\n\nb:\n  c: 2\n";
  std::vector<YamlDocument> documents = parse_foreign_yaml(text);
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_EQ(documents[1].line, 2U);
  EXPECT_EQ(documents[1].offset, text.find("---") + 3);
  EXPECT_EQ(documents[1].value->find("b")->find("c")->line(), 5U);
}

TEST(ForeignYaml, plain_scalars_have_the_types_that_kubernetes_gives_them) {
  struct Row {
    std::string_view scalar;
    Value expected;
  };
  for (const Row& row : {
           Row{"yes", true},
           Row{"On", true},
           Row{"TRUE", true},
           Row{"off", false},
           Row{"No", false},
           Row{"y", "y"},
           Row{"n", "n"},
           Row{"~", nullptr},
           Row{"", nullptr},
           Row{"NULL", nullptr},
           Row{"nUll", "nUll"},
           Row{"12", 12},
           Row{"-3", -3},
           Row{"+3", 3},
           Row{"0x1F", 31},
           Row{"0o17", 15},
           Row{"0644", 420},
           Row{"1_000", 1000},
           Row{"08", 8.0},
           Row{"1.5", 1.5},
           Row{".5", 0.5},
           Row{"1e3", 1000.0},
           Row{"1.2.3", "1.2.3"},
           Row{"2026-01-01", "2026-01-01"},
           Row{"10:20", "10:20"},
           Row{".inf", ".inf"},
           Row{".nan", ".nan"},
           Row{"1e999", "1e999"},
           Row{"-", "-"},
           Row{"99999999999999999999", 1e20},
           Row{"\"yes\"", "yes"},
           Row{"'12'", "12"},
           Row{"!!str 12", "12"},
           Row{"!custom x", "x"},
           Row{"system:masters", "system:masters"},
       }) {
    std::string text = "a: " + std::string(row.scalar) + "\n";
    std::vector<YamlDocument> documents = parse_foreign_yaml(text);
    ASSERT_EQ(documents.size(), 1U) << text;
    if (row.scalar == "-") {
      EXPECT_THAT(documents[0].value, ErrorIs(Reason::kBadRequest));
      continue;
    }
    ASSERT_THAT(documents[0].value, IsOk()) << text;
    EXPECT_TRUE(*documents[0].value->find("a") == row.expected) << text;
  }
}

TEST(ForeignYaml, anchors_aliases_and_merge_keys_are_followed) {
  check("a: &x [1, 2]\nb: *x\n", {R"({"a":[1,2],"b":[1,2]})"});
  check("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n", {R"({"a":{"p":1,"q":2},"b":{"p":1,"q":3}})"});
  check("a: &x {p: 1}\nb: &y {p: 2, r: 3}\nc:\n  <<: [*x, *y]\n",
        {R"({"a":{"p":1},"b":{"p":2,"r":3},"c":{"p":1,"r":3}})"});
  check("k: &x name\n*x : 1\n", {R"({"k":"name","name":1})"});
  check("<<: 3\n", {"!line 1: a merge key whose value is no object"});
  check("a: &x [*x]\n", {"!line 1: an alias of what it stands in"});
}

TEST(ForeignYaml, what_no_json_says_is_refused_with_its_line) {
  check("a: 1\na: 2\n", {"!line 2: duplicate member \"a\""});
  check("? [a]\n: 1\n", {"!line 1: a key that is no scalar; expected a string"});
  check("1: x\ntrue: y\n", {R"({"1":"x","true":"y"})"});
  check("a: 'x\n", {"!line 1: a quote that does not end"});
  EXPECT_TRUE(read("ok: 1\n---\na: \x01\n")[1].starts_with("!line 2: in the document"));
}

TEST(ForeignYaml, sizes_depth_and_expansion_are_bounded) {
  Bounds bounds{.bytes_max = 200, .depth_max = 3, .values_max = 40};
  EXPECT_EQ(read("[[[1]]]", bounds), (std::vector<std::string>{"[[[1]]]"}));
  EXPECT_EQ(read("[[[[1]]]]", bounds)[0], "!line 1: nested deeper than 3");
  EXPECT_EQ(read("a: &x [[1]]\nb: [*x]\n", bounds)[0], "!line 2: nested deeper than 3");
  EXPECT_EQ(read("a: &x [1,1,1,1,1,1]\nb: [*x,*x]\nc: [*x,*x,*x]\n", bounds)[0],
            "!line 3: more than 40 values");
  EXPECT_EQ(read(std::string(201, ' '), bounds)[0], "!a text of 201 bytes; expected at most 200");
}

}  // namespace
}  // namespace mandate::json
