// How logs are named, and the entries that make them a chain; writers and the audit share it.
//
//   journal_log_origin("mandate.example", 3) == "mandate.example/log/journal/0000000003"
//   {"predecessor":{"origin","root","size"},"run","time","type":"opened"}: a log's first entry
//   {"run","size","time","type":"started"}: at each start, size being the log's before this entry
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/base/instant.h"
#include "mandate/base/result.h"
#include "mandate/json/value.h"
#include "mandate/ledger/note.h"

namespace mandate::store {

// `host` is the issuer's host, with its port where it has one.
std::string record_log_origin(std::string_view host);
std::string journal_log_origin(std::string_view host, std::uint32_t number);
std::string receipt_key_name(std::string_view host);
// `https://host[:port]/path` -> `host[:port]`.
Result<std::string> host_of_issuer(std::string_view issuer);

// Ten digits; and back, from 1.
std::string log_number_text(std::uint32_t number);
std::optional<std::uint32_t> parse_log_number(std::string_view text);

struct Opened {
  std::optional<ledger::Checkpoint> predecessor;  // the log before: its origin, and all of it
  std::string run;
  Instant time;
};
struct Started {
  std::string run;
  std::uint64_t size = 0;
  Instant time;
};
std::string serialise(const Opened& opened);
std::string serialise(const Started& started);
// Precondition: an object. `bad_request` where it is not that entry, or a member is wrong.
Result<Opened> parse_opened(const json::Value& entry);
Result<Started> parse_started(const json::Value& entry);
// The member `type`; empty where there is none.
std::string_view type_of(const json::Value& entry);

}  // namespace mandate::store
