#include "mandate/observe/partial_read.h"

#include <chrono>
#include <limits>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/json/reader.h"
#include "mandate/observe/partial_fields.h"

namespace mandate::observe {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// What logs can say of a time: years of four digits, and a zone.
constexpr std::chrono::hours kZone{24};
constexpr std::int64_t kFirst = Milliseconds(-kZone).count();
constexpr std::int64_t kLast =
    Milliseconds(std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1).time_since_epoch() +
                 kZone)
        .count();

bool is_time(const json::Value& value) {
  return value.is_integer() && value.as_integer() >= kFirst && value.as_integer() <= kLast;
}

// The last of each enumeration; a switch names them all, so that the compiler asks for a new one.
constexpr std::int64_t last_of(CredentialKind kind) {
  switch (kind) {
    case CredentialKind::kNone:
    case CredentialKind::kStaticKey:
    case CredentialKind::kSession:
    case CredentialKind::kToken:
    case CredentialKind::kPassword:
    case CredentialKind::kCertificate: break;
  }
  return static_cast<std::int64_t>(CredentialKind::kCertificate);
}

constexpr std::int64_t last_of(AgentKind kind) {
  switch (kind) {
    case AgentKind::kUnknown:
    case AgentKind::kInteractive:
    case AgentKind::kShell:
    case AgentKind::kSoftware:
    case AgentKind::kPlatform: break;
  }
  return static_cast<std::int64_t>(AgentKind::kPlatform);
}

constexpr std::int64_t last_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSucceeded:
    case Outcome::kDenied:
    case Outcome::kFailed: break;
  }
  return static_cast<std::int64_t>(Outcome::kFailed);
}

constexpr std::int64_t last_of(ActorKind kind) {
  switch (kind) {
    case ActorKind::kUnknown:
    case ActorKind::kUser:
    case ActorKind::kRoot:
    case ActorKind::kRoleSession:
    case ActorKind::kWorkload:
    case ActorKind::kService:
    case ActorKind::kFederated:
    case ActorKind::kAnonymous: break;
  }
  return static_cast<std::int64_t>(ActorKind::kAnonymous);
}

constexpr std::int64_t last_of(IssueKind kind) {
  switch (kind) {
    case IssueKind::kNone:
    case IssueKind::kRole:
    case IssueKind::kFederatedRole:
    case IssueKind::kSession:
    case IssueKind::kFederation:
    case IssueKind::kToken: break;
  }
  return static_cast<std::int64_t>(IssueKind::kToken);
}

constexpr std::int64_t last_of(PartyScope scope) {
  switch (scope) {
    case PartyScope::kOwn:
    case PartyScope::kService:
    case PartyScope::kExternal:
    case PartyScope::kPublic:
    case PartyScope::kFederated: break;
  }
  return static_cast<std::int64_t>(PartyScope::kFederated);
}

constexpr std::int64_t last_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kNone:
    case ChangeKind::kTrustSet:
    case ChangeKind::kTrustAdded:
    case ChangeKind::kTrustRemoved:
    case ChangeKind::kTrustRoot:
    case ChangeKind::kLoginSet:
    case ChangeKind::kFactorChanged:
    case ChangeKind::kLogin:
    case ChangeKind::kCredentialMade:
    case ChangeKind::kRightsGranted:
    case ChangeKind::kConsentGiven:
    case ChangeKind::kConsentEnded:
    case ChangeKind::kPrincipalMade:
    case ChangeKind::kPrincipalRenamed:
    case ChangeKind::kPrincipalEnded:
    case ChangeKind::kTokenMade:
    case ChangeKind::kEntered:
    case ChangeKind::kUnproven:
    case ChangeKind::kBroadRole:
    case ChangeKind::kSharedRoleChanged:
    case ChangeKind::kApprovalSkipped:
    case ChangeKind::kApprovalRemoved:
    case ChangeKind::kUnauthorised:
    case ChangeKind::kPrincipalResumed: break;
  }
  return static_cast<std::int64_t>(ChangeKind::kPrincipalResumed);
}

constexpr std::int64_t last_of(FactKind kind) {
  switch (kind) {
    case FactKind::kSecretRead:
    case FactKind::kAssertionUsed:
    case FactKind::kRunStarted:
    case FactKind::kRunApproved:
    case FactKind::kStageStarted:
    case FactKind::kStageSucceeded:
    case FactKind::kRefusedFor:
    case FactKind::kPermittedOwn:
    case FactKind::kPermittedFor:
    case FactKind::kLetThroughBeyond:
    case FactKind::kDecided:
    case FactKind::kCalled:
    case FactKind::kActedFor:
    case FactKind::kDeployed: break;
  }
  return static_cast<std::int64_t>(FactKind::kDeployed);
}

class RowReader {
 public:
  RowReader(const json::Value& value, std::string_view what, std::span<const std::string> names)
      : in_(value, std::string(what)), names_(names) {}

  std::string name() {
    std::string name;
    (*this)("name", name);
    return name;
  }
  Result<void> finish() { return in_.finish(); }

  void operator()(std::string_view name, std::string& text) {
    text = in_.required_string(name);
    if (text.size() > Clipped::kTextBytesMax) refuse(name, "a shorter text");
  }
  void operator()(std::string_view name, bool& is) {
    in_.required(name);
    is = in_.optional_bool(name).value_or(false);
  }
  void operator()(std::string_view name, std::uint64_t& number) {
    number = static_cast<std::uint64_t>(integer(name, 0, kMost));
  }
  void operator()(std::string_view name, std::uint32_t& bits) {
    bits = static_cast<std::uint32_t>(integer(name, 0, UINT32_MAX));
  }
  void operator()(std::string_view name, Instant& time) {
    std::optional<Instant> found;
    (*this)(name, found);
    if (found) time = *found;  // else as a row without one has it
  }
  void operator()(std::string_view name, std::optional<Instant>& time) {
    const json::Value* found = in_.required(name);
    if (found == nullptr || found->is_null()) return;
    if (!is_time(*found)) return refuse(name, "a time, or null");
    time = Instant(Milliseconds(found->as_integer()));
  }
  void operator()(std::string_view name, std::optional<bool>& is) {
    const json::Value* found = in_.required(name);
    if (found != nullptr && !found->is_null()) is = in_.optional_bool(name);
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void operator()(std::string_view name, Enum& value) {
    value = static_cast<Enum>(integer(name, 0, last_of(Enum{})));
  }
  void operator()(std::string_view name, std::set<std::string, std::less<>>& texts,
                  std::size_t max) {
    for (std::string& text : in_.strings(name, max, true)) {
      if (text.size() > Clipped::kTextBytesMax) refuse(name, "shorter texts");
      texts.insert(std::move(text));
    }
  }
  void operator()(std::string_view name, Seen& seen) {
    const json::Value* found = in_.required(name);
    if (found == nullptr || read(*found, seen)) return;
    refuse(name, "the place of an event");
  }
  void operator()(std::string_view name, Sample& sample) {
    for (const json::Value& value : items(name, Sample::kMax)) {
      Seen seen;
      if (!read(value, seen)) return refuse(name, "places of events");
      sample.add(std::move(seen));
    }
  }
  void operator()(std::string_view name, Targets& targets) {
    const json::Value* found = in_.required(name);
    if (found == nullptr) return;
    const std::optional<Targets> read = targets_of(*found);
    if (!read) return refuse(name, "what a summary keeps of targets");
    targets = *read;
  }
  void are_all(Operations& operations) {
    bool are_all = true;
    (*this)("operations_are_all", are_all);
    operations.set_are_all(are_all);
  }
  void operator()(std::string_view name, std::vector<PartyRow>& parties) {
    for (const json::Value& value : items(name, Clipped::kPartiesMax)) {
      RowReader reader(value, "party", names_);
      fields(reader, parties.emplace_back());
      if (Result<void> read = reader.finish(); !read) in_.refuse(read.error());
    }
  }

 private:
  void refuse(std::string_view name, std::string_view expected) {
    in_.refuse(quoted(name) + " is out of its bounds; expected " + std::string(expected));
  }

  std::int64_t integer(std::string_view name, std::int64_t min, std::int64_t max) {
    in_.required(name);
    return in_.optional_integer(name, min, max).value_or(min);
  }

  std::span<const json::Value> items(std::string_view name, std::size_t max) {
    const json::Value* found = in_.required(name);
    if (found == nullptr) return {};
    if (found->is_array() && found->as_array().size() <= max) return found->as_array();
    refuse(name, "a list of at most " + std::to_string(max));
    return {};
  }

  static bool read(const json::Value& value, std::vector<std::string>& texts) {
    if (!value.is_array()) return false;
    for (const json::Value& item : value.as_array()) {
      if (!item.is_string() || item.as_string().size() > limits::kIdentifierBytesMax) return false;
      texts.push_back(item.as_string());
    }
    return true;
  }

  static std::optional<Targets> targets_of(const json::Value& value) {
    constexpr std::size_t kItems = 4;
    if (!value.is_array() || value.as_array().size() != kItems) return std::nullopt;
    const json::Array& items = value.as_array();
    Targets::Parts parts;
    if (!read(items[0], parts.few) || !items[2].is_bool() || !items[3].is_bool())
      return std::nullopt;
    if (!items[1].is_null() && !read(items[1], parts.many.emplace())) return std::nullopt;
    parts.is_rest = items[2].as_bool();
    parts.is_nameless = items[3].as_bool();
    return Targets::of(parts);
  }

  // Time, key, event id, place of the file's name, offset, line.
  bool read(const json::Value& value, Seen& seen) const {
    constexpr std::size_t kItems = 6;
    constexpr std::size_t kKeyBytes = 16;
    if (!value.is_array() || value.as_array().size() != kItems) return false;
    const json::Array& items = value.as_array();
    if (!items[1].is_string() || !items[2].is_string()) return false;
    if (!is_time(items[0])) return false;
    for (const std::size_t i : {3U, 4U, 5U}) {
      if (!items[i].is_integer() || items[i].as_integer() < 0) return false;
    }
    const Result<std::string> key = decode_hex(items[1].as_string());
    const auto file = static_cast<std::uint64_t>(items[3].as_integer());
    if (!key || key->size() != kKeyBytes || file >= names_.size()) return false;
    if (items[2].as_string().size() > Clipped::kTextBytesMax) return false;
    const auto number = [&key](std::size_t at) {
      std::uint64_t read = 0;
      for (const char c : key->substr(at, kKeyBytes / 2)) {
        read = read << 8 | static_cast<unsigned char>(c);
      }
      return read;
    };
    seen = {Instant(Milliseconds(items[0].as_integer())),
            {number(0), number(kKeyBytes / 2)},
            items[2].as_string(),
            names_[static_cast<std::size_t>(file)],
            static_cast<std::uint64_t>(items[4].as_integer()),
            static_cast<std::uint64_t>(items[5].as_integer())};
    return true;
  }

  json::ObjectReader in_;
  std::span<const std::string> names_;
};

template <class Row>
Result<void> read_fields(const json::Value& value, std::string_view what,
                         std::span<const std::string> names, Row& row, std::string* name) {
  RowReader reader(value, what, names);
  if (name != nullptr) *name = reader.name();
  fields(reader, row);
  if constexpr (std::same_as<Row, Use>) reader.are_all(row.operations);
  return reader.finish();
}

template <class Row>
Result<std::string> read_named(const json::Value& value, std::string_view what,
                               std::span<const std::string> names, Row& row) {
  std::string name;
  Result<void> read = read_fields(value, what, names, row, &name);
  if (!read) return fail(read.error());
  return name;
}

}  // namespace

Result<void> read_row(const json::Value& value, std::string_view what,
                      std::span<const std::string> names, Use& row) {
  return read_fields(value, what, names, row, nullptr);
}

Result<void> read_row(const json::Value& value, std::string_view what,
                      std::span<const std::string> names, Operation& row) {
  return read_fields(value, what, names, row, nullptr);
}

Result<void> read_row(const json::Value& value, std::string_view what,
                      std::span<const std::string> names, ChangeRow& row) {
  return read_fields(value, what, names, row, nullptr);
}

Result<void> read_row(const json::Value& value, std::string_view what,
                      std::span<const std::string> names, FactKind& kind, FactText& text,
                      FactRow& row) {
  RowReader reader(value, what, names);
  reader("kind", kind);
  fields(reader, text);
  fields(reader, row);
  return reader.finish();
}

Result<std::string> read_named_row(const json::Value& value, std::string_view what,
                                   std::span<const std::string> names, CredentialRow& row) {
  return read_named(value, what, names, row);
}

Result<std::string> read_named_row(const json::Value& value, std::string_view what,
                                   std::span<const std::string> names, PrincipalRow& row) {
  return read_named(value, what, names, row);
}

Result<std::string> read_named_row(const json::Value& value, std::string_view what,
                                   std::span<const std::string> names, IssueRow& row) {
  return read_named(value, what, names, row);
}

}  // namespace mandate::observe
