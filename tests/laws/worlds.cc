#include "tests/laws/worlds.h"

#include <cstdio>
#include <cstdlib>

namespace mandate::test {
namespace {

using model::Authority;
using model::Constraint;
using model::Permission;
using model::World;

constexpr int kDay = 1440;
const std::vector<std::string> kHumans = {"human:h0", "human:h1", "human:h2"};
const std::vector<std::string> kSoftware = {"agent:a0",    "agent:a1",       "service:s0",
                                            "pipeline:p0", "integration:i0", "agent:a2",
                                            "service:s1",  "workload:w0"};
const std::vector<std::string> kSegments = {"eu", "us", "1", "2"};
const std::vector<std::string> kActions = {"read", "write", "close"};
// Ends and beginnings lie on these, and so do many instants that are asked about.
const std::vector<int> kInstants = {9 * kDay, 9 * kDay + 720, 10 * kDay, 11 * kDay + 600};

// The locations of a type.
model::Words locations_of(const std::string& type) {
  return type == "t" ? model::Words{"https://r0.example", "https://r1.example"}
                     : model::Words{"https://r2.example"};
}

void drop_one(Source& source, model::Words& words) {
  if (words.size() > 1) {
    words.erase(std::string(source.pick(words)));
  }
}

Constraint make_constraint(Source& source) {
  switch (source.below(5)) {
    case 0:
      return {"environments", "",
              source.chance(70) ? model::Words{"prod", "test"}
                                : model::Words{source.pick(kSegments), "prod"}};
    case 1:
      return {"networks", "",
              source.chance(55) ? model::Words{"10.1.", "10.2."} : model::Words{"10.2."}};
    case 2: {
      const int from = source.below(20) * 60;
      return {"hours",
              "",
              {"0", "1", "2", std::to_string(source.below(7))},
              from,
              source.chance(80) ? from + 60 * (1 + source.below(4)) : source.below(24) * 60};
    }
    case 3:
      return {"any_of", "context.severity",
              source.chance(55) ? model::Words{"low", "medium"} : model::Words{"high"}};
    default: return {"max", "context.amount", {}, 0, source.below(6)};
  }
}

std::string make_pattern(Source& source) {
  std::string text;
  for (int i = source.below(3); i >= 0; --i) {
    text += (text.empty() ? "" : "/") + (source.chance(30) ? "*" : source.pick(kSegments));
  }
  return source.chance(30) ? text + "/**" : text;
}

// Something that the pattern matches.
std::string make_identifier(Source& source, const std::string& pattern) {
  std::string text;
  for (std::string rest = pattern; !rest.empty(); rest = model::tail(rest)) {
    const std::string segment = model::head(rest);
    const bool wild = segment == "*" || segment == "**";
    text += (text.empty() ? "" : "/") + (wild ? source.pick(kSegments) : segment);
    if (segment == "**" && source.chance(40)) {
      text += "/" + source.pick(kSegments);
    }
  }
  return text;
}

Permission make_permission(Source& source) {
  Permission permission;
  permission.type = source.chance(75) ? "t" : "u";
  permission.locations = locations_of(permission.type);
  permission.actions = {kActions.begin(), kActions.end()};
  if (source.chance(30)) {
    permission.identifier = source.chance(50) ? "**" : source.pick(kSegments) + "/**";
  }
  return permission;
}

Authority make_authority(Source& source, const Authority* above) {
  Authority authority;
  for (int i = source.below(2); i >= 0; --i) {
    authority.push_back(above == nullptr || source.chance(8)
                            ? make_permission(source)
                            : narrowed(source, source.pick(*above)));
  }
  return authority;
}

void make_principals(Source& source, World& world) {
  const auto state = [&]() -> char { return source.chance(95) ? 'a' : "srd"[source.below(3)]; };
  const auto end = [&] { return source.chance(97) ? kForEver : source.pick(kInstants); };
  for (const std::string& id : kHumans) {
    world.principals[id] = {state(), end(), ""};
  }
  world.teams = {{"team:t0", {"human:h0", "human:h1"}}, {"team:t1", {"human:h2"}}};
  if (source.chance(5)) {
    world.teams["team:t1"].clear();
  }
  for (const std::string& id : kSoftware) {
    const std::vector<std::string> owners = {"team:t0", "team:t1", source.pick(kHumans)};
    world.principals[id] = {state(), end(), source.pick(owners)};
  }
}

std::string anybody(Source& source) {
  return source.chance(75) ? source.pick(kSoftware) : source.pick(kHumans);
}

}  // namespace

Permission narrowed(Source& source, Permission permission) {
  if (source.chance(25)) {
    drop_one(source, permission.actions);
  }
  if (source.chance(15)) {
    drop_one(source, permission.locations);
  }
  if (source.chance(30)) {
    permission.identifier = permission.identifier.empty()
                                ? make_pattern(source)
                                : make_identifier(source, permission.identifier);
  }
  if (source.chance(35)) {
    permission.constraints.push_back(make_constraint(source));
  }
  return permission;
}

World make_world(Source& source) {
  World world;
  make_principals(source, world);
  world.resources = {
      {"https://r0.example", "prod"}, {"https://r1.example", "test"}, {"https://r2.example", ""}};
  std::vector<std::string> delegations;
  for (int i = 0; i < 3; ++i) {
    const std::string& holder = source.chance(80) ? source.pick(kHumans) : source.pick(kSoftware);
    world.grants["e" + std::to_string(i)] = {"",
                                             "",
                                             holder,
                                             make_authority(source, nullptr),
                                             0,
                                             kForEver,
                                             2 + source.below(3),
                                             source.chance(3)};
  }
  for (int i = 0; i < 9; ++i) {
    model::Grant grant{"",
                       "",
                       anybody(source),
                       {},
                       0,
                       kForEver,
                       source.chance(30) ? 0 : 1 + source.below(3),
                       source.chance(4)};
    if (delegations.empty() || source.chance(40)) {
      const model::Grant& root = world.grants.at("e" + std::to_string(source.below(3)));
      grant.from = root.to;
      grant.authority = make_authority(source, &root.authority);
    } else {
      grant.parent = source.pick(delegations);
      grant.authority = make_authority(source, &world.grants.at(grant.parent).authority);
    }
    if (source.chance(6)) {
      grant.begin = source.pick(kInstants);
    } else if (source.chance(6)) {
      grant.end = source.pick(kInstants);
    }
    delegations.push_back("d" + std::to_string(i));
    world.grants[delegations.back()] = std::move(grant);
  }
  if (source.chance(40)) {
    world.guardrails[source.chance(50) ? "agent:" : source.pick(kSoftware)] = source.below(3);
  }
  return world;
}

model::Request make_request(Source& source, const Authority& near) {
  const Permission permission = source.chance(90) ? source.pick(near) : make_permission(source);
  model::Request request;
  request.type = source.chance(98) ? permission.type : "u";
  request.location = source.chance(96)   ? source.pick(permission.locations)
                     : source.chance(80) ? "https://r1.example"
                                         : "https://nowhere.example";
  request.action = source.chance(92) ? source.pick(permission.actions) : source.pick(kActions);
  if (source.chance(94)) {
    request.identifier = make_identifier(source, permission.identifier.empty() || source.chance(6)
                                                     ? make_pattern(source)
                                                     : permission.identifier);
  }
  if (source.chance(88)) {
    request.address = source.chance(85) ? "10.2.0.7" : source.chance(50) ? "10.1.0.7" : "10.3.0.7";
  }
  if (source.chance(85)) {
    request.words["context.severity"] = source.chance(75) ? "low" : "high";
  }
  if (source.chance(85)) {
    request.numbers["context.amount"] = source.chance(75) ? 0 : source.below(7);
  }
  request.now = source.chance(60) ? source.pick(kInstants) : 7 * kDay + source.below(7 * kDay);
  return request;
}

std::vector<model::Lineage> lineages_of(const World& world) {
  std::vector<model::Lineage> lineages;
  for (const auto& entry : world.principals) {
    for (model::Lineage& lineage : model::lineages_of(world, entry.first)) {
      lineages.push_back(std::move(lineage));
    }
  }
  return lineages;
}

Case make_case(Source& source, const World& world, const std::vector<model::Lineage>& lineages) {
  Case question;
  model::Token& token = question.token;
  token.lineage = source.pick(lineages);
  const model::Grant& leaf = world.grants.at(token.lineage.front());
  question.request = make_request(source, leaf.authority);
  token.authority = leaf.authority;
  if (source.chance(15)) {
    token.authority = {narrowed(source, source.pick(leaf.authority))};
  }
  token.subject = source.chance(99) ? world.grants.at(token.lineage.back()).to : "human:h0";
  token.actor = source.chance(99) ? leaf.to : "agent:a0";
  token.audience = source.chance(98) ? question.request.location : "https://r0.example";
  token.key = source.chance(99) ? "key" : "";
  token.proof = source.chance(98) ? "key" : source.chance(50) ? "other" : "";
  token.end = source.chance(97) ? kForEver : source.pick(kInstants);
  token.revoked = source.chance(1);
  token.ancestor_revoked = source.chance(1);
  return question;
}

Permitted make_permitted(Source& source) {
  for (int tries = 0; tries < 10'000; ++tries) {
    Permitted found{make_world(source), {}};
    found.question = make_case(source, found.world, lineages_of(found.world));
    if (model::refusals(found.world, found.question.token, found.question.request).empty()) {
      return found;
    }
  }
  std::fprintf(stderr, "of 10,000 generated cases the model permits none\n");
  std::abort();
}

std::string describe(const Case& question) {
  const model::Request& r = question.request;
  std::string text = r.type + ":" + r.action + " at " + r.location + " on '" + r.identifier +
                     "' from '" + r.address + "' at minute " + std::to_string(r.now) + " under";
  for (const std::string& id : question.token.lineage) {
    text += " " + id;
  }
  return text;
}

}  // namespace mandate::test
