// Logs of an attack, read whole: every event, and the chains that a third party worked out.
#include "mandate/observe/scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>
#include <sstream>

#include "mandate/observe/chains.h"
#include "testing/shared_data.h"

namespace mandate::observe {
namespace {

std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void read_into(Scan& scan, const std::filesystem::path& path) {
  const std::string text = test::read_file(path);
  json::MemorySource source(text);
  scan.read(path.filename().string(), source);
}

// The columns that the oracle fixes, as one line.
std::string row_of(const json::Value& chain) {
  std::string row;
  for (const char* column :
       {"issue_event", "issuer_key", "role", "issued_key", "uses", "use_sources"}) {
    const json::Value* found = chain.find(column);
    row += found == nullptr ? "absent" : json::canonical(*found);
    row += ' ';
  }
  return row;
}

TEST(Scan, of_invictus_finds_every_event_and_the_36_chains) {
  MANDATE_NEEDS_SHARED("data/invictus-aws");
  const std::filesystem::path folder = test::shared_path("data/invictus-aws");
  Scan scan;
  for (const auto& path : files_below(folder / "CloudTrail")) read_into(scan, path);
  EXPECT_EQ(scan.summary().events(), 2900U);
  for (const FileReport& file : scan.files()) {
    EXPECT_FALSE(file.is_damaged()) << file.file;
    EXPECT_EQ(file.unrecognised.count + file.unusable.count, 0U) << file.file;
    EXPECT_EQ(file.source, "cloudtrail");
  }
  std::multiset<std::string> found;
  for (const Chain& chain : chains_of(scan.summary())) found.insert(row_of(to_json(chain)));
  std::multiset<std::string> expected;
  std::istringstream lines(test::read_file(folder / "chains.jsonl"));
  for (std::string line; std::getline(lines, line);) expected.insert(row_of(*json::parse(line)));
  EXPECT_EQ(expected.size(), 36U);
  EXPECT_EQ(found, expected);
}

TEST(Scan, of_stratus_finds_every_event) {
  MANDATE_NEEDS_SHARED("data/stratus");
  Scan scan;
  for (const auto& path : files_below(test::shared_path("data/stratus"))) read_into(scan, path);
  EXPECT_EQ(scan.summary().events(), 310U);
}

// Splits a text's lines among parts, reads each by itself and merges in random order.
TEST(Summary, of_merged_parts_is_that_of_the_whole) {
  MANDATE_NEEDS_SHARED("data/invictus-aws");
  const auto files = files_below(test::shared_path("data/invictus-aws/CloudTrail"));
  Scan whole;
  for (const auto& path : files) read_into(whole, path);
  const std::string expected = whole.summary().describe();
  std::mt19937 random(5);
  for (int round = 0; round < 8; ++round) {
    std::vector<Scan> parts(1 + random() % 6);
    for (const auto& path : files) {
      read_into(parts[random() % parts.size()], path);
      // Files that two parts both read count once.
      if (random() % 3 == 0) read_into(parts[random() % parts.size()], path);
    }
    while (parts.size() > 1) {
      const std::size_t into = random() % (parts.size() - 1);
      Scan last = std::move(parts.back());
      parts.pop_back();
      parts[into].merge(std::move(last));
    }
    EXPECT_EQ(parts[0].summary().describe(), expected);
  }
}

std::string in_csv(std::string_view text) {
  std::string field;
  for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field;
}

struct Wrapped {
  const char* name;
  std::string text;
};

TEST(Scan, finds_records_in_what_shippers_wrap_them_in) {
  const std::string record =
      R"({"eventID":"e","eventTime":"2026-01-01T00:00:00Z","eventSource":"s3.amazonaws.com",)"
      R"("eventName":"GetObject","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/a"}})";
  const std::string in_string = json::canonical(json::Value(record));
  const Wrapped rows[] = {
      {"plain", record},
      {"lookup-events", R"({"Events":[{"EventId":"e","CloudTrailEvent":)" + in_string + "}]}"},
      {"search engine", R"({"_index":"i","_source":)" + record + "}"},
      {"log shipper", R"({"@timestamp":"2026-01-01T00:00:00Z","message":)" + in_string + "}"},
      {"search engine's answer",
       R"({"hits":{"total":{"value":1},"hits":[{"_id":"1","_source":{"event":{"original":)" +
           in_string + "}}}]}}"},
      {"export of a search", R"({"preview":false,"result":{"_raw":)" + in_string + "}}"},
      {"collector", R"({"time":1,"sourcetype":"x","event":)" + record + "}"},
      {"event bus", R"({"detail-type":"AWS API Call via CloudTrail","detail":)" + record + "}"},
      {"filter-log-events", R"({"events":[{"eventId":"1","message":)" + in_string + "}]}"},
      {"hook", R"({"eventType":"x","data":{"events":[)" + record + "]}}"},
      {"syslog", "Jan  1 00:00:00 h app[1]: " + record + "\n"},
      {"container runtime", "2026-01-01T00:00:00.0Z stdout F " + record + "\n"},
      {"CSV", "id,data\r\n1,\"" + in_csv(record) + "\"\r\n"},
  };
  for (const Wrapped& row : rows) {
    Scan scan;
    json::MemorySource source(row.text);
    scan.read("f", source);
    EXPECT_EQ(scan.summary().events(), 1U) << row.name;
    EXPECT_TRUE(scan.summary().principals().contains("arn:aws:iam::1:user/a")) << row.name;
  }
}

TEST(Scan, counts_what_is_lost_within_a_wrapper_and_takes_no_record_out_of_prose) {
  const std::string record =
      R"({"eventID":"e","eventTime":"2026-01-01T00:00:00Z","eventName":"x",)"
      R"("eventSource":"s3.amazonaws.com","userIdentity":{"type":"IAMUser"}})";
  const auto wrapped = [](const std::string& text) {
    return R"({"message":)" + json::canonical(json::Value(text)) + "}\n";
  };
  const struct {
    const char* name;
    std::string log;
    std::uint64_t events;
    std::uint64_t foreign;
    std::uint64_t damaged;
  } rows[] = {
      {"whole", wrapped(R"({"Records":[)" + record + "]}"), 1, 0, 0},
      {"cut short", wrapped(R"({"Records":[)" + record + "," + record.substr(0, 90)), 1, 0, 1},
      {"beside others", R"({"data":[)" + record + R"(,{"a":1},{"b":2}]})", 1, 2, 0},
      {"quoted in prose", wrapped("login failed for bob\n" + record), 0, 1, 0},
  };
  for (const auto& row : rows) {
    Scan scan;
    json::MemorySource source(row.log);
    scan.read("f", source);
    EXPECT_EQ(scan.summary().events(), row.events) << row.name;
    EXPECT_EQ(scan.files().back().unrecognised.count, row.foreign) << row.name;
    EXPECT_EQ(scan.files().back().damage.skipped(), row.damaged) << row.name;
  }
}

TEST(Scan, gives_up_what_is_wrapped_without_end) {
  std::string record = R"({"eventID":"e","eventTime":"2026-01-01T00:00:00Z","eventName":"x",)"
                       R"("eventSource":"s3.amazonaws.com","userIdentity":{"type":"IAMUser"}})";
  for (const std::uint64_t events : {1U, 1U, 1U, 1U, 0U}) {  // itself, then in one to four others
    Scan scan;
    json::MemorySource source(record);
    scan.read("f", source);
    EXPECT_EQ(scan.summary().events(), events) << record;
    EXPECT_EQ(scan.files().back().unrecognised.count, 1 - events);
    record = R"({"message":)" + json::canonical(json::Value(record)) + "}";
  }
}

}  // namespace
}  // namespace mandate::observe
