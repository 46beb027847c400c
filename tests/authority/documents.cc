#include "tests/authority/documents.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mandate/authority/definition.h"

namespace mandate::test {

void check(const Change& change) {
  SCOPED_TRACE(std::string(change.title));
  std::string text(kExcerpt);
  const std::size_t at = text.find(change.from);
  ASSERT_NE(at, std::string::npos) << change.from;
  ASSERT_EQ(text.find(change.from, at + 1), std::string::npos) << change.from << " stands twice";
  const auto line = 1 + change.lines_below +
                    std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  text.replace(at, change.from.size(), change.to);

  const Result<json::Value> yaml = json::parse_yaml(text);
  ASSERT_TRUE(yaml) << yaml.error().detail;
  const Result<Document> document = Document::parse(*yaml);
  if (!change.says.empty()) {
    ASSERT_FALSE(document) << "accepted";
    const std::string prefix = "line " + std::to_string(line) + ": ";
    EXPECT_EQ(document.error().detail.substr(0, prefix.size()), prefix) << document.error().detail;
    EXPECT_NE(document.error().detail.find(change.says), std::string::npos)
        << document.error().detail;
    EXPECT_EQ(document.error().detail.find(": line "), std::string::npos)
        << "two lines: " << document.error().detail;
    const bool is_limit = change.says.find("at most") != std::string_view::npos;
    EXPECT_EQ(name(document.error().reason), is_limit ? "limit_exceeded" : "bad_request");
    return;
  }
  ASSERT_TRUE(document) << document.error().detail;
  const json::Value written = document->to_json();
  const Result<Document> again = Document::parse(written);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_TRUE(*again == *document) << json::pretty(written);
  EXPECT_EQ(json::canonical(again->to_json()), json::canonical(written));
}

void check_all(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    check(change);
  }
}

}  // namespace mandate::test
