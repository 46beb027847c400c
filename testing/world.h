// A small world for tests: a document in YAML or JSON, applied to an empty state through the same
// command that a server uses. What cannot be applied stops the test program with its error.
//
//   World world(R"({apiVersion: mandate/v1, principals: [...], ...})");
//   decide(world.view(), ...);   world.revoke(NodeKind::kDelegation, "triage-reads");
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mandate/record/command.h"
#include "mandate/record/state.h"

namespace mandate::test {

// 2027-01-15T12:00:00Z, a Friday: when a world's events happen.
extern const Instant kWorldTime;

Document document_of(std::string_view yaml);
// A digest of what an authenticator proves; `service` has the real one, with key thumbprints.
Result<std::string> name_authenticator(const Authenticator& authenticator);
record::ApplyOptions apply_options();

class World {
 public:
  World() = default;
  explicit World(std::string_view yaml);
  World(std::string_view yaml, record::AuthenticatorNamer namer);

  record::View view() const { return state_.view(); }
  record::State& state() { return state_; }

  // Each is a command, carried out and published; the plan is returned. Refused: the program stops.
  record::Plan apply(std::string_view yaml, bool prune = false);
  record::Plan revoke(record::NodeKind kind, std::string_view id);
  record::Plan suspend(std::string_view principal);
  record::Plan resume(std::string_view principal);
  record::Plan hop_grant(const DelegationDefinition& delegation, Instant now = kWorldTime);
  record::Plan commit(Result<record::Plan> plan);

  // The canonical entries of every event so far.
  const std::vector<std::string>& entries() const { return entries_; }

 private:
  record::State state_;
  record::AuthenticatorNamer namer_ = name_authenticator;
  std::vector<std::string> entries_;
};

}  // namespace mandate::test
