// Nodes of the record: what a decision can rest on. Each has a kind, an id (text, at the edge) and
// a handle (32 bits, inside). Handles count up in the order of first definition, so every replica
// of one record gives the same ones, and a token can name a node by its short id.
//
//   short_id({NodeKind::kEntitlement, 7}) == "e7";   parse_short_id("e7")
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/base/result.h"

namespace mandate::record {

using Revision = std::uint64_t;  // entries of the record: revision n is the state after n entries

enum class NodeKind : std::uint8_t {
  kPrincipal,      // p
  kTeam,           // g
  kResource,       // r
  kEntitlement,    // e
  kDelegation,     // d
  kAuthenticator,  // k; the id is a key's RFC 7638 thumbprint, or a digest of issuer and claims
  kTrustedIssuer,  // i
  kToken,          // t; short id is `t:` + jti
  kTransaction,    // x; short id is `x:` + txn
};
inline constexpr std::size_t kNodeKindCount = 9;

std::string_view name(NodeKind kind);  // "principal", "team", ..., "trusted_issuer", ...
std::optional<NodeKind> parse_node_kind(std::string_view word);
// Tokens and transactions have none: they are named by text alone.
constexpr bool has_handle(NodeKind kind) { return kind < NodeKind::kToken; }

template <class Tag>
struct Handle {
  std::uint32_t index = 0;
  friend bool operator==(Handle, Handle) = default;
  friend auto operator<=>(Handle, Handle) = default;
};
using PrincipalHandle = Handle<struct PrincipalTag>;
using TeamHandle = Handle<struct TeamTag>;
using ResourceHandle = Handle<struct ResourceTag>;
using EntitlementHandle = Handle<struct EntitlementTag>;
using DelegationHandle = Handle<struct DelegationTag>;
using AuthenticatorHandle = Handle<struct AuthenticatorTag>;
using TrustedIssuerHandle = Handle<struct TrustedIssuerTag>;

// A node by kind and handle; tokens and transactions have no handle and are named by text.
struct NodeRef {
  NodeKind kind = NodeKind::kPrincipal;
  std::uint32_t index = 0;
  std::string text;  // of a token or a transaction
  friend bool operator==(const NodeRef&, const NodeRef&) = default;
};
std::string short_id(const NodeRef& node);
Result<NodeRef> parse_short_id(std::string_view text);

}  // namespace mandate::record
