// Parts of a scan: written, read back and merged in any order and grouping, they are the whole.
#include "mandate/observe/partial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <random>
#include <set>
#include <sstream>

#include "mandate/observe/partial_format.h"
#include "mandate/observe/rules.h"
#include "mandate/observe/scan.h"
#include "testing/matchers.h"
#include "testing/shared_data.h"

namespace mandate::observe {
namespace {

std::string written(Part& part) {
  std::string text;
  EXPECT_TRUE(part.summary.settle());
  const Result<void> done = write_partial(part, [&text](std::string_view bytes) -> Result<void> {
    text += bytes;
    return {};
  });
  EXPECT_TRUE(done);
  return text;
}

Result<Part> read_back(std::string_view text) {
  json::MemorySource source(text);
  return read_partial(source, {});
}

std::string findings_of(const Summary& summary) {
  std::string lines;
  for (const Finding& finding : find_borrowed_trust(summary)) lines += to_ndjson(finding) + "\n";
  return lines;
}

// An event of a small world, so that credentials, sessions and changes meet again and again.
struct Event {
  std::string id;
  std::string actor;
  std::string credential;
  std::string source;
  std::string agent;
  std::string issued;
  std::string object;
  Party party;
  Fact fact;
  Activity activity;
};

constexpr std::string_view kTargets[] = {"",    "b/a", "b/b", "b/c", "b/d", "b/e",  "b/f",   "b/g",
                                         "b/h", "b/i", "b/j", "c/k", "c",   "b//x", "d/e/f", "*"};

class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  std::size_t pick(std::size_t below) { return random_() % below; }

  // What is told of an event is a function of its id, as it is in a log.
  Event event(std::size_t number) {
    std::mt19937 own(static_cast<unsigned>(number) * 7919U + 1);
    const auto any = [&own](std::size_t below) { return own() % below; };
    Event e;
    e.id = "event-" + std::to_string(number);
    e.actor = "arn:aws:iam::1:user/u" + std::to_string(any(7));
    if (any(40) == 0) e.actor += std::string(3000, 'x') + "\u00e9";
    e.credential = any(5) == 0 ? "" : "AKIA" + std::to_string(any(9));
    // More uses than a row keeps.
    e.source = any(3) == 0 ? "10.0.0." + std::to_string(any(250)) : "198.51.100.7";
    e.agent = any(4) == 0 ? "Mozilla/5.0" : "Boto3/1." + std::to_string(any(4));
    if (any(9) == 0) e.issued = "ASIA" + std::to_string(any(6));
    e.object = "arn:aws:iam::1:role/r" + std::to_string(any(5));
    e.party = {.id = "arn:aws:iam::2:root", .scope = PartyScope::kExternal};
    Activity& a = e.activity;
    a.time = Instant(Milliseconds(1'700'000'000'000 + static_cast<std::int64_t>(any(50)) * 1000));
    a.service = any(2) == 0 ? "iam" : "sts";
    constexpr std::string_view kActions[] = {"Act0", "Act1", "Act2", "Act3"};
    a.action = kActions[static_cast<std::size_t>(any(4))];
    a.outcome = static_cast<Outcome>(any(3));
    a.actor.kind = ActorKind::kUser;
    a.actor.is_person = any(3) == 0;
    a.credential.kind = static_cast<CredentialKind>(any(3));
    a.context.agent_kind = static_cast<AgentKind>(any(5));
    a.context.mfa = any(2) == 0 ? std::optional<bool>(any(2) == 0) : std::nullopt;
    if (any(9) == 0) a.time = kUntimed;
    if (any(4) == 0) a.credential.since = Instant(Milliseconds(static_cast<std::int64_t>(any(9))));
    a.actor.is_personal = any(9) == 0;
    e.fact = {static_cast<FactKind>(any(Facts::kKinds)), kTargets[any(4)], kTargets[any(4)], "x"};
    a.issued.kind = e.issued.empty() ? IssueKind::kNone : IssueKind::kRole;
    a.target = kTargets[any(std::size(kTargets))];
    a.change.kind = any(6) == 0 ? ChangeKind::kTrustAdded : ChangeKind::kNone;
    a.change.is_admin = any(2) == 0;
    return e;
  }

 private:
  std::mt19937 random_;
};

void add(Summary& summary, const Event& e, const std::string& file) {
  Activity a = e.activity;
  a.event_id = e.id;
  a.actor.id = e.actor;
  a.credential.id = e.credential;
  a.context.source = e.source;
  a.context.agent = e.agent;
  a.issued.credential = e.issued;
  a.change.object = e.object;
  a.change.parties = {&e.party, 1};
  a.facts = {&e.fact, 1};
  summary.add(a, {.file = file, .offset = 10, .line = 2, .record = e.id});
}

// Merges them all, two by two as chance has it, each in its written form as chance has it.
Part merged(std::vector<Part> parts, std::mt19937& random) {
  while (parts.size() > 1) {
    std::shuffle(parts.begin(), parts.end(), random);
    Part last = std::move(parts.back());
    parts.pop_back();
    if (random() % 2 == 0) {
      Result<Part> read = read_back(written(last));
      EXPECT_TRUE(read) << (read ? "" : read.error().detail);
      if (read) last = *std::move(read);
    }
    parts[random() % parts.size()].merge(std::move(last));
  }
  return std::move(parts.front());
}

TEST(Partial, merges_in_any_order_and_grouping_to_the_whole) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    World world(seed);
    std::mt19937 random(seed);
    std::vector<Part> parts(2 + world.pick(6));
    Part whole;
    for (int i = 0; i < 600; ++i) {
      const Event event = world.event(world.pick(400));
      const std::string file = "f" + std::to_string(world.pick(4)) + ".json";
      add(whole.summary, event, file);
      add(parts[world.pick(parts.size())].summary, event, file);
    }
    Part found = merged(std::move(parts), random);
    EXPECT_EQ(written(found), written(whole)) << "seed " << seed;
    EXPECT_EQ(findings_of(found.summary), findings_of(whole.summary));
  }
}

std::vector<std::filesystem::path> all_files(const char* below) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(test::shared_path(below))) {
    const bool is_log = entry.path().extension() == ".json" || entry.path().extension() == ".jsonl";
    if (entry.is_regular_file() && is_log) files.push_back(entry.path());
  }
  return files;
}

TEST(Partial, of_real_logs_cut_by_file_gives_the_findings_of_the_whole) {
  MANDATE_NEEDS_SHARED("data");
  std::mt19937 random(3);
  Scan whole;
  std::vector<Scan> scans(5);
  for (const auto& path : all_files("data")) {
    const std::string text = test::read_file(path);
    for (Scan* scan : {&whole, &scans[random() % scans.size()]}) {
      json::MemorySource source(text);
      scan->read(path.string(), source);
    }
  }
  std::vector<Part> parts;
  for (Scan& scan : scans) parts.push_back({.summary = std::move(scan.summary())});
  Part found = merged(std::move(parts), random);
  ASSERT_TRUE(found.summary.settle());
  EXPECT_GT(found.summary.events(), 3000U);
  EXPECT_EQ(found.summary.describe(), whole.summary().describe());
  const std::string findings = findings_of(found.summary);
  EXPECT_GT(std::count(findings.begin(), findings.end(), '\n'), 20);
  EXPECT_EQ(findings, findings_of(whole.summary()));
}

Part small_part() {
  World world(1);
  Part part{.summary = {},
            .logs = {{"a.json", "cloudtrail"}},
            .foreign = {"b.txt"},
            .inventories = {{"c.json", std::string(1'200'000, 'i')}, {"d.json", ""}},
            .problems = {"\"a.json\": 1 skipped"},
            .remarks = {"remarked"}};
  for (std::size_t i = 0; i < 30; ++i) add(part.summary, world.event(i), "a.json");
  return part;
}

TEST(Partial, holds_what_is_no_event_too) {
  Part part = small_part();
  Result<Part> read = read_back(written(part));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->logs, part.logs);
  EXPECT_EQ(read->foreign, part.foreign);
  EXPECT_EQ(read->problems, part.problems);
  EXPECT_EQ(read->remarks, part.remarks);
  EXPECT_EQ(read->inventories, part.inventories);
  EXPECT_EQ(written(*read), written(part));
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

struct Refused {
  const char* what;
  std::string text;
  const char* says;
};

TEST(Partial, is_refused_where_it_is_none_or_not_whole) {
  Part part = small_part();
  const std::string good = written(part);
  ASSERT_TRUE(read_back(good));
  const std::size_t last = good.rfind('\n', good.size() - 2) + 1;
  const Refused rows[] = {
      {"nothing", "", "cut short"},
      {"a log",
       R"({"eventID":"e"})"
       "\n",
       "line 1: no partial"},
      {"no JSON", "hello\n", "line 1: no partial"},
      {"another format", replaced(good, "\"format\":1", "\"format\":2"), "expected 1"},
      {"a cut line", good.substr(0, good.size() - 1), "the last line is cut short"},
      {"no end", good.substr(0, last), "expected its \"end\""},
      {"more behind it", good + "{}\n", "behind the partial's end"},
      {"a changed name", replaced(good, "event-1", "event-9"), "expected their number and SHA-256"},
      {"an order of its own",
       replaced(good, "{\"foreign\"",
                "{\"log\":{\"file\":\"z\",\"source\":"
                "\"cloudtrail\"}}\n{\"foreign\":\"y\"}\n{\"log\":{\"file\":"
                "\"y\",\"source\":\"okta\"}}\n{\"foreign\""),
       "expected it before"},
      {"an unknown source", replaced(good, "\"cloudtrail\"", "\"clowntrail\""), "no source"},
      {"an unknown member", replaced(good, "\"is_privileged\"", "\"more\":1,\"is_privileged\""),
       "more"},
      {"a missing member", replaced(good, "\"is_privileged\":", "\"privileged\":"), "privileged"},
      {"an unknown kind", replaced(good, "\"uses_are_all\":true", "\"uses_are_all\":7"),
       "expected true or false"},
      {"hours", replaced(good, "\"hours\":", "\"hours\":99999999999"), "expected a whole number"},
      {"a file that is not named", replaced(good, "{\"name\":\"a.json\"}\n", ""),
       "expected places of events"},
  };
  for (const Refused& row : rows) {
    const Result<Part> read = read_back(row.text);
    ASSERT_FALSE(read) << row.what;
    EXPECT_THAT(read.error().detail, testing::HasSubstr(row.says)) << row.what;
  }
}

TEST(Partial, cut_anywhere_is_refused) {
  Part part{.summary = std::move(small_part().summary)};
  const std::string good = written(part);
  for (std::size_t bytes = 0; bytes < good.size(); bytes += bytes < 200 ? 1 : 97) {
    EXPECT_FALSE(read_back(good.substr(0, bytes))) << bytes;
  }
}

TEST(Partial, is_bounded) {
  std::string line = R"({"partial":{"format":1,"repeats":0}})"
                     "\n"
                     R"({"problem":")";
  line += std::string(partial_format::kLineBytesMax - 20, 'x');
  const std::string within = line + "\"}\n";
  Result<Part> read = read_back(within);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason, Reason::kBadRequest) << read.error().detail;  // no end
  read = read_back(line + std::string(1000, 'x') + "\"}\n");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason, Reason::kLimitExceeded) << read.error().detail;
}

}  // namespace
}  // namespace mandate::observe
