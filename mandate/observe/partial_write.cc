#include <algorithm>
#include <array>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"
#include "mandate/json/line.h"
#include "mandate/observe/partial.h"
#include "mandate/observe/partial_fields.h"
#include "mandate/observe/partial_format.h"

namespace mandate::observe {
namespace {

json::Value integer(std::uint64_t number) { return static_cast<std::int64_t>(number); }

json::Value integer(Instant time) { return std::int64_t{time.time_since_epoch().count()}; }

std::string big_endian(std::initializer_list<std::uint64_t> numbers) {
  std::string bytes;
  for (const std::uint64_t number : numbers) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  }
  return bytes;
}

// Names of files, by their place among all of them.
using Places = std::map<std::string, std::int64_t, std::less<>>;

class RowWriter {
 public:
  explicit RowWriter(const Places& places) : places_(places) {}

  void operator()(std::string_view name, const std::string& text) { out_.set(name, text); }
  void operator()(std::string_view name, bool is) { out_.set(name, is); }
  void operator()(std::string_view name, std::uint64_t number) { out_.set(name, integer(number)); }
  void operator()(std::string_view name, std::uint32_t bits) { out_.set(name, std::int64_t{bits}); }
  // Null where there was none: a first that is the end of time, a last that is its beginning.
  void operator()(std::string_view name, Instant time) {
    const bool is_none = time == kEndOfTime || time == kBeginningOfTime;
    out_.set(name, is_none ? json::Value() : integer(time));
  }
  void operator()(std::string_view name, const std::optional<bool>& is) {
    out_.set(name, is ? json::Value(*is) : json::Value());
  }
  void operator()(std::string_view name, const std::optional<Instant>& time) {
    out_.set(name, time ? integer(*time) : json::Value());
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void operator()(std::string_view name, Enum value) {
    out_.set(name, static_cast<std::int64_t>(value));
  }
  void operator()(std::string_view name, const std::set<std::string, std::less<>>& texts,
                  std::size_t) {
    out_.set(name, json::Array(texts.begin(), texts.end()));
  }
  void operator()(std::string_view name, const Seen& seen) { out_.set(name, value(seen)); }
  void operator()(std::string_view name, const Sample& sample) {
    json::Array rows;
    for (const Seen& seen : sample.events()) rows.push_back(value(seen));
    out_.set(name, std::move(rows));
  }
  // Few, many or null, whether `**` follows those, whether they have no names.
  void operator()(std::string_view name, const Targets& targets) {
    const Targets::Parts parts = targets.parts();
    out_.set(name, json::Value::array({json::Array(parts.few.begin(), parts.few.end()),
                                       parts.many ? json::Value(json::Array(parts.many->begin(),
                                                                            parts.many->end()))
                                                  : json::Value(),
                                       parts.is_rest, parts.is_nameless}));
  }
  void operator()(std::string_view name, const std::vector<PartyRow>& parties) {
    json::Array rows;
    for (const PartyRow& party : parties) rows.push_back(row(party));
    out_.set(name, std::move(rows));
  }

  template <class Row>
  json::Value row(const Row& row) const {
    RowWriter writer(places_);
    fields(writer, row);
    return std::move(writer.out_);
  }

  json::Value value() && { return std::move(out_); }

 private:
  json::Value value(const Seen& seen) const {
    return json::Value::array({integer(seen.time),
                               encode_hex(big_endian({seen.key.high, seen.key.low})), seen.event_id,
                               places_.at(seen.file), integer(seen.offset), integer(seen.line)});
  }

  const Places& places_;
  json::Value out_ = json::Object();
};

template <class Visit>
void each_fact(const Facts& facts, const Visit& visit) {
  for (std::size_t kind = 0; kind < Facts::kKinds; ++kind) {
    for (const auto& [text, row] : facts.of(static_cast<FactKind>(kind))) {
      visit(static_cast<FactKind>(kind), text, row);
    }
  }
}

template <class Visit>
void each_sample(const SummaryRows& rows, const Visit& visit) {
  for (const auto& [name, row] : rows.credentials) {
    for (const Use& use : row.uses) {
      for (const Seen& seen : use.sample.events()) visit(seen);
    }
  }
  for (const auto& [name, row] : rows.principals) {
    for (const Seen& seen : row.as_person.events()) visit(seen);
  }
  for (const auto& [name, issues] : rows.issues) {
    for (const IssueRow& row : issues) visit(row.seen);
  }
  for (const auto& [key, row] : rows.changes) visit(row.seen);
  each_fact(rows.facts, [&](FactKind, const FactText&, const FactRow& row) {
    for (const Seen& seen : row.sample.events()) visit(seen);
  });
}

Places places_of(const SummaryRows& rows) {
  Places places;
  each_sample(rows, [&](const Seen& seen) { places.try_emplace(seen.file, 0); });
  std::int64_t next = 0;
  for (auto& [name, place] : places) place = next++;
  return places;
}

json::Value named(json::Value row, const std::string& name) {
  row.set("name", name);
  return row;
}

class Writer {
 public:
  explicit Writer(const Sink& sink) : sink_(sink) {}

  void line(std::string_view what, json::Value value) {
    json::Value row = json::Object();
    row.set(what, std::move(value));
    pending_ += json::to_line(row) + "\n";
    ++lines_;
    if (pending_.size() >= kFlushBytes) flush();
  }
  void flush() {
    digest_.update(pending_);
    if (written_) written_ = sink_(pending_);
    pending_.clear();
  }
  Result<void> end() {
    flush();
    const std::int64_t lines = lines_;
    line("end",
         json::Value::object({{"lines", lines}, {"sha256", encode_hex(view(digest_.finish()))}}));
    flush();
    return written_;
  }

 private:
  static constexpr std::size_t kFlushBytes = 1 << 20;
  const Sink& sink_;
  std::string pending_;
  crypto::Sha256 digest_;
  std::int64_t lines_ = 0;
  Result<void> written_;
};

void write_rows(const SummaryRows& rows, Writer& out) {
  const Places places = places_of(rows);
  for (const auto& [name, place] : places) out.line("name", name);
  const RowWriter writer(places);
  for (const auto& [name, row] : rows.credentials) {
    out.line("credential", named(writer.row(row), name));
    for (const Use& use : row.uses) {
      json::Value line = writer.row(use);
      line.set("operations_are_all", use.operations.are_all());
      out.line("use", std::move(line));
      for (const Operation& operation : use.operations.rows()) {
        out.line("operation", writer.row(operation));
      }
    }
  }
  for (const auto& [name, row] : rows.principals) {
    out.line("principal", named(writer.row(row), name));
  }
  for (const auto& [issuer, issued] : rows.issued_with) {
    for (const std::string& credential : issued) {
      out.line("issued_with", json::Value::array({issuer, credential}));
    }
  }
  for (const auto& [credential, issues] : rows.issues) {
    for (const IssueRow& row : issues) out.line("issue", named(writer.row(row), credential));
  }
  for (const auto& [key, row] : rows.changes) out.line("change", writer.row(row));
  each_fact(rows.facts, [&](FactKind kind, const FactText& text, const FactRow& row) {
    RowWriter fact(places);
    fact("kind", kind);
    fields(fact, text);
    fields(fact, row);
    out.line("fact", std::move(fact).value());
  });
}

void write_inventory(const InventoryFile& inventory, Writer& out) {
  const std::string_view text = inventory.text;
  std::size_t at = 0;
  do {
    const std::string_view piece = text.substr(at, partial_format::kInventoryBytes);
    at += piece.size();
    out.line("inventory", json::Value::object({{"file", inventory.file},
                                               {"text", encode_base64url(piece)},
                                               {"ends", at == text.size()}}));
  } while (at < text.size());
}

}  // namespace

Result<void> write_partial(const Part& part, const Sink& sink) {
  Writer out(sink);
  out.line("partial",
           json::Value::object({{"format", partial_format::kNumber},
                                {"repeats", static_cast<std::int64_t>(part.summary.repeats())}}));
  for (const auto& [file, source] : part.logs) {
    out.line("log", json::Value::object({{"file", file}, {"source", source}}));
  }
  for (const std::string& file : part.foreign) out.line("foreign", file);
  for (const std::string& problem : part.problems) out.line("problem", problem);
  for (const std::string& remark : part.remarks) out.line("remark", remark);
  for (const InventoryFile& inventory : part.inventories) write_inventory(inventory, out);
  write_rows(part.summary.rows(), out);
  std::string entries;
  Result<void> read = part.summary.event_set().each([&](const EventSet::Entry& entry) {
    entries += big_endian({entry.id, std::uint64_t{entry.credential} << 32 | entry.use});
    if (entries.size() < partial_format::kEventsBytes) return;
    out.line("events", encode_base64url(entries));
    entries.clear();
  });
  if (!read) return read;
  if (!entries.empty()) out.line("events", encode_base64url(entries));
  return out.end();
}

}  // namespace mandate::observe
