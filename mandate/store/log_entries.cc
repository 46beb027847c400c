#include "mandate/store/log_entries.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "mandate/base/bytes.h"

namespace mandate::store {
namespace {

constexpr std::size_t kNumberDigits = 10;

std::string string_of(const json::Value& entry, std::string_view key) {
  const json::Value* value = entry.find(key);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

Result<std::uint64_t> size_of(const json::Value& entry) {
  const json::Value* value = entry.find("size");
  if (value == nullptr || !value->is_integer() || value->as_integer() < 0) {
    return fail(Reason::kBadRequest, "entry has no \"size\"; expected a number from 0");
  }
  return static_cast<std::uint64_t>(value->as_integer());
}

Result<void> check_type(const json::Value& entry, std::string_view type) {
  if (type_of(entry) == type) return {};
  return fail(Reason::kBadRequest,
              "entry has type " + quoted(type_of(entry)) + "; expected " + quoted(type));
}

Result<ledger::Checkpoint> parse_predecessor(const json::Value& predecessor) {
  Result<std::uint64_t> size = size_of(predecessor);
  if (!size) return fail(size.error());
  const Result<Digest> root =
      decode_base64url(string_of(predecessor, "root")).and_then([](const std::string& bytes) {
        return to_digest(bytes);
      });
  if (!root) return fail(root.error());
  return ledger::Checkpoint{string_of(predecessor, "origin"), *size, *root};
}

}  // namespace

std::string record_log_origin(std::string_view host) { return std::string(host) + "/log/record"; }

std::string journal_log_origin(std::string_view host, std::uint32_t number) {
  return std::string(host) + "/log/journal/" + log_number_text(number);
}

std::string receipt_key_name(std::string_view host) { return std::string(host) + "/receipt"; }

Result<std::string> host_of_issuer(std::string_view issuer) {
  const std::size_t scheme = issuer.find("://");
  const std::string_view rest =
      scheme == std::string_view::npos ? std::string_view() : issuer.substr(scheme + 3);
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (!host.empty()) return std::string(host);
  return fail(Reason::kBadRequest, "issuer " + quoted(issuer) + " is no URL with a host");
}

std::string log_number_text(std::uint32_t number) {
  std::string text = std::to_string(number);
  text.insert(0, kNumberDigits - text.size(), '0');
  return text;
}

std::optional<std::uint32_t> parse_log_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0 ||
      log_number_text(number) != text) {
    return std::nullopt;
  }
  return number;
}

std::string serialise(const Opened& opened) {
  json::Value entry = json::Value::object(
      {{"run", opened.run}, {"time", format_rfc3339(opened.time)}, {"type", "opened"}});
  if (opened.predecessor) {
    const ledger::Checkpoint& log = *opened.predecessor;
    entry.set("predecessor", json::Value::object({{"origin", log.origin},
                                                  {"root", encode_base64url(view(log.root))},
                                                  {"size", static_cast<std::int64_t>(log.size)}}));
  }
  return json::canonical(entry);
}

std::string serialise(const Started& started) {
  return json::canonical(json::Value::object({{"run", started.run},
                                              {"size", static_cast<std::int64_t>(started.size)},
                                              {"time", format_rfc3339(started.time)},
                                              {"type", "started"}}));
}

Result<Opened> parse_opened(const json::Value& entry) {
  if (auto ok = check_type(entry, "opened"); !ok) return fail(ok.error());
  Opened opened;
  opened.run = string_of(entry, "run");
  Result<Instant> time = parse_rfc3339(string_of(entry, "time"));
  if (!time) return fail(time.error());
  opened.time = *time;
  if (const json::Value* predecessor = entry.find("predecessor")) {
    Result<ledger::Checkpoint> parsed = parse_predecessor(*predecessor);
    if (!parsed) return fail(parsed.error());
    opened.predecessor = *std::move(parsed);
  }
  return opened;
}

Result<Started> parse_started(const json::Value& entry) {
  if (auto ok = check_type(entry, "started"); !ok) return fail(ok.error());
  Result<std::uint64_t> size = size_of(entry);
  if (!size) return fail(size.error());
  Result<Instant> time = parse_rfc3339(string_of(entry, "time"));
  if (!time) return fail(time.error());
  return Started{string_of(entry, "run"), *size, *time};
}

std::string_view type_of(const json::Value& entry) {
  const json::Value* type = entry.find("type");
  return type != nullptr && type->is_string() ? std::string_view(type->as_string())
                                              : std::string_view();
}

}  // namespace mandate::store
