#include "mandate/observe/identities.h"

#include <algorithm>
#include <set>
#include <string>

#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"

namespace mandate::observe {
namespace {

constexpr std::size_t kPlainBytesMax = 150;    // of a name that is not one, before its digest
constexpr std::size_t kDigestCharacters = 16;  // base64url: 96 bits
constexpr std::size_t kNameBytesMax = 300;     // a SPIFFE id may be as long as 2,048 bytes

bool is_plain(char c) {
  const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return is_word || std::string_view("@._:/-+=").find(c) != std::string_view::npos;
}

std::string plain_of(std::string_view name) {
  std::string plain;
  for (char c : name.substr(0, kPlainBytesMax)) plain += is_plain(c) ? c : '-';
  const std::string digest = encode_base64url(view(crypto::sha256(name)));
  return plain + "-" + digest.substr(0, kDigestCharacters);
}

// CloudTrail names no role where a service takes one on by itself, and a new session each time:
// arn:aws:sts::1:assumed-role/ROLE/SESSION is arn:aws:iam::1:role/ROLE.
std::string role_behind(std::string_view session) {
  constexpr std::string_view kService = ":sts::";
  constexpr std::string_view kKind = ":assumed-role/";
  const std::size_t service = session.find(kService);
  const std::size_t kind = session.find(kKind);
  if (!session.starts_with("arn:") || kind == std::string_view::npos || service > kind) return {};
  const std::string_view account =
      session.substr(service + kService.size(), kind - service - kService.size());
  const std::string_view role = session.substr(kind + kKind.size());
  return std::string(session.substr(0, service)) + ":iam::" + std::string(account) + ":role/" +
         std::string(role.substr(0, role.find('/')));
}

bool did_something(const CredentialRow& row) {
  return std::any_of(row.uses.begin(), row.uses.end(),
                     [](const Use& use) { return use.key.outcome == Outcome::kSucceeded; });
}

bool is_governed(const PrincipalRow& row) {
  return row.kind != ActorKind::kService && row.kind != ActorKind::kAnonymous;
}

// Inventories name groups, patterns and guests, too; these forms are identities of their own.
bool is_listed(const graph::Graph& graph, graph::Node node) {
  const std::string_view id = graph.id(node);
  if (graph.kind(node) != graph::NodeKind::kPrincipal) return false;
  if (id.find('*') != std::string_view::npos) return false;
  if (id.starts_with("system:serviceaccount:")) return true;
  if (id.starts_with("arn:")) {
    return id.find(":user/") != std::string_view::npos ||
           id.find(":role/") != std::string_view::npos;
  }
  const auto edges = graph.edges_of(node, graph::Direction::kForward);
  return std::any_of(edges.begin(), edges.end(), [&](graph::Edge edge) {
    return graph.edge(edge).relation == graph::Relation::kMayActFor;
  });
}

}  // namespace

PrincipalId identity_of(std::string_view name, bool is_person) {
  const std::string prefix = is_person ? "human:" : "workload:";
  // An id with '*' could not be an identifier: nobody could be asked about it.
  if (name.size() <= kNameBytesMax && name.find('*') == std::string_view::npos) {
    if (Result<PrincipalId> own = PrincipalId::parse(name)) return *std::move(own);
    if (Result<PrincipalId> made = PrincipalId::parse(prefix + std::string(name))) {
      return *std::move(made);
    }
  }
  return PrincipalId::parse(prefix + plain_of(name)).value();
}

std::vector<PrincipalId> identities_of(const Summary& summary, const graph::Graph& inventory) {
  std::set<PrincipalId> found;
  for (const auto& [name, principal] : summary.principals()) {
    if (!is_governed(principal)) continue;
    const bool is_person = !principal.as_person.events().empty() || principal.is_personal;
    for (const std::string& credential : principal.credentials) {
      const auto row = summary.credentials().find(credential);
      if (row == summary.credentials().end() || !did_something(row->second)) continue;
      const std::string role =
          row->second.role.empty() ? role_behind(name) : std::string(row->second.role);
      const std::string& whom = role.empty() ? name : role;
      if (!whom.empty()) found.insert(identity_of(whom, is_person && role.empty()));
    }
  }
  for (graph::Node node = 0; node < inventory.node_count(); ++node) {
    if (is_listed(inventory, node)) found.insert(identity_of(inventory.id(node), false));
  }
  return {found.begin(), found.end()};
}

}  // namespace mandate::observe
