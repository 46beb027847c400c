// A large organisation as the figures have it: ids of 30 bytes, lineages of depth 1 to 5, 2,000
// authorities that are shared, and a fifth of the delegations with an identifier of their own. A
// fifth of the principals are people, who hold an entitlement each; the rest is their software.
//
//   Organisation large([&](const record::Event& event) { must(state.apply(event)); });
//   large.grow_to({.principals = 1'000, .delegations = 5'000});
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "mandate/authority/evidence.h"
#include "mandate/decision/decision.h"
#include "mandate/record/event.h"
#include "mandate/record/state.h"

namespace mandate::bench {

extern const Instant kNow;

class Organisation {
 public:
  using Sink = std::function<void(const record::Event& event)>;
  struct Size {
    std::uint32_t principals = 0;
    std::uint32_t delegations = 0;
  };

  explicit Organisation(Sink sink);
  // The events that make it so large; never smaller.
  void grow_to(Size size);
  // One lineage of this depth, from a person's entitlement down; the leaf's index. So many more may
  // stand below the leaf.
  std::uint32_t add_chain(int depth, bool own_identifier, int below = 0);
  // A delegation and so many that rest on it; the index of the one.
  std::uint32_t add_hub(std::uint32_t children);
  Size size() const { return size_; }

  static std::string principal_id(std::uint32_t index);
  static std::string delegation_id(std::uint32_t index);

 private:
  void put(record::Put put);
  void put_principal(std::uint32_t index);
  void put_delegation(std::uint32_t parent, std::uint32_t root, std::uint32_t delegate,
                      const Authority& authority, int max_depth);
  std::uint32_t software(std::uint32_t seed) const;

  Sink sink_;
  std::vector<Authority> of_people_;  // one a resource
  std::vector<Authority> shared_;     // 100 a resource
  Size size_;
  std::uint32_t chains_ = 0;
};

// A token that rests on this delegation and all above it, and the request that it is for; what
// `token` verified before.
struct Asked {
  VerifiedToken token;
  ProvenPossession possession;
  AccessRequest request;
  decision::Standing standing;
};
Asked asked_of(const record::View& view, std::uint32_t leaf);
TokenClaims claims_of(const record::View& view, std::uint32_t leaf);
ProvenPossession possession_of(const VerifiedToken& token);
AccessRequest request_of(const record::View& view, std::uint32_t leaf);

}  // namespace mandate::bench
