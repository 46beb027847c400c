// The engine's side of the comparison: a model's world on record, and its answers.
//
//   EngineWorld engine(world);   Answer answer = decide(engine, question);
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "mandate/decision/decision.h"
#include "tests/laws/worlds.h"

namespace mandate::test {

class Utc final : public TimeZones {
 public:
  bool knows(std::string_view zone) const override { return zone == "UTC"; }
  Result<LocalTime> local(std::string_view zone, Instant instant) const override;
  std::string version() const override { return "UTC only"; }
};
const Utc& utc();

Instant instant_of(int minute);
Authority authority_of(const model::Authority& authority);
AccessRequest request_of(const model::Request& request);
// What constraints are compared with at a resource of the model's world. `request` must live on.
ConstraintInputs inputs_of(const model::World& world, const AccessRequest& request, int minute);

class EngineWorld {
 public:
  // Nodes are listed in an order that `shuffle` chooses; without it in the order of their ids.
  explicit EngineWorld(const model::World& world, Source* shuffle = nullptr);

  record::View view() const { return state_.view(); }
  void revoke(record::NodeKind kind, const std::string& id);
  decision::Lineage lineage_of(const model::Lineage& lineage) const;
  // The token as the service would issue it; a revoked one is revoked on record.
  TokenClaims claims_of(const model::Token& token);

 private:
  void put(record::Put put);

  record::State state_;
  int tokens_ = 0;
};

// Permitted, or a reason's word.
struct Answer {
  std::string refusal;
  std::string detail;
  bool permitted() const { return refusal.empty(); }
};
Answer decide(EngineWorld& engine, const Case& question);
Answer answer_of(const decision::Decision& decision);
// Whether some single lineage of the actor permits it, as an exchange would find it.
bool permits(const EngineWorld& engine, const std::string& actor, const model::Request& request);

}  // namespace mandate::test
