#include "mandate/store/restore.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "mandate/record/event.h"
#include "mandate/store/audit/log_reader.h"
#include "mandate/store/journal_log.h"
#include "mandate/store/log_entries.h"
#include "mandate/store/tile_hashes.h"

namespace mandate::store {
namespace {

using audit::LogReader;
using ledger::Checkpoint;
using ledger::Frontier;

constexpr std::size_t kReadMax = 4096;  // entries to a read

// Each entry from index `from` to `until`, in order.
using Visit = std::function<Result<void>(std::string entry)>;

Result<void> visit_copy(const LogReader& copy, std::uint64_t from, std::uint64_t until,
                        const Visit& visit) {
  while (from < until) {
    const std::uint64_t bundle = from / ledger::kTileWidth;
    const ledger::TileId tile = *tile_at(true, 0, bundle, copy.size());
    Result<std::optional<std::string>> bytes = copy.read_tile(tile);
    if (!bytes) return fail(bytes.error());
    if (!*bytes) return fail(Reason::kBadRequest, "\"" + copy.file(tile) + "\" is missing");
    Result<std::vector<std::string>> entries = ledger::decode_bundle(**bytes, tile.width);
    if (!entries) return fail(entries.error());
    for (std::size_t i = from % ledger::kTileWidth; i < entries->size() && from < until; ++i) {
      if (auto ok = visit(std::move((*entries)[i])); !ok) return ok;
      ++from;
    }
  }
  return {};
}

Result<void> visit_record(SqliteRecord& record, const Visit& visit) {
  for (record::Revision from = 0;;) {
    Result<std::vector<std::string>> entries = record.read(from, kReadMax);
    if (!entries) return fail(entries.error());
    if (entries->empty()) return {};
    from += entries->size();
    for (std::string& entry : *entries) {
      if (auto ok = visit(std::move(entry)); !ok) return ok;
    }
  }
}

// Compares a growing tree with every checkpoint that it passes.
class Comparison {
 public:
  explicit Comparison(std::vector<Checkpoint> known) : known_(std::move(known)) {
    std::ranges::sort(known_, {}, &Checkpoint::size);
    while (next_ < known_.size() && known_[next_].size == 0) ++next_;
  }

  Result<void> add(std::string_view entry) {
    frontier_.append(ledger::leaf_hash(entry));
    return compare();
  }
  Result<void> compare() {
    for (; next_ < known_.size() && known_[next_].size == frontier_.size(); ++next_) {
      if (known_[next_].root == frontier_.root()) continue;
      return fail(Reason::kBadRequest, Place::kConflict,
                  "the first " + std::to_string(frontier_.size()) + " entries are not those that " +
                      "a checkpoint of " + quoted(known_[next_].origin) +
                      " was signed for; expected a backup of this very server");
    }
    return {};
  }
  const Frontier& frontier() const { return frontier_; }
  std::uint64_t missing() const {
    return known_.empty() || known_.back().size < frontier_.size()
               ? 0
               : known_.back().size - frontier_.size();
  }

 private:
  std::vector<Checkpoint> known_;
  std::size_t next_ = 0;
  Frontier frontier_;
};

// The log that a copy holds at a place, if its key signed it.
Result<std::optional<LogReader>> find_copy(const audit::Folder& copy, const std::string& place,
                                           const ledger::NoteVerifier& key) {
  Result<std::vector<std::string>> names = copy.list(place.substr(0, place.size() - 1));
  if (!names) return fail(names.error());
  if (std::ranges::find(*names, "checkpoint") == names->end()) return std::nullopt;
  Result<LogReader> log = audit::open_log(copy, place);
  if (!log) return fail(log.error());
  if (auto signed_by_us = ledger::open_checkpoint(log->note(), key); !signed_by_us) {
    return fail(Reason::kBadRequest,
                "\"" + place + "checkpoint\" of the copy: " + signed_by_us.error().detail);
  }
  return *std::move(log);
}

Result<void> check_event(std::string_view entry) {
  return record::parse_event(entry).map([](const record::Event&) {});
}

// Gathers entries into groups.
template <class Flush>
class Groups {
 public:
  explicit Groups(Flush flush) : flush_(std::move(flush)) {}
  Result<void> add(std::string entry) {
    group_.push_back(std::move(entry));
    return group_.size() < kReadMax ? Result<void>() : end();
  }
  Result<void> end() {
    Result<void> done = group_.empty() ? Result<void>() : flush_(group_);
    group_.clear();
    return done;
  }

 private:
  Flush flush_;
  std::vector<std::string> group_;
};

// One log of the journal, whose local segment is `log`.
Result<BroughtBack> restore_log(JournalLog& log, const LogReader& copy) {
  BroughtBack back{.had = log.frontier().size(), .added = 0, .missing = 0};
  if (copy.size() <= back.had) return back;
  Comparison all({copy.checkpoint()});
  for (std::uint64_t at = 0; at < back.had;) {
    Result<std::vector<std::string>> entries = log.read(at, kReadMax);
    if (!entries) return fail(entries.error());
    at += entries->size();
    for (const std::string& entry : *entries) {
      if (auto ok = all.add(entry); !ok) return fail(ok.error());
    }
  }
  auto whole = visit_copy(copy, back.had, copy.size(),
                          [&](const std::string& entry) { return all.add(entry); });
  if (!whole && whole.error().place == Place::kConflict) return fail(whole.error());
  if (!whole) {
    back.missing = copy.size() - back.had;  // a copy with holes: its checkpoint is all it tells
    return back;
  }
  std::vector<JournalLog::Leaf> leaves;
  Groups groups([&](const std::vector<std::string>& group) -> Result<void> {
    const std::vector<std::string_view> views(group.begin(), group.end());
    return log.write(views, leaves).map([](std::uint64_t) {});
  });
  auto written = visit_copy(copy, back.had, copy.size(), [&](std::string entry) {
                   return groups.add(std::move(entry));
                 }).and_then([&] { return groups.end(); });
  if (!written) return fail(written.error());
  back.added = copy.size() - back.had;
  return back;
}

// The segment with this number, ready to be written; made where there is none.
Result<std::shared_ptr<JournalLog>> open_segment(FileSystem& files, const std::string& folder,
                                                 std::uint32_t number, std::uint32_t count) {
  if (number > count) return make_log(files, folder, number);
  auto log = open_log(files, folder, number, OpenMode::kWrite,
                      [](std::uint64_t, std::string_view, const Digest&) {});
  if (!log) return log;
  if ((*log)->frontier().size() == 0) return make_log(files, folder, number);
  if (auto ok = (*log)->settle(); !ok) return fail(ok.error());
  return log;
}

}  // namespace

Result<BroughtBack> restore_record(SqliteRecord& record, const audit::Folder& copy,
                                   const ledger::NoteVerifier& key, std::vector<Checkpoint> told) {
  Result<std::optional<LogReader>> log = find_copy(copy, "record/", key);
  if (!log) return fail(log.error());
  if (*log) told.push_back((*log)->checkpoint());
  Comparison all(std::move(told));
  auto whole = visit_record(record, [&](const std::string& entry) { return all.add(entry); });
  if (!whole) return fail(whole.error());
  BroughtBack back{.had = all.frontier().size(), .added = 0, .missing = all.missing()};
  if (!*log || (*log)->size() <= back.had) return back;
  const std::uint64_t size = (*log)->size();
  auto checked = visit_copy(**log, back.had, size, [&](const std::string& entry) {
    return check_event(entry).and_then([&] { return all.add(entry); });
  });
  if (!checked && checked.error().place == Place::kConflict) return fail(checked.error());
  if (!checked) return back;  // a copy with holes: its checkpoint is all it tells
  Groups groups([&](const std::vector<std::string>& group) -> Result<void> {
    return record.head()
        .and_then([&](record::Revision head) { return record.append(head, group); })
        .map([](record::Revision) {});
  });
  auto written = visit_copy(**log, back.had, size, [&](std::string entry) {
                   return groups.add(std::move(entry));
                 }).and_then([&] { return groups.end(); });
  if (!written) return fail(written.error());
  back.added = size - back.had;
  back.missing = all.missing();
  return back;
}

Result<BroughtBack> restore_journal(FileSystem& files, const std::string& folder,
                                    const audit::Folder& copy, std::string_view host,
                                    const crypto::PublicKey& key) {
  BroughtBack sum;
  Result<std::vector<std::string>> names = copy.list("journal");
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const std::optional<std::uint32_t> number = parse_log_number(name);
    if (!number) continue;
    Result<std::uint32_t> count = count_segments(files, folder);
    if (!count) return fail(count.error());
    if (*number < *count) continue;  // closed here: its successor names it
    Result<ledger::NoteVerifier> verifier =
        ledger::NoteVerifier::make(journal_log_origin(host, *number), key);
    if (!verifier) return fail(verifier.error());
    Result<std::optional<LogReader>> reader = find_copy(copy, "journal/" + name + "/", *verifier);
    if (!reader) return fail(reader.error());
    if (!*reader || (*reader)->size() == 0) continue;
    // A log after one that nobody has cannot stand on it.
    if (*number > *count + 1 || sum.missing > 0) {
      sum.missing += (*reader)->size();
      continue;
    }
    auto log = open_segment(files, folder, *number, *count);
    if (!log) return fail(log.error());
    Result<BroughtBack> back = restore_log(**log, **reader);
    if (!back) return back;
    sum.had += back->had;
    sum.added += back->added;
    sum.missing += back->missing;
  }
  return sum;
}

Result<void> check_against(SqliteRecord& record, const Checkpoint& told) {
  Comparison all({told});
  auto whole = visit_record(record, [&](const std::string& entry) { return all.add(entry); });
  if (!whole) return whole;
  if (all.missing() == 0) return {};
  return fail(Reason::kBadRequest, Place::kConflict,
              "the record has " + std::to_string(all.frontier().size()) +
                  " entries, and the checkpoint was signed for " + std::to_string(told.size) +
                  ": it is older, and has forgotten " + std::to_string(all.missing()) +
                  "; see `mandate restore --help`");
}

}  // namespace mandate::store
