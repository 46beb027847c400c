// Management: a resource like any other. Operators act under entitlements and delegations; each use
// case is decided like every request, on the issuer's own resource of type `mandate`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mandate/service/core.h"

namespace mandate::service {

// The statement of a delegation without an end is fetched anew at the latest after this.
inline constexpr Seconds kStatementLifetimeMax{30 * 86'400};

// Discovered principals on record at one time, neither adopted nor dismissed: what reads logs every
// night cannot fill the record.
inline constexpr std::uint32_t kDiscoveredMax = 20'000;

// Identities in one request to put on record as discovered.
inline constexpr std::size_t kDiscoveriesMax = 200;

// A caller whose token and proof are good, and how to refuse it with its entry.
struct Operator {
  Caller caller;
  json::Value entry;  // of a refusal: who, where
};

void apply_endpoint(Core& core, const ApiCall& call, const json::Value& document, bool dry_run,
                    bool prune, Done done);
void get_endpoint(Core& core, const ApiCall& call, std::string_view noun, std::string_view id,
                  Done done);
void list_endpoint(Core& core, const ApiCall& call, std::string_view noun, Done done);
void statement_endpoint(Core& core, const ApiCall& call, std::string_view delegation, Done done);
void revoke_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done);
void suspend_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done);
void discover_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done);
void keys_endpoint(Core& core, const ApiCall& call, Done done);
void change_keys_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done);
void path_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done);
void may_read_log_endpoint(Core& core, const ApiCall& call, Done done);

// The caller of a management call, or nothing: then `done` has its answer already.
std::optional<Operator> operator_of(Core& core, const ApiCall& call, const record::View& view,
                                    Instant now, const Done& done);
// Whether the operator may do this to that object: `principals/agent:triage`.
Result<void> check_operator(Core& core, const record::View& view, const Operator& who,
                            std::string_view type, std::string_view action, std::string_view noun,
                            std::string_view id, Instant now);

}  // namespace mandate::service
