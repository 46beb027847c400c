// The laws of the design, said as plainly as they can be: an executable model to compare the engine
// with. It shares nothing with it, knows no bounds and is slow. Times are minutes since a Monday,
// zones are UTC, addresses and networks are text ("10.1." holds "10.1.2.3").
//
//   refusals(world, token, request).empty()   // permitted
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace mandate::model {

using Words = std::set<std::string>;
struct Constraint {
  std::string kind, path;  // environments, networks, hours, any_of, max; the last two have a path
  Words words;             // names, networks or values; of hours days as "0" (Monday) to "6"
  int from = 0, to = 0;    // minutes of hours; `to` is the bound of max
};
struct Permission {
  std::string type, identifier;  // a pattern; empty: any
  Words locations, actions;
  std::vector<Constraint> constraints;
};
using Authority = std::vector<Permission>;
struct Principal {
  char status;  // 'a'ctive, 's'uspended, 'r'etired, 'd'iscovered
  int end;
  std::string owner;  // a team or a principal
};
struct Grant {                   // a delegation; or an entitlement: without `parent` and `from`
  std::string parent, from, to;  // `from` only without a parent
  Authority authority;
  int begin, end, depth;
  bool revoked;
};
struct World {
  std::map<std::string, Principal> principals;
  std::map<std::string, Words> teams;            // members
  std::map<std::string, std::string> resources;  // environment
  std::map<std::string, Grant> grants;
  std::map<std::string, int> guardrails;  // depth, by how a principal's id begins
};
using Lineage = std::vector<std::string>;  // ids of grants, leaf first, its entitlement last
struct Token {
  Lineage lineage;
  Authority authority;
  std::string subject, actor, audience, key, proof;  // proof: which key was proven
  int end;
  bool revoked, ancestor_revoked;
};
struct Request {
  std::string type, location, action, identifier, address;
  std::map<std::string, std::string> words;
  std::map<std::string, int> numbers;
  int now;
};
using Reasons = std::set<std::string>;  // why not; empty: permitted

inline bool begins(const std::string& text, const std::string& with) {
  return text.rfind(with, 0) == 0;
}
inline std::string head(const std::string& path) { return path.substr(0, path.find('/')); }
inline std::string tail(const std::string& path) {
  return head(path) == path ? "" : path.substr(path.find('/') + 1);
}
inline bool matches(const std::string& pattern, const std::string& name) {
  if (pattern.empty() || name.empty()) return pattern.empty() && name.empty();
  if (pattern == "**") return true;
  return (head(pattern) == "*" || head(pattern) == head(name)) &&
         matches(tail(pattern), tail(name));
}

// Law 7: an input that is missing does not meet a constraint.
inline bool met(const World& world, const Constraint& c, const Request& r) {
  const auto resource = world.resources.find(r.location);
  if (c.kind == "environments") {
    return resource != world.resources.end() && c.words.count(resource->second);
  }
  if (c.kind == "any_of") return r.words.count(c.path) && c.words.count(r.words.at(c.path));
  if (c.kind == "max") return r.numbers.count(c.path) && r.numbers.at(c.path) <= c.to;
  for (const std::string& word : c.words) {
    if (c.kind == "networks" && !r.address.empty() && begins(r.address, word)) return true;
    for (int day = -7; c.kind == "hours" && day <= r.now / 1440; ++day) {
      const int minute = r.now - day * 1440;  // since that day began
      const int to = c.to > c.from ? c.to : c.to + 1440;
      if (word == std::to_string((day + 7) % 7) && c.from <= minute && minute < to) return true;
    }
  }
  return false;
}

inline Reasons inactive(const World& world, const std::string& id, int now) {
  const Principal& p = world.principals.at(id);
  if (p.status == 's') return {"principal_suspended"};
  if (p.status == 'd') return {"principal_discovered"};
  if (p.status == 'r' || now >= p.end) return {"principal_retired"};
  if (begins(id, "human:")) return {};
  const auto team = world.teams.find(p.owner);
  for (const std::string& owner : team == world.teams.end() ? Words{p.owner} : team->second) {
    if (world.principals.count(owner) && inactive(world, owner, now).empty()) return {};
  }
  return {"owner_inactive"};
}

// Law 3: live iff not revoked, in its window, its parties active, and what it rests on live.
// `below` is how many delegations stand below `lineage[below]`.
inline Reasons dead(const World& world, const Lineage& lineage, std::size_t below, int now) {
  if (below == lineage.size()) return {};
  const Grant& grant = world.grants.at(lineage[below]);
  Reasons why = dead(world, lineage, below + 1, now);
  why.merge(inactive(world, grant.to, now));
  const bool is_leaf = below == 0 && lineage.size() > 1;
  if (grant.revoked) why.insert(is_leaf ? "delegation_revoked" : "ancestor_revoked");
  if (now < grant.begin || now >= grant.end) why.insert("outside_window");
  const int depth = static_cast<int>(below);
  if (depth > grant.depth) why.insert("depth_exceeded");
  for (std::size_t above = below + 1; above < lineage.size(); ++above) {
    if (world.grants.at(lineage[above]).to == grant.to) why.insert("depth_exceeded");
  }
  for (const auto& [prefix, allowed] : world.guardrails) {
    if (begins(grant.to, prefix) && depth > allowed) why.insert("guardrail");
  }
  return why;
}

// Every way up from the leaf of `lineage`.
inline void climb(const World& world, const Lineage& lineage, std::vector<Lineage>& all) {
  const Grant& top = world.grants.at(lineage.back());
  if (top.parent.empty() && top.from.empty()) all.push_back(lineage);
  for (const auto& [id, grant] : world.grants) {
    const bool is_root = grant.parent.empty() && grant.from.empty() && grant.to == top.from;
    Lineage longer = lineage;
    longer.push_back(id);
    if (top.parent.empty() ? is_root : id == top.parent) climb(world, longer, all);
  }
}

inline Reasons refusals(const World& world, const Authority& authority, const Request& r) {
  Reasons why;
  for (const Permission& p : authority) {
    Reasons unmet;
    for (const Constraint& c : p.constraints) {
      if (met(world, c, r)) continue;
      unmet.insert(c.kind == "hours" ? "outside_window" : "constraint_not_met");
    }
    if (p.type == r.type && p.locations.count(r.location) && p.actions.count(r.action) &&
        (p.identifier.empty() || matches(p.identifier, r.identifier))) {
      if (unmet.empty()) return {};
      why.merge(unmet);
    }
  }
  return why.empty() ? Reasons{"outside_authority"} : why;
}

// Law 2: this one lineage, live now, permits all of it at every hop and at its root (Law 1).
inline Reasons refusals(const World& world, const Lineage& lineage, const Request& request) {
  Reasons why = dead(world, lineage, 0, request.now);
  if (!world.resources.count(request.location)) why.insert("audience_mismatch");
  for (const std::string& id : lineage) {
    why.merge(refusals(world, world.grants.at(id).authority, request));
  }
  return why;
}

// A token bounds and grants nothing (Law 2); its key is proven (Law 4); it has one audience (Law
// 5).
inline Reasons refusals(const World& world, const Token& token, const Request& request) {
  Reasons why = refusals(world, token.lineage, request);
  why.merge(refusals(world, token.authority, request));
  if (token.key.empty() || token.key != token.proof) why.insert("proof_of_possession");
  if (token.audience != request.location) why.insert("audience_mismatch");
  if (request.now >= token.end) why.insert("token_expired");
  if (token.revoked) why.insert("token_revoked");
  if (token.ancestor_revoked) why.insert("ancestor_revoked");
  const std::string& root_holder = world.grants.at(token.lineage.back()).to;
  if (token.subject != root_holder) why.insert("actor_mismatch");
  if (token.actor != world.grants.at(token.lineage.front()).to) why.insert("actor_mismatch");
  return why;
}

inline std::vector<Lineage> lineages_of(const World& world, const std::string& actor) {
  std::vector<Lineage> all;
  for (const auto& [id, grant] : world.grants) {
    if (grant.to == actor) climb(world, {id}, all);
  }
  return all;
}

inline bool permits(const World& world, const std::string& actor, const Request& request) {
  for (const Lineage& lineage : lineages_of(world, actor)) {
    if (refusals(world, lineage, request).empty()) return true;
  }
  return false;
}

}  // namespace mandate::model
