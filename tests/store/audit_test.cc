// The audit on a copied folder: what each tampering is found as, beside the untouched copy that
// verifies against the same checkpoint or receipt.
#include "mandate/store/audit/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "mandate/ledger/tile.h"
#include "tests/store/log_world.h"

namespace mandate::store::audit {
namespace {

using test::Copy;
using test::ErrorIs;
using test::IsOk;
using test::kinds_of;
using test::LogWorld;
using test::MemoryFolder;
using test::text_of;
using ::testing::Contains;
using ::testing::IsEmpty;

constexpr const char* kLog1 = "journal/0000000001/";
constexpr const char* kLog2 = "journal/0000000002/";

std::string hop_to(const std::string& origin, const std::string& entry) {
  return R"({"predecessors":[{"as":"subject","leaf":")" +
         encode_base64url(view(ledger::leaf_hash(entry))) + R"(","origin":")" + origin + "\"}]}";
}

// How a server's story differs from the honest one; who tells it has its keys.
struct Story {
  std::optional<std::size_t> other_record_entry = std::nullopt;
  std::optional<std::uint64_t> other_journal_entry = std::nullopt;
  std::string hop_origin = "m.example/log/journal/0000000001";
  std::string hop_entry = text_of(7);
  std::string odd_record_entry = {};
};

struct Told {
  Copy earlier, later;
  std::vector<std::string> keys;
  std::string kept, lost;  // receipts: of an entry that is there, of one that a crash took
};

// Record: 600 entries. Journal: a log of 302 entries, one of 5 in which the second run starts, and
// an open one.
Told tell(const Story& story) {
  LogWorld world;
  world.record_more(520);
  if (story.other_record_entry) world.record.at(*story.other_record_entry) = "{\"other\":1}";
  EXPECT_THAT(world.open(), IsOk());
  for (std::uint64_t n = 2; n < 250; ++n) {
    const bool is_other = story.other_journal_entry == n;
    EXPECT_THAT(world.journal.append(is_other ? "{\"other\":1}" : text_of(n)), IsOk());
  }
  Told told;
  EXPECT_THAT(world.publish(), IsOk());
  told.earlier = world.copy();
  world.journal.append_together(250, 52);
  world.journal.clock.advance(std::chrono::hours(24));
  EXPECT_THAT(world.journal.append(hop_to(story.hop_origin, story.hop_entry)), IsOk());
  world.journal.append_together(1000, 2);
  told.lost = world.receipt("{\"lost\":1}", "run-1", 2);
  world.journal.clock.advance(std::chrono::hours(24));
  EXPECT_THAT(world.open(), IsOk());
  EXPECT_THAT(world.journal.append("{\"kept\":1}"), IsOk());
  told.kept = world.receipt("{\"kept\":1}", "run-2", 3);
  world.record_more(80);
  if (!story.odd_record_entry.empty()) world.record.back() = story.odd_record_entry;
  EXPECT_THAT(world.publish(), IsOk());
  told.later = world.copy();
  told.keys = world.keys();
  return told;
}

const Told& honest() {
  static const Told told = tell({});
  return told;
}

struct Case {
  Copy copy = honest().later;
  std::vector<std::string> keys = honest().keys;
  std::optional<std::string> against = std::nullopt;
};

Report audit(const Case& audited) {
  const Result<Report> report = verify(MemoryFolder(audited.copy), audited.keys, audited.against);
  EXPECT_THAT(report, IsOk());
  return report.value_or(Report{});
}

void flip(std::string& bytes, std::size_t at) {
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
}

// The log at `place` as `from` has it.
void take_log(Case& c, const Copy& from, const std::string& place) {
  std::erase_if(c.copy, [&](const auto& file) { return file.first.starts_with(place); });
  for (const auto& [path, bytes] : from) {
    if (path.starts_with(place)) c.copy[path] = bytes;
  }
}

void take_entry(Case& c, const std::string& tile, int width, std::size_t index) {
  auto entries = ledger::decode_bundle(c.copy.at(tile), width).value();
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
  c.copy[tile] = ledger::encode_bundle(entries).value();
}

using Change = std::function<void(Case& c)>;

struct Row {
  const char* name;
  Change change;
  FindingKind kind;
  const char* file;  // that a finding of this kind names
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Tampering : public ::testing::TestWithParam<Row> {};

TEST_P(Tampering, is_found_and_its_untouched_twin_verifies) {
  const Row& row = GetParam();
  Case changed;
  row.change(changed);
  Case twin;
  twin.against = changed.against;
  EXPECT_THAT(kinds_of(audit(twin)), IsEmpty());

  const Report report = audit(changed);
  EXPECT_THAT(kinds_of(report), Contains(name(row.kind)));
  EXPECT_THAT(report.findings,
              Contains(::testing::AllOf(::testing::Field(&Finding::kind, row.kind),
                                        ::testing::Field(&Finding::file, std::string(row.file)))));
}

Change flipped(const char* file, std::size_t at) {
  return [=](Case& c) { flip(c.copy.at(file), at); };
}
Change without(const char* beginning) {
  return [=](Case& c) { take_log(c, {}, beginning); };
}
// Copied while it grew: the tiles as they were before, the checkpoint as it is now.
void take_tiles_first(Case& c) {
  take_log(c, honest().earlier, "record/");
  c.copy["record/checkpoint"] = honest().later.at("record/checkpoint");
}
Change without_entry(const char* bundle, int width, std::size_t index) {
  return [=](Case& c) { take_entry(c, bundle, width, index); };
}
// The copy as an insider tells it, held against a checkpoint that the honest server had shown.
Change told(const Story& story, Copy Told::*shown = nullptr, const char* checkpoint = "") {
  return [=](Case& c) {
    c.copy = tell(story).later;
    if (shown != nullptr) c.against = (honest().*shown).at(checkpoint);
  };
}
Change with_key(std::size_t at, const char* name, char seed) {
  return [=](Case& c) { c.keys.at(at) = LogWorld::vkey(name, seed); };
}

const Row kChangedBytes[] = {
    {"an_entry", flipped("record/tile/entries/000", 105), FindingKind::kChangedEntry,
     "record/tile/entries/000"},
    {"an_entry_of_the_last_tile", flipped("record/tile/entries/002.p/88", 105),
     FindingKind::kChangedEntry, "record/tile/entries/002.p/88"},
    {"the_length_of_an_entry", flipped("record/tile/entries/001", 1), FindingKind::kChangedEntry,
     "record/tile/entries/001"},
    {"a_leaf_hash", flipped("record/tile/0/001", 99), FindingKind::kChangedHash,
     "record/tile/1/000.p/2"},
    {"a_hash_above", flipped("record/tile/1/000.p/2", 40), FindingKind::kChangedHash,
     "record/tile/1/000.p/2"},
    {"a_hash_above_and_so_the_root", flipped("record/tile/1/000.p/2", 40), FindingKind::kWrongRoot,
     "record/checkpoint"},
    {"the_signed_size", flipped("record/checkpoint", 21), FindingKind::kBadCheckpoint,
     "record/checkpoint"},
    {"the_signed_root", flipped("record/checkpoint", 30), FindingKind::kBadCheckpoint,
     "record/checkpoint"},
    {"the_signature", flipped("record/checkpoint", 150), FindingKind::kBadCheckpoint,
     "record/checkpoint"},
    {"the_origin", flipped("record/checkpoint", 0), FindingKind::kUnknownLog, "record/checkpoint"},
    {"an_entry_of_the_journal", flipped("journal/0000000001/tile/entries/000", 200),
     FindingKind::kChangedEntry, "journal/0000000001/tile/entries/000"},
};

const Row kRemoved[] = {
    {"an_entry", without_entry("record/tile/entries/000", 256, 5), FindingKind::kChangedEntry,
     "record/tile/entries/000"},
    {"the_last_entry", without_entry("record/tile/entries/002.p/88", 88, 87),
     FindingKind::kChangedEntry, "record/tile/entries/002.p/88"},
    {"a_bundle", without("record/tile/entries/001"), FindingKind::kMissingTile,
     "record/tile/entries/001"},
    {"the_last_bundle", without("record/tile/entries/002"), FindingKind::kMissingTile,
     "record/tile/entries/002.p/88"},
    {"all_that_came_while_it_was_copied", take_tiles_first, FindingKind::kShortCopy,
     "record/tile/entries/002.p/88"},
    {"a_bundle_before_that",
     [](Case& c) {
       take_tiles_first(c);
       take_log(c, {}, "record/tile/entries/001");
     },
     FindingKind::kMissingTile, "record/tile/entries/001"},
    {"a_hash_tile", without("record/tile/0/001"), FindingKind::kMissingTile, "record/tile/0/001"},
    {"a_checkpoint", without("record/checkpoint"), FindingKind::kBadCheckpoint,
     "record/checkpoint"},
    {"a_log_of_the_chain", without(kLog1), FindingKind::kMissingLog, ""},
    {"the_newest_log", without("journal/0000000003/"), FindingKind::kMissingLog, ""},
    {"the_record", without("record/"), FindingKind::kMissingLog, ""},
    {"a_log_and_its_key",
     [](Case& c) {
       take_log(c, {}, kLog1);
       c.keys.erase(c.keys.begin() + 1);
     },
     FindingKind::kMissingLog, "journal/0000000002/tile/entries/000.p/5"},
    {"the_tail_of_a_closed_log", [](Case& c) { take_log(c, honest().earlier, kLog1); },
     FindingKind::kCutTail, "journal/0000000001/checkpoint"},
    {"the_tail_that_a_later_checkpoint_saw",
     [](Case& c) {
       take_log(c, honest().earlier, "record/");
       c.against = honest().later.at("record/checkpoint");
     },
     FindingKind::kCutTail, "record/checkpoint"},
    {"the_log_that_a_receipt_names",
     [](Case& c) {
       take_log(c, {}, "journal/0000000003/");
       c.keys.erase(c.keys.end() - 2);
       c.against = honest().kept;
     },
     FindingKind::kMissingLog, ""},
};

const Row kRewritten[] = {
    {"a_fork_of_the_record", told({.other_record_entry = 5}, &Told::later, "record/checkpoint"),
     FindingKind::kFork, "record/checkpoint"},
    {"a_fork_before_an_earlier_checkpoint",
     told({.other_record_entry = 519}, &Told::earlier, "record/checkpoint"), FindingKind::kFork,
     "record/checkpoint"},
    {"a_fork_of_a_journal_log_that_its_successor_does_not_name",
     [](Case& c) { take_log(c, tell({.other_journal_entry = 5}).later, kLog1); },
     FindingKind::kFork, "journal/0000000001/checkpoint"},
    {"a_fork_of_the_whole_journal",
     told({.other_journal_entry = 5}, &Told::later, "journal/0000000001/checkpoint"),
     FindingKind::kFork, "journal/0000000001/checkpoint"},
    {"a_hop_that_is_not_there", told({.hop_entry = "{\"n\":9999}"}), FindingKind::kMissingHop,
     "journal/0000000002/tile/entries/000.p/5"},
    {"a_hop_in_a_log_that_is_not_there", told({.hop_origin = "m.example/log/journal/0000000009"}),
     FindingKind::kMissingHop, "journal/0000000002/tile/entries/000.p/5"},
    {"a_hop_whose_log_holds_another_entry", told({.other_journal_entry = 7}),
     FindingKind::kMissingHop, "journal/0000000002/tile/entries/000.p/5"},
    {"an_entry_that_is_not_canonical", told({.odd_record_entry = "{ \"n\":1}"}),
     FindingKind::kMalformedEntry, "record/tile/entries/002.p/88"},
    {"an_entry_that_breaks_a_line",  // ATTACKS H6
     told({.odd_record_entry = "{\"n\":\"a\nb\"}"}), FindingKind::kMalformedEntry,
     "record/tile/entries/002.p/88"},
    {"logs_that_changed_places",
     [](Case& c) {
       const Copy before = c.copy;
       take_log(c, {}, kLog2);
       for (const auto& [path, bytes] : before) {
         if (path.starts_with(kLog1)) {
           c.copy[kLog2 + path.substr(std::string(kLog1).size())] = bytes;
         }
       }
     },
     FindingKind::kUnknownLog, "journal/0000000002/checkpoint"},
};

const Row kKeysAndReceipts[] = {
    {"a_log_without_a_key", [](Case& c) { c.keys.erase(c.keys.begin()); }, FindingKind::kUnknownLog,
     "record/checkpoint"},
    {"another_key", with_key(0, "m.example/log/record", 'x'), FindingKind::kBadCheckpoint,
     "record/checkpoint"},
    {"the_receipts_key_signs_no_checkpoint", with_key(0, "m.example/log/record", 'p'),
     FindingKind::kBadCheckpoint, "record/checkpoint"},
    {"a_receipt_by_another_key",
     [](Case& c) {
       c.keys.back() = LogWorld::vkey("m.example/receipt", 'x');
       c.against = honest().kept;
     },
     FindingKind::kReceiptRefused, ""},
    {"a_receipt_and_no_key",
     [](Case& c) {
       c.keys.pop_back();
       c.against = honest().kept;
     },
     FindingKind::kReceiptRefused, ""},
};

constexpr auto kRowName = [](const auto& row) { return std::string(row.param.name); };
INSTANTIATE_TEST_SUITE_P(ChangedByte, Tampering, ::testing::ValuesIn(kChangedBytes), kRowName);
INSTANTIATE_TEST_SUITE_P(Removed, Tampering, ::testing::ValuesIn(kRemoved), kRowName);
INSTANTIATE_TEST_SUITE_P(Rewritten, Tampering, ::testing::ValuesIn(kRewritten), kRowName);
INSTANTIATE_TEST_SUITE_P(Keys, Tampering, ::testing::ValuesIn(kKeysAndReceipts), kRowName);

TEST(Audit, the_untouched_copy_verifies_against_everything_it_promised) {
  const Told& told = honest();
  const Report report = audit({});
  EXPECT_THAT(kinds_of(report), IsEmpty());
  ASSERT_EQ(report.logs.size(), 4U);
  EXPECT_EQ(report.logs[0].size, 600U);
  EXPECT_EQ(report.logs[1].size, 302U);
  EXPECT_EQ(report.logs[2].size, 5U);
  EXPECT_EQ(report.hops, 1U);
  EXPECT_EQ(report.hops_elsewhere, 0U);
  for (const Copy* copy : {&told.earlier, &told.later}) {
    for (const auto& [path, bytes] : *copy) {
      if (!path.ends_with("checkpoint")) continue;
      EXPECT_THAT(kinds_of(audit({.against = bytes})), IsEmpty()) << path;
    }
  }
  EXPECT_EQ(audit({.against = told.kept}).receipt_index, 1U);
}

TEST(Audit, a_changed_byte_anywhere_is_found) {
  std::size_t changed = 0;
  for (const auto& [path, bytes] : honest().later) {
    for (std::size_t at = 0; at < bytes.size(); at += bytes.size() < 400 ? 2 : 97) {
      Case c;
      flip(c.copy[path], at);
      EXPECT_THAT(audit(c).findings, ::testing::Not(IsEmpty())) << path << " at " << at;
      ++changed;
    }
  }
  EXPECT_GT(changed, 400U);
}

TEST(Audit, a_copy_taken_while_the_log_grew_is_asked_for_again_and_not_called_changed) {
  Case torn;
  take_tiles_first(torn);
  const Report report = audit(torn);
  EXPECT_EQ(kinds_of(report), std::vector<std::string>{"short_copy"});
  ASSERT_FALSE(report.findings.empty());
  EXPECT_TRUE(report.findings.front().message.starts_with("copy it again:"));
}

TEST(Audit, a_receipt_of_an_ended_run_is_lost_and_not_forged) {
  EXPECT_EQ(kinds_of(audit({.against = honest().lost})), std::vector<std::string>{"lost_entry"});
  EXPECT_THAT(kinds_of(audit({.against = honest().kept})), IsEmpty());
}

// The same receipts, by what became of the run that promised: it stands, it goes on, it is cut.
TEST(Audit, an_unfulfilled_receipt_is_what_its_run_made_of_it) {
  LogWorld world;
  ASSERT_THAT(world.open(), IsOk());
  const std::string receipt = world.receipt("{\"promised\":1}", "run-1", 1);
  const auto kinds = [&] {
    EXPECT_THAT(world.publish(), IsOk());
    return kinds_of(audit({world.copy(), world.keys(), receipt}));
  };
  EXPECT_EQ(kinds(), std::vector<std::string>{"cut_tail"});
  world.journal.clock.advance(Seconds(10));
  ASSERT_THAT(
      world.journal.append(R"({"time":")" + format_rfc3339(world.journal.clock.now()) + "\"}"),
      IsOk());
  EXPECT_EQ(kinds(), std::vector<std::string>{"missing_entry"});
  ASSERT_THAT(world.journal.append("{\"promised\":1}"), IsOk());
  EXPECT_THAT(kinds(), IsEmpty());
}

TEST(Audit, one_log_of_the_folder_verifies_alone) {
  Case c;
  c.copy.clear();
  for (const auto& [path, bytes] : honest().later) {
    if (path.starts_with(kLog2)) c.copy[path.substr(std::string(kLog2).size())] = bytes;
  }
  const Report report = audit(c);
  EXPECT_THAT(kinds_of(report), IsEmpty());
  EXPECT_EQ(report.hops_elsewhere, 1U);  // its log is not here, which is no finding
  c.copy["checkpoint"] = honest().later.at("journal/0000000001/checkpoint");
  EXPECT_THAT(kinds_of(audit(c)), Contains("missing_tile"));
}

// One log's checkpoint at the top would keep everything below it from being looked at.
TEST(Audit, a_whole_copy_is_not_passed_off_as_one_log) {
  Case c;
  for (const auto& [path, bytes] : honest().later) {
    if (path.starts_with("record/")) c.copy[path.substr(std::string("record/").size())] = bytes;
  }
  const auto found = [&] { return kinds_of(audit(c)); };
  EXPECT_EQ(found(), std::vector<std::string>{"unknown_log"});
  take_log(c, {}, "journal/");
  EXPECT_EQ(found(), std::vector<std::string>{"unknown_log"});
  take_log(c, {}, "record/");
  take_log(c, honest().later, "journal/");
  EXPECT_EQ(found(), std::vector<std::string>{"unknown_log"});
  take_log(c, {}, "journal/");
  // The permitted twin is one log, and says so.
  const Report alone = audit(c);
  EXPECT_THAT(kinds_of(alone), IsEmpty());
  EXPECT_FALSE(alone.whole);
  EXPECT_TRUE(audit({}).whole);
}

TEST(Audit, what_cannot_be_judged_is_an_error_and_no_verdict) {
  const Told& told = honest();
  const auto verdict = [&](const Copy& copy, std::vector<std::string> keys,
                           std::optional<std::string_view> against) {
    return verify(MemoryFolder(copy), keys, against);
  };
  EXPECT_THAT(verdict({}, told.keys, {}), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(verdict(told.later, {"m.example/log/record+0+AAAA"}, {}),
              ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(verdict(told.later, told.keys, "neither"), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(verdict(told.later, told.keys, told.kept), IsOk());
}

// --- prove and export ---

TEST(Prove, gives_a_proof_that_holds) {
  const MemoryFolder folder(honest().later);
  for (const std::uint64_t index : {0U, 255U, 256U, 511U, 512U, 599U}) {
    const auto text = prove(folder, {.leaf = {}, .index = index, .log = "m.example/log/record"});
    ASSERT_THAT(text, IsOk());
    const json::Value proof = json::parse(*text).value();
    EXPECT_EQ(json::canonical(proof), *text);
    EXPECT_EQ(json::canonical(*proof.find("entry")), text_of(index));
    const auto verifier = ledger::NoteVerifier::parse(honest().keys[0]).value();
    const auto checkpoint =
        ledger::open_checkpoint(std::string(proof.find("checkpoint")->as_string()), verifier)
            .value();
    std::vector<Digest> hashes;
    for (const json::Value& hash : proof.find("hashes")->as_array()) {
      hashes.push_back(to_digest(decode_base64url(hash.as_string()).value()).value());
    }
    EXPECT_THAT(ledger::verify_inclusion(index, checkpoint.size, ledger::leaf_hash(text_of(index)),
                                         hashes, checkpoint.root),
                IsOk());
  }
}

TEST(Prove, finds_an_entry_by_its_leaf_and_refuses_what_is_not_there) {
  const MemoryFolder folder(honest().later);
  const auto by_leaf = [&](const std::string& entry) {
    return prove(folder, {.leaf = ledger::leaf_hash(entry), .index = 0, .log = {}});
  };
  EXPECT_EQ(json::parse(by_leaf("{\"kept\":1}").value()).value().find("log")->as_string(),
            "m.example/log/journal/0000000003");
  EXPECT_THAT(by_leaf("{\"lost\":1}"), ErrorIs(Reason::kBadRequest));
  const auto by_index = [&](std::uint64_t index, const std::string& log) {
    return prove(folder, {.leaf = {}, .index = index, .log = log});
  };
  EXPECT_THAT(by_index(599, "m.example/log/record"), IsOk());
  EXPECT_THAT(by_index(600, "m.example/log/record"), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(by_index(0, "m.example/log/other"), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(by_index(0, ""), ErrorIs(Reason::kBadRequest));
}

TEST(Prove, gives_no_proof_that_does_not_hold) {  // ATTACKS H5
  Copy changed = honest().later;
  flip(changed["record/tile/entries/000"], 105);
  const std::size_t entry = 11;  // ten of 9 bytes, one of 10, and two bytes of length are before it
  EXPECT_THAT(
      prove(MemoryFolder(changed), {.leaf = {}, .index = entry, .log = "m.example/log/record"}),
      ::testing::Not(IsOk()));
  EXPECT_THAT(prove(MemoryFolder(changed), {.leaf = {}, .index = 1, .log = "m.example/log/record"}),
              IsOk());
}

TEST(Export, gives_every_entry_as_one_line) {  // ATTACKS H6
  std::vector<std::string> lines;
  ASSERT_THAT(export_ndjson(MemoryFolder(tell({.odd_record_entry = "a\nb \x01"}).later),
                            [&](std::string_view line) {
                              lines.emplace_back(line);
                              return true;
                            }),
              IsOk());
  ASSERT_EQ(lines.size(), 600U + 302U + 5U + 2U);
  for (const std::string& line : lines) {
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_THAT(json::parse(line), IsOk());
  }
  EXPECT_EQ(lines[0], R"({"entry":{"n":0},"index":0,"leaf":")" +
                          encode_base64url(view(ledger::leaf_hash(text_of(0)))) +
                          R"(","log":"m.example/log/record"})");
  EXPECT_NE(lines[599].find(R"("entry_bytes":"YQpiIAE")"), std::string::npos) << lines[599];
}

TEST(Export, stops_where_its_sink_says_so) {
  int lines = 0;
  ASSERT_THAT(
      export_ndjson(MemoryFolder(honest().later), [&](std::string_view) { return ++lines < 3; }),
      IsOk());
  EXPECT_EQ(lines, 3);
}

}  // namespace
}  // namespace mandate::store::audit
