// Small worlds of the model that are worth deciding about: chains of delegations that mostly
// narrow, a few dead or out of their windows, and requests that mostly lie near what they permit.
//
//   Source source(seed);   model::World world = make_world(source);
//   Case one = make_case(source, world, lineages_of(world));
#pragma once

#include <string>
#include <vector>

#include "model/model.h"
#include "tests/laws/source.h"

namespace mandate::test {

// A question about one lineage: the token that names it, and what is asked with it.
struct Case {
  model::Token token;
  model::Request request;
};

inline constexpr int kForEver = 1 << 30;

model::World make_world(Source& source);
// Part of the permission, or all of it.
model::Permission narrowed(Source& source, model::Permission permission);
// Every lineage of every principal.
std::vector<model::Lineage> lineages_of(const model::World& world);
// Precondition: there is a lineage.
Case make_case(Source& source, const model::World& world,
               const std::vector<model::Lineage>& lineages);
model::Request make_request(Source& source, const model::Authority& near);
// A world and a case that the model permits.
struct Permitted {
  model::World world;
  Case question;
};
Permitted make_permitted(Source& source);

std::string describe(const Case& question);

}  // namespace mandate::test
