#include "mandate/observe/partial.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"
#include "mandate/json/reader.h"
#include "mandate/observe/clipped.h"
#include "mandate/observe/partial_format.h"
#include "mandate/observe/partial_read.h"
#include "mandate/observe/sources/source.h"

namespace mandate::observe {
namespace {

using partial_format::kKinds;

const std::string kNoPartial = "no partial; expected what `mandate scan --partial` writes";

// Lines, each of a bounded length, that end in a line feed.
class Lines {
 public:
  explicit Lines(json::ByteSource& source) : source_(source) {}

  // Without its end; nothing where the input ends. Lives until the next call.
  Result<std::optional<std::string_view>> next() {
    while (true) {
      const void* found = std::memchr(held_.data() + at_ + looked_, '\n', end_ - at_ - looked_);
      if (found != nullptr) {
        const auto bytes =
            static_cast<std::size_t>(static_cast<const char*>(found) - (held_.data() + at_));
        const std::string_view line(held_.data() + at_, bytes);
        at_ += bytes + 1;
        looked_ = 0;
        return line;
      }
      looked_ = end_ - at_;
      if (looked_ > partial_format::kLineBytesMax) {
        return fail(
            Reason::kLimitExceeded,
            "a line of more than " + std::to_string(partial_format::kLineBytesMax) + " bytes");
      }
      Result<std::size_t> bytes = read_more();
      if (!bytes) return fail(bytes.error());
      if (*bytes > 0) continue;
      if (looked_ == 0) return std::optional<std::string_view>();
      return fail(Reason::kBadRequest, "the last line is cut short; expected its end");
    }
  }

 private:
  Result<std::size_t> read_more() {
    constexpr std::size_t kBytes = 256 << 10;
    std::memmove(held_.data(), held_.data() + at_, end_ - at_);
    end_ -= at_;
    at_ = 0;
    if (held_.size() < end_ + kBytes) held_.resize(end_ + kBytes);
    Result<std::size_t> bytes = source_.read({held_.data() + end_, held_.size() - end_});
    if (bytes) end_ += *bytes;
    return bytes;
  }

  json::ByteSource& source_;
  std::vector<char> held_ = std::vector<char>(1);
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::size_t looked_ = 0;  // of what is held, without a line's end
};

std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

std::size_t rank_of(std::string_view kind) {
  return static_cast<std::size_t>(std::find(kKinds.begin(), kKinds.end(), kind) - kKinds.begin());
}

// Takes the lines one by one; the rows first, then the summary that has them and the events.
class PartReader {
 public:
  explicit PartReader(EventBounds bounds) : bounds_(std::move(bounds)) {}

  Result<void> take(const json::Value& line, std::string_view text) {
    if (!line.is_object() || line.as_object().size() != 1) return refuse_kind();
    const json::Member& member = line.as_object().front();
    const std::size_t rank = rank_of(member.key);
    if (rank == kKinds.size() || (lines_ == 0) != (rank == 0)) return refuse_kind();
    // Below a credential, each use with its operations.
    const std::size_t first = rank_of("credential");
    const bool is_next_use = rank >= first && rank_ <= rank_of("operation");
    if (rank < rank_ && !is_next_use) {
      return fail(Reason::kBadRequest, quoted(member.key) + " stands behind " +
                                           quoted(kKinds[rank_]) + "; expected it before");
    }
    rank_ = rank;
    Result<void> taken = take(member.key, member.value);
    digest_.update(text);
    digest_.update("\n");
    ++lines_;
    return taken;
  }
  bool has_ended() const { return kKinds[rank_] == "end"; }

  Result<Part> finish() && {
    if (!has_ended()) {
      return fail(Reason::kBadRequest, "the partial is cut short; expected its \"end\"");
    }
    if (events_ != counted_) {
      return fail(Reason::kBadRequest, "the credentials count " + std::to_string(counted_) +
                                           " events; expected the " + std::to_string(events_) +
                                           " that are listed");
    }
    begin_events();
    summary_->settle_memory();
    Part part = std::move(part_);
    part.summary = *std::move(summary_);
    return part;
  }

 private:
  Result<void> refuse_kind() const {
    return fail(Reason::kBadRequest,
                lines_ == 0 ? kNoPartial
                            : "a line of no known kind; expected one of a partial, format " +
                                  std::to_string(partial_format::kNumber));
  }

  Result<void> take(std::string_view kind, const json::Value& value) {
    if (kind == "partial") return take_head(value);
    if (kind == "log") return take_log(value);
    if (kind == "foreign") return take_text(value, part_.foreign);
    if (kind == "problem") return take_text(value, part_.problems);
    if (kind == "remark") return take_text(value, part_.remarks);
    if (kind == "inventory") return take_inventory(value);
    if (kind == "name") return take_name(value);
    if (kind == "credential") return take_credential(value);
    if (kind == "use") return take_use(value);
    if (kind == "operation") return take_operation(value);
    if (kind == "principal") return take_principal(value);
    if (kind == "issued_with") return take_issued_with(value);
    if (kind == "issue") return take_issue(value);
    if (kind == "change") return take_change(value);
    if (kind == "fact") return take_fact(value);
    if (kind == "events") return take_events(value);
    return take_end(value);
  }

  Result<void> take_head(const json::Value& value) {
    json::ObjectReader in(value, "partial");
    const std::int64_t format = in.optional_integer("format", 0, INT64_MAX).value_or(0);
    repeats_ = static_cast<std::uint64_t>(in.optional_integer("repeats", 0, INT64_MAX).value_or(0));
    if (format != partial_format::kNumber) {
      in.refuse("the format's number is " + std::to_string(format) + "; expected " +
                std::to_string(partial_format::kNumber));
    }
    return in.finish();
  }

  Result<void> take_log(const json::Value& value) {
    json::ObjectReader in(value, "log");
    const std::string file = in.required_string("file");
    const std::string source = in.required_string("source");
    const auto sources = all_sources();
    const bool is_known = std::any_of(sources.begin(), sources.end(),
                                      [&](const Source* known) { return known->name == source; });
    if (in.ok() && !is_known) in.refuse(quoted(source) + " is no source that is known");
    part_.logs[file] = source;
    return in.finish();
  }

  static Result<void> take_text(const json::Value& value, std::set<std::string>& into) {
    if (!value.is_string()) return fail(Reason::kBadRequest, "no text; expected a string");
    into.insert(value.as_string());
    return {};
  }

  Result<void> take_inventory(const json::Value& value) {
    json::ObjectReader in(value, "inventory");
    const std::string file = in.required_string("file");
    Result<std::string> text = decode_base64url(in.required_string("text"));
    const bool ends = in.optional_bool("ends").value_or(true);
    if (!text) in.refuse(text.error());
    if (text && !inventory_.text.empty() && inventory_.file != file) {
      in.refuse("the inventory " + quoted(inventory_.file) + " has no end");
    }
    if (text && inventory_.text.size() + text->size() > limits::kDocumentBytesMax) {
      in.refuse(
          {Reason::kLimitExceeded, mandate::Place::kRequest,
           "an inventory of more than " + std::to_string(limits::kDocumentBytesMax) + " bytes"});
    }
    if (!in.ok()) return in.finish();
    inventory_.file = file;
    inventory_.text += *text;
    if (ends) part_.inventories.insert(std::exchange(inventory_, {}));
    return in.finish();
  }

  Result<void> take_name(const json::Value& value) {
    const bool is_good =
        value.is_string() && value.as_string().size() <= partial_format::kNameBytesMax;
    if (!is_good || names_.size() == partial_format::kNamesMax) {
      return fail(Reason::kLimitExceeded, "expected the name of a file, at most " +
                                              std::to_string(partial_format::kNameBytesMax) +
                                              " bytes, of at most " +
                                              std::to_string(partial_format::kNamesMax));
    }
    names_.push_back(value.as_string());
    return {};
  }

  Result<void> take_credential(const json::Value& value) {
    CredentialRow row;
    Result<std::string> name = read_named_row(value, "credential", names_, row);
    if (!name) return fail(name.error());
    counted_ += row.count;
    const auto [at, is_first] = rows_.credentials.emplace(*name, std::move(row));
    if (!is_first) return refuse_second("credential", *name);
    credential_ = &at->second;
    return {};
  }

  Result<void> take_use(const json::Value& value) {
    Use use;
    Result<void> read = read_row(value, "use", names_, use);
    if (!read) return read;
    use.hash = hash_of(use.key);
    if (credential_ == nullptr || credential_->uses.size() == CredentialRow::kUsesMax) {
      return fail(Reason::kLimitExceeded, "expected at most " +
                                              std::to_string(CredentialRow::kUsesMax) +
                                              " uses, behind their credential");
    }
    if (!credential_->uses.empty() && credential_->uses.back().hash >= use.hash) {
      return fail(Reason::kBadRequest, "the uses are out of order; expected ascending hashes");
    }
    credential_->uses.push_back(std::move(use));
    return {};
  }

  Result<void> take_operation(const json::Value& value) {
    Operation operation;
    Result<void> read = read_row(value, "operation", names_, operation);
    if (!read) return read;
    operation.hash = hash_of_operation(operation.service, operation.action);
    const bool has_use = credential_ != nullptr && !credential_->uses.empty();
    if (!has_use || !credential_->uses.back().operations.add(operation)) {
      return fail(Reason::kLimitExceeded, "expected at most " + std::to_string(Operations::kMax) +
                                              " operations, behind their use");
    }
    return {};
  }

  Result<void> take_issued_with(const json::Value& value) {
    const auto is_name = [](const json::Value& item) {
      return item.is_string() && item.as_string().size() <= Clipped::kTextBytesMax;
    };
    const bool is_pair = value.is_array() && value.as_array().size() == 2 &&
                         is_name(value.as_array()[0]) && is_name(value.as_array()[1]);
    if (!is_pair) {
      return fail(Reason::kBadRequest, "expected a credential and one that it issued");
    }
    const json::Array& pair = value.as_array();
    rows_.issued_with[pair[0].as_string()].insert(pair[1].as_string());
    return {};
  }

  Result<void> take_principal(const json::Value& value) {
    PrincipalRow row;
    Result<std::string> name = read_named_row(value, "principal", names_, row);
    if (!name) return fail(name.error());
    if (!rows_.principals.emplace(*name, std::move(row)).second) {
      return refuse_second("principal", *name);
    }
    return {};
  }

  Result<void> take_issue(const json::Value& value) {
    IssueRow row;
    Result<std::string> name = read_named_row(value, "issue", names_, row);
    if (!name) return fail(name.error());
    std::vector<IssueRow>& issues = rows_.issues[*name];
    const auto before = [](const IssueRow& a, const IssueRow& b) {
      return std::tie(a.seen.time, a.seen.key) < std::tie(b.seen.time, b.seen.key);
    };
    const bool is_next = issues.empty() || before(issues.back(), row);
    if (!is_next || issues.size() == Summary::kIssuesMax) {
      return fail(Reason::kBadRequest, "expected at most " + std::to_string(Summary::kIssuesMax) +
                                           " issues of one credential, by time");
    }
    issues.push_back(std::move(row));
    return {};
  }

  Result<void> take_change(const json::Value& value) {
    ChangeRow row;
    Result<void> read = read_row(value, "change", names_, row);
    if (!read) return read;
    const std::pair<Instant, EventKey> key{row.seen.time, row.seen.key};
    if (!rows_.changes.emplace(key, std::move(row)).second) return refuse_second("change", "");
    return {};
  }

  Result<void> take_fact(const json::Value& value) {
    FactKind kind{};
    FactText text;
    FactRow row;
    Result<void> read = read_row(value, "fact", names_, kind, text, row);
    if (!read) return read;
    if (!rows_.facts.put(kind, std::move(text), std::move(row))) return refuse_second("fact", "");
    return {};
  }

  static Result<void> refuse_second(std::string_view what, std::string_view name) {
    return fail(Reason::kBadRequest,
                "a second " + std::string(what) + " " + quoted(name) + "; expected each once");
  }

  void begin_events() {
    if (!summary_) summary_.emplace(std::move(rows_), repeats_, std::move(bounds_));
  }

  Result<void> take_events(const json::Value& value) {
    using partial_format::kEntryBytes;
    if (!value.is_string()) return fail(Reason::kBadRequest, "no events; expected a string");
    Result<std::string> bytes = decode_base64url(value.as_string());
    if (!bytes) return fail(bytes.error());
    if (bytes->size() % kEntryBytes != 0) {
      return fail(Reason::kBadRequest, "events of " + std::to_string(bytes->size()) +
                                           " bytes; expected " + std::to_string(kEntryBytes) +
                                           " for each");
    }
    begin_events();
    for (std::size_t at = 0; at < bytes->size(); at += kEntryBytes) {
      const std::string_view one = std::string_view(*bytes).substr(at, kEntryBytes);
      const std::uint64_t row = from_big_endian(one.substr(8));
      const EventSet::Entry entry{from_big_endian(one.substr(0, 8)),
                                  static_cast<std::uint32_t>(row >> 32),
                                  static_cast<std::uint32_t>(row)};
      if (entry.id == 0 || entry <= last_event_) {
        return fail(Reason::kBadRequest, "events out of order; expected them ascending");
      }
      last_event_ = entry;
      summary_->add_event(entry);
      ++events_;
    }
    return {};
  }

  Result<void> take_end(const json::Value& value) {
    json::ObjectReader in(value, "end");
    const std::int64_t lines = in.optional_integer("lines", 0, INT64_MAX).value_or(0);
    const std::string digest = in.required_string("sha256");
    if (in.ok() && (lines != lines_ || digest != encode_hex(view(digest_.finish())))) {
      in.refuse("the lines are not those that were written; expected their number and SHA-256");
    }
    return in.finish();
  }

  EventBounds bounds_;
  Part part_;
  SummaryRows rows_;
  std::optional<Summary> summary_;
  std::vector<std::string> names_;
  InventoryFile inventory_;  // so far
  CredentialRow* credential_ = nullptr;
  EventSet::Entry last_event_;
  std::uint64_t repeats_ = 0;
  std::uint64_t counted_ = 0;
  std::uint64_t events_ = 0;
  std::size_t rank_ = 0;
  std::int64_t lines_ = 0;
  crypto::Sha256 digest_;
};

// The line of the file, in place of that of the one line's text.
Error at_line(Error error, std::int64_t line) {
  constexpr std::string_view kInside = "line 1: ";
  if (error.detail.starts_with(kInside)) error.detail.erase(0, kInside.size());
  error.detail = "line " + std::to_string(line) + ": " + error.detail;
  return error;
}

}  // namespace

void Part::merge(Part&& other) {
  summary.merge(std::move(other.summary));
  for (auto& [file, source] : other.logs) logs[file] = std::max(logs[file], source);
  foreign.merge(other.foreign);
  inventories.merge(other.inventories);
  problems.merge(other.problems);
  remarks.merge(other.remarks);
}

Result<Part> read_partial(json::ByteSource& source, EventBounds bounds) {
  constexpr json::Bounds kBounds{.bytes_max = partial_format::kLineBytesMax,
                                 .depth_max = partial_format::kDepthMax,
                                 .values_max = limits::kJsonMembersMax};
  Lines lines(source);
  PartReader reader(std::move(bounds));
  for (std::int64_t number = 1;; ++number) {
    Result<std::optional<std::string_view>> line = lines.next();
    if (!line) {
      Error error = line.error();
      if (error.reason == Reason::kRecordUnavailable) return fail(std::move(error));
      // Something else altogether has no lines.
      if (number == 1) error.detail = kNoPartial;
      return fail(at_line(std::move(error), number));
    }
    if (!*line) return std::move(reader).finish();
    if (reader.has_ended() || number > static_cast<std::int64_t>(partial_format::kLinesMax)) {
      return fail(at_line({Reason::kBadRequest, mandate::Place::kRequest,
                           "text behind the partial's end; expected one partial"},
                          number));
    }
    Result<json::Value> value = json::parse(**line, kBounds);
    if (!value && number == 1) value = json::Value();  // of no known kind
    Result<void> taken = value ? reader.take(*value, **line) : fail(value.error());
    if (!taken) return fail(at_line(taken.error(), number));
  }
}

}  // namespace mandate::observe
