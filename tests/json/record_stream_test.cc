// Records of logs: found in every form, with their exact place, and damage kept to what is damaged.
#include "mandate/json/record_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "testing/dripping.h"

namespace mandate::json {
namespace {

constexpr std::string_view kEnvelopes[] = {"Records", "items"};
constexpr std::string_view kPaths[] = {"id", "who.name", "who", "list.[0].x", "deep"};

struct Found {
  std::string id;
  std::string name;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;
};

struct Read {
  std::vector<Found> records;
  Damage damage;
  bool has_error = false;

  std::string ids() const {
    std::string all;
    for (const Found& found : records) all += (all.empty() ? "" : " ") + found.id;
    return all;
  }
};

Read read(std::string_view text, std::size_t drip = 1 << 20) {
  const Projection wanted(kPaths);
  std::vector<Slot> slots(wanted.slots());
  test::Dripping source(text, drip);
  RecordStream in(source, kEnvelopes);
  Read all;
  while (in.next(wanted, slots)) {
    all.records.push_back(
        {std::string(slots[0].text), std::string(slots[1].string()), in.offset(), in.line()});
    if (in.damage().of(Damage::Kind::kBadBytes).count == 0) {
      EXPECT_EQ(text.substr(in.offset(), in.record().size()), in.record());
    }
  }
  all.damage = in.damage();
  all.has_error = in.read_error().has_value();
  return all;
}

struct Row {
  std::string text;
  std::string ids;
  std::uint64_t skipped = 0;
};

TEST(RecordStream, finds_records_in_every_form) {
  const Row rows[] = {
      {R"({"id":"a"})", "a"},
      {"{\"id\":\"a\"}\n{\"id\":\"b\"}\n", "a b"},
      {"\xef\xbb\xbf{\"id\":\"a\"}\r\n{\"id\":\"b\"}", "a b"},
      {R"({"id":"a"}{"id":"b"} {"id":"c"})", "a b c"},
      {R"([{"id":"a"},{"id":"b"}])", "a b"},
      {R"({"Records":[{"id":"a"},{"id":"b"}]})", "a b"},
      {R"({"kind":"List","meta":{"n":[{}]},"items":[{"id":"a"},{"id":"b"}],"x":{"y":[1]}})"
       R"({"id":"c"})",
       "a b c"},
      {"[\n  {\n    \"id\": \"a\"\n  },\n  {\n    \"id\" : \"b\"\n  }\n]\n", "a b"},
      {"[{\"id\":\"a\"}]\n[{\"id\":\"b\"}]\n", "a b"},
      {"", ""},
      {" \n\n ", ""},
      {"[]", ""},
      {R"({"Records":[]})", ""},  // an object without records is itself one
      {R"([{"id":"a"},1,"x",[{"id":"n"}],{"id":"b"}])", "a b", 3},
  };
  for (const Row& row : rows) {
    for (const std::size_t drip : {1UL, 7UL, 100'000UL}) {
      const Read all = read(row.text, drip);
      EXPECT_EQ(all.ids(), row.ids) << row.text;
      EXPECT_EQ(all.damage.skipped(), row.skipped) << row.text;
    }
  }
}

TEST(RecordStream, fills_slots_with_what_was_asked_for) {
  const std::string text =
      R"({"who":{"other":{"name":"no"},"name":"A\u006en\n\"x\""},"id":7 ,"list":[{"x":true},{}],)"
      R"("deep":[1,[2]],"no":[{"id":"z"}]})";
  const Projection wanted(kPaths);
  std::vector<Slot> slots(wanted.slots());
  MemorySource source(text);
  RecordStream in(source, {});
  ASSERT_TRUE(in.next(wanted, slots));
  EXPECT_EQ(slots[0].kind, SlotKind::kScalar);
  EXPECT_EQ(slots[0].text, "7");
  EXPECT_EQ(slots[1].string(), "Ann\n\"x\"");
  EXPECT_EQ(slots[2].kind, SlotKind::kObject);
  EXPECT_TRUE(slots[2].text.starts_with("{\"other\"") && slots[2].text.ends_with("\"}"));
  EXPECT_TRUE(slots[3].is_true());
  EXPECT_EQ(slots[4].text, "[1,[2]]");
  EXPECT_EQ(slots[4].string(), "");
  constexpr std::string_view kOther[] = {"no.[0].id"};
  const Projection other(kOther);
  std::vector<Slot> one(1);
  in.read(other, one);
  EXPECT_EQ(one[0].string(), "z");
  EXPECT_FALSE(in.next(wanted, slots));
}

TEST(RecordStream, tells_the_exact_place_in_files_of_many_windows) {
  std::mt19937 random(7);
  for (const bool is_array : {false, true}) {
    for (const std::string_view separator : {"\n", "", ",\n   ", ","}) {
      if (is_array != separator.starts_with(',')) continue;
      std::string text = is_array ? "{\"Records\":[" : "";
      std::vector<Found> expected;
      std::uint64_t line = 1;
      for (int i = 0; i < 3000; ++i) {
        if (i > 0) text += separator;
        if (i > 0 && separator.find('\n') != separator.npos) ++line;
        expected.push_back({std::to_string(i), "x},{\"y", text.size(), line});
        text += "{\"id\":\"" + std::to_string(i) + R"(","who":{"name":"x},{\"y"},"pad":")" +
                std::string(random() % 600, '}') + "\"}";
      }
      if (is_array) text += "]}";
      const Read all = read(text, 50'000);
      ASSERT_EQ(all.records.size(), expected.size());
      EXPECT_EQ(all.damage.skipped(), 0U);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(all.records[i].id, expected[i].id);
        ASSERT_EQ(all.records[i].name, expected[i].name);
        ASSERT_EQ(all.records[i].offset, expected[i].offset);
        ASSERT_EQ(all.records[i].line, expected[i].line);
      }
    }
  }
}

struct Damaged {
  std::string text;
  std::string ids;
  Damage::Kind kind;
  std::uint64_t first_offset = 0;
};

TEST(RecordStream, keeps_damage_to_what_is_damaged) {
  using enum Damage::Kind;
  const std::string a = "{\"id\":\"a\"}\n";
  const std::string b = "{\"id\":\"b\"}\n";
  const Damaged rows[] = {
      {a + "{\"id\":\"x\"", "a", kTruncated, 11},
      {R"({"Records":[{"id":"a"},{"id":"x)", "a", kTruncated, 23},
      {R"({"Records":[{"id":"a"})", "a", kTruncated, 22},
      {a + "{\"id\" \"x\"}\n" + b, "a b", kMalformed, 11},
      {a + "{\"no\":{\"n\":1\n" + b, "a b", kMalformed, 11},
      {a + "{\"id\":\"x\n" + b, "a b", kMalformed, 11},
      {a + "word and \"text\n" + b, "a b", kMalformed, 11},
      {a + "just words\n" + b, "a b", kNotAnObject, 11},
      {R"([{"id":"a"},{"id":x:},{"id":"b"}])", "a b", kMalformed, 12},
      {a + "{\"no\":" + std::string(200, '[') + "]\n" + b, "a b", kTooDeep, 11},
      {a + "{\"no\":" + std::string(limits::kRecordBytesMax + 10, ' ') + "}\n" + b, "a b", kTooLong,
       11},
      {a + "\"" + std::string(limits::kRecordBytesMax * 2, 'x') + "\"\n" + b, "a b", kTooLong, 11},
      {a + "{\"id\":\"\xff\"}\n" + b, "a ? b", kBadBytes, 18},
      {a + "{\"id\":\"\x01\"}\n" + b, "a   b", kBadBytes, 18},
  };
  for (const Damaged& row : rows) {
    const Read all = read(row.text);
    const std::string shown = row.text.substr(0, 60);
    EXPECT_EQ(all.ids(), row.ids) << shown;
    EXPECT_EQ(all.damage.of(row.kind).count, 1U) << shown;
    EXPECT_EQ(all.damage.of(row.kind).first_offset, row.first_offset) << shown;
  }
}

TEST(RecordStream, reads_random_bytes_and_random_cuts_to_the_end) {
  std::mt19937 random(3);
  std::string good = "{\"Records\":[";
  for (int i = 0; i < 50; ++i) good += R"({"id":"a","who":{"name":"\"},{"}},)";
  good.back() = ']';
  good += '}';
  for (int round = 0; round < 2000; ++round) {
    std::string text = good.substr(random() % 40, random() % good.size());
    for (int i = 0; i < round % 20; ++i) {
      if (!text.empty()) text[random() % text.size()] = static_cast<char>(random());
    }
    const Read all = read(text, 1 + random() % 4000);
    EXPECT_LE(all.records.size(), 1000U);
  }
}

}  // namespace
}  // namespace mandate::json
