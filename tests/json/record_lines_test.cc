// Records behind something else on their line: blanked, and nothing moves.
#include "mandate/json/record_lines.h"

#include <gtest/gtest.h>

#include <string>

#include "testing/dripping.h"

namespace mandate::json {
namespace {

std::string read(std::string_view text, std::size_t drip) {
  test::Dripping source(text, drip);
  RecordLines lines(source);
  std::string all;
  std::string piece(7, '\0');
  while (true) {
    const Result<std::size_t> bytes = lines.read(piece);
    EXPECT_TRUE(bytes);
    if (!bytes || *bytes == 0) return all;
    all.append(piece, 0, *bytes);
  }
}

struct Row {
  const char* name;
  std::string text;
  std::string seen;
};

std::string spaces(std::size_t count) { return std::string(count, ' '); }

TEST(RecordLines, blanks_what_stands_before_a_record) {
  const std::string long_text(RecordLines::kPrefixBytesMax, 'x');
  const Row rows[] = {
      {"syslog", "Jan  1 00:00:00 h vault[1]: {\"a\":1}\n", "{\"a\":1}" + spaces(28) + "\n"},
      {"RFC 5424", "<134>1 2026-01-01T00:00:00Z h p - - [x y=\"z\"] {\"a\":{}}\r\n",
       "{\"a\":{}}\r" + spaces(46) + "\n"},
      {"each line apart", "t1 {\"a\":1}\ntime two {\"a\":2}\n{\"a\":3}",
       "{\"a\":1}   \n{\"a\":2}         \n{\"a\":3}"},
      {"a line without a record stays", "t {\"a\":1}\nstopped\nt {\"a\":2}\n",
       "{\"a\":1}  \nstopped\n{\"a\":2}  \n"},
      {"CSV", "id,data\nr1,\"{\"\"a\"\":\"\"x, \\\"\"y\\\"\"\"\"}\",end\nr2,\"{}\"\n",
       spaces(7) + "\n{\"a\":\"x, \\\"y\\\"\"}" + spaces(15) + "\n{}" + spaces(5) + "\n"},
      {"CSV with a header in quotes", "\"id\",\"data\"\n\"r\",\"{\"\"a\"\":1}\"\n",
       spaces(11) + "\n{\"a\":1}" + spaces(8) + "\n"},
      {"CSV with lines in its fields, and more records in a row",
       "h\n\"a\nb\",\"{\"\"c\"\":\n1}\",\"{\"\"d\"\":1}\",x\"y\n\"\",\"{}\"\n",
       " \n  \n{\"c\":" + spaces(6) + "\n1}" + spaces(17) + "\n{}" + spaces(5) + "\n"},
      {"CSV with rows that have no record of their own form",
       "h\n1,\"{\"\"a\"\":1}\"\n{\"b\":2}\nx,y\n1,[]\n\r\n2, \" {\"\"c\"\":3}\"\n\"{}\";z",
       " \n{\"a\":1}" + spaces(6) + "\n{\"b\":2}\n0  \n0   \n \n{\"c\":3}" + spaces(8) + "\n{}" +
           spaces(4)},
      {"braces in strings", "t {\"a\":\"x {y\"}\n", "{\"a\":\"x {y\"}  \n"},
      {"lines that tell nothing, first", "sh: if {\nt {\"a\":1}\n", "{       \n{\"a\":1}  \n"},
      {"CSV with a row that tells nothing, first", "h\n\"a {tag}\"\n\"{}\"\n",
       " \n0" + spaces(8) + "\n{}  \n"},
      {"CSV of pretty-printed records", "h\n\"{\n \"\"a\"\":1}\"\n", " \n{ \n \"a\":1}   \n"},
      {"CSV with a quote that is never closed", "h\n\"{\"\"a\"\":1}\",\"a\n\"\"",
       " \n{\"a\":1}" + spaces(7) + "\n {"},
      {"as long as may be", "t {}\n" + long_text + "{}\n",
       "{}  \n{}" + spaces(long_text.size()) + "\n"},
  };
  for (const Row& row : rows) {
    ASSERT_EQ(row.text.size(), row.seen.size()) << row.name;
    for (const std::size_t drip : {1U, 3U, 100U, 1U << 20}) {
      EXPECT_EQ(read(row.text, drip), row.seen) << row.name << ", " << drip << " bytes at a time";
    }
  }
}

TEST(RecordLines, leaves_all_else_as_it_is) {
  const std::string rows[] = {
      "",
      "\n\n",
      "no record at all\n",
      "{\"a\":1}\nt {\"a\":2}\n",
      "\xef\xbb\xbf{\"a\":1}\nt {\"a\":2}\n",
      " [ {\"a\":1}, t {} ]\n",
      "{\n  \"a\": {\n    \"b\": 1 }\n}\n",
      "  \"who\": {\n    \"name\": 1\n  }\n},\n{\n  \"who\": {} }\n",  // its beginning is cut off
      "me\",\"b\":{\"c\":1}}\n{\"a\":1}\n",                            // the same, one to a line
      "\"who\": {\"name\": 1}\n",
      "first:\n  if (x) {\n",
      std::string(RecordLines::kLookBytes, 'x') + "{\"a\":1}",
  };
  for (const std::string& text : rows) EXPECT_EQ(read(text, 5), text);
}

TEST(RecordLines, a_line_that_goes_on_without_a_record_is_given_up) {
  const std::string text = "t {\"a\":1}\n" + std::string(RecordLines::kPrefixBytesMax + 1, 'x') +
                           "{\"a\":2}\nt {\"a\":3}\n";
  const std::string seen = "{\"a\":1}  \n" + std::string(RecordLines::kPrefixBytesMax + 1, 'x') +
                           "{\"a\":2}\n{\"a\":3}  \n";
  EXPECT_EQ(read(text, 1000), seen);
}

class Failing : public ByteSource {
 public:
  Result<std::size_t> read(std::span<char> into) override {
    if (has_read_) return fail(Reason::kRecordUnavailable, "gone");
    has_read_ = true;
    return MemorySource("t {\"a\":1}").read(into);
  }

 private:
  bool has_read_ = false;
};

TEST(RecordLines, an_input_that_fails_is_given_as_far_as_it_goes) {
  Failing source;
  RecordLines lines(source);
  std::string text(100, '\0');
  const Result<std::size_t> bytes = lines.read(text);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(text.substr(0, *bytes), "{\"a\":1}");
  const Result<std::size_t> more = lines.read(text);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().detail, "gone");
}

}  // namespace
}  // namespace mandate::json
