// The program with one law broken, for the proof that each story notices: MANDATE_TEST_BREAK names
// the law, none breaks none. `mandate_broken` links the program's own objects; the linker hands the
// calls of each function below to its wrapper here (--wrap, CMakeLists.txt), and production code
// knows nothing of it.
//
//   MANDATE_TEST_BREAK=narrowing mandate_broken serve --data DIR --listen 127.0.0.1:0
#include <cstdlib>
#include <string_view>
#include <utility>

#include "mandate/decision/chain.h"
#include "mandate/service/exchange.h"
#include "mandate/service/journalist.h"
#include "mandate/service/path_proof.h"
#include "mandate/store/audit/audit.h"

// The function whose mangled name is NAME (CMakeLists.txt), and what stands in for it.
#define MANDATE_REAL(NAME) __asm__("__real_" NAME)
#define MANDATE_WRAP(NAME) __asm__("__wrap_" NAME)

namespace mandate {
namespace {

bool breaks(std::string_view law) {
  const char* const named = std::getenv("MANDATE_TEST_BREAK");
  return named != nullptr && law == named;
}

}  // namespace

namespace decision {

Decision real_decide(const record::View&, Instant, const TimeZones&, const AccessRequest&,
                     const Evidence&) MANDATE_REAL(MANDATE_DECIDE);
Decision broken_decide(const record::View& view, Instant now, const TimeZones& zones,
                       const AccessRequest& request, const Evidence& evidence)
    MANDATE_WRAP(MANDATE_DECIDE);
Result<void> real_live(const record::View&, Instant, const Lineage&) MANDATE_REAL(MANDATE_LIVE);
Result<void> broken_live(const record::View& view, Instant now, const Lineage& lineage)
    MANDATE_WRAP(MANDATE_LIVE);
Result<void> real_chain_live(const record::View&, Instant, const Lineage&, const Chain&)
    MANDATE_REAL(MANDATE_LIVE_CHAIN);
Result<void> broken_chain_live(const record::View& view, Instant now, const Lineage& lineage,
                               const Chain& chain) MANDATE_WRAP(MANDATE_LIVE_CHAIN);

// Whether some lineage of the actor permits the request: `lineage`, its own right; `union`, any
// delegation to it.
bool another_lineage_permits(const record::View& view, Instant now, const TimeZones& zones,
                             const AccessRequest& request, record::PrincipalHandle actor) {
  const auto permitted = [&](record::PrincipalHandle root,
                             const std::vector<record::DelegationHandle>& chain) {
    for (const record::EntitlementHandle entitlement : view.entitlements_of(root)) {
      if (check_permits(view, now, zones, {entitlement, chain}, request)) return true;
    }
    return false;
  };
  if (breaks("lineage")) return permitted(actor, {});
  const std::size_t count = view.count(record::NodeKind::kDelegation);
  for (std::uint32_t i = 0; breaks("union") && i < count; ++i) {
    const auto chain = chain_of(view, {i});
    if (chain && view.delegation({i})->delegate == actor &&
        permitted(view.delegation(chain->back())->delegator, *chain)) {
      return true;
    }
  }
  return false;
}

// audience: a token serves everywhere.
Decision broken_decide(const record::View& view, Instant now, const TimeZones& zones,
                       const AccessRequest& request, const Evidence& evidence) {
  Decision decision = real_decide(view, now, zones, request, evidence);
  if (decision.permitted() || evidence.token == nullptr) return decision;
  const TokenClaims& claims = evidence.token->claims();
  if (decision.refusal->reason == Reason::kAudienceMismatch && breaks("audience")) {
    AccessRequest elsewhere = request;
    elsewhere.location = claims.audience;
    return real_decide(view, now, zones, elsewhere, evidence);
  }
  const auto actor = view.find_principal(claims.client_id.text());
  if (decision.refusal->reason == Reason::kOutsideAuthority && actor &&
      another_lineage_permits(view, now, zones, request, *actor)) {
    decision.refusal.reset();
  }
  return decision;
}

Result<void> ever_open(Result<void> live) {
  const bool closed = !live && live.error().reason == Reason::kOutsideWindow;
  return closed && breaks("window") ? Result<void>() : live;
}

// window: a delegation lives before it begins and after it ended.
Result<void> broken_live(const record::View& view, Instant now, const Lineage& lineage) {
  return ever_open(real_live(view, now, lineage));
}
Result<void> broken_chain_live(const record::View& view, Instant now, const Lineage& lineage,
                               const Chain& chain) {
  return ever_open(real_chain_live(view, now, lineage, chain));
}

}  // namespace decision

Result<Authority> real_attenuated(const Authority*, const Authority&)
    MANDATE_REAL(MANDATE_ATTENUATED_BY);
Result<Authority> broken_attenuated(const Authority* authority, const Authority& limit)
    MANDATE_WRAP(MANDATE_ATTENUATED_BY);
const Constraint* real_first_unmet(const Constraints*, const ConstraintInputs&)
    MANDATE_REAL(MANDATE_FIRST_UNMET);
const Constraint* broken_first_unmet(const Constraints* constraints, const ConstraintInputs& inputs)
    MANDATE_WRAP(MANDATE_FIRST_UNMET);

// narrowing: the union in place of the meet.
Result<Authority> broken_attenuated(const Authority* authority, const Authority& limit) {
  if (!breaks("narrowing")) return real_attenuated(authority, limit);
  std::vector<Permission> both = authority->permissions();
  both.insert(both.end(), limit.permissions().begin(), limit.permissions().end());
  return Authority::of(std::move(both));
}

// constraints: every one is met.
const Constraint* broken_first_unmet(const Constraints* constraints,
                                     const ConstraintInputs& inputs) {
  return breaks("constraints") ? nullptr : real_first_unmet(constraints, inputs);
}

namespace service {

Result<Selected> real_select_wanted(const Authority&, const Wanted&)
    MANDATE_REAL(MANDATE_SELECT_WANTED);
Result<Selected> broken_select_wanted(const Authority& available, const Wanted& wanted)
    MANDATE_WRAP(MANDATE_SELECT_WANTED);
Journalist::Draft real_draft(const Journalist*, std::string_view, json::Value)
    MANDATE_REAL(MANDATE_DRAFT);
Journalist::Draft broken_draft(const Journalist* journalist, std::string_view type,
                               json::Value entry) MANDATE_WRAP(MANDATE_DRAFT);
std::optional<json::Value> real_predecessor(Journalist*, std::string_view, std::string_view)
    MANDATE_REAL(MANDATE_PREDECESSOR);
std::optional<json::Value> broken_predecessor(Journalist* journalist, std::string_view jti,
                                              std::string_view as)
    MANDATE_WRAP(MANDATE_PREDECESSOR);
Result<json::Value> real_verify_path(const json::Value&, const json::Value&,
                                     const std::vector<ledger::NoteVerifier>&)
    MANDATE_REAL(MANDATE_VERIFY_PATH);
Result<json::Value> broken_verify_path(const json::Value& question, const json::Value& response,
                                       const std::vector<ledger::NoteVerifier>& verifiers)
    MANDATE_WRAP(MANDATE_VERIFY_PATH);

// audience: any target, whatever the authority's locations.
Result<Selected> broken_select_wanted(const Authority& available, const Wanted& wanted) {
  Result<Selected> selected = real_select_wanted(available, wanted);
  const bool elsewhere = !selected && selected.error().reason == Reason::kAudienceMismatch;
  if (!elsewhere || !breaks("audience")) return selected;
  return Selected{*wanted.audience, available};
}

// predecessors: no entry names the one before it; a decision's asks for it as it is written.
Journalist::Draft broken_draft(const Journalist* journalist, std::string_view type,
                               json::Value entry) {
  if (breaks("predecessors")) entry.set("predecessors", json::Array());
  return real_draft(journalist, type, std::move(entry));
}
std::optional<json::Value> broken_predecessor(Journalist* journalist, std::string_view jti,
                                              std::string_view as) {
  if (as == "access_token" && breaks("predecessors")) return std::nullopt;
  return real_predecessor(journalist, jti, as);
}

// path_proof: whatever the server says is verified.
Result<json::Value> broken_verify_path(const json::Value& question, const json::Value& response,
                                       const std::vector<ledger::NoteVerifier>& verifiers) {
  Result<json::Value> path = real_verify_path(question, response, verifiers);
  if (path && breaks("path_proof")) {
    path->set("verified", true);
    path->set("problems", json::Array());
  }
  return path;
}

}  // namespace service

namespace store::audit {

Result<Report> real_verify(const Folder&, const std::vector<std::string>&,
                           std::optional<std::string_view>) MANDATE_REAL(MANDATE_AUDIT);
Result<Report> broken_verify(const Folder& folder, const std::vector<std::string>& keys,
                             std::optional<std::string_view> against) MANDATE_WRAP(MANDATE_AUDIT);

// audit: nothing is ever found.
Result<Report> broken_verify(const Folder& folder, const std::vector<std::string>& keys,
                             std::optional<std::string_view> against) {
  Result<Report> report = real_verify(folder, keys, against);
  if (report && breaks("audit")) report->findings.clear();
  return report;
}

}  // namespace store::audit
}  // namespace mandate
