// What a token rests on, of decision.h: the nodes it names, and its lineage.
#include <algorithm>

#include "mandate/base/bytes.h"
#include "mandate/decision/chain.h"

namespace mandate::decision {

using record::NodeKind;
using record::NodeRef;
using record::Status;
using record::View;

namespace {

Result<void> check_node(const View& view, const NodeRef& node, Instant now) {
  const auto check = [&](const auto* value, const auto& handle) -> Result<void> {
    if (value == nullptr) {
      return fail(Reason::kStateTooOld,
                  "node " + quoted(record::short_id(node)) + " is not on record yet");
    }
    if (value->status == Status::kEnded) {
      return fail(Reason::kAncestorRevoked,
                  std::string(name(node.kind)) + " " + quoted(view.id(handle)) + " is revoked");
    }
    return {};
  };
  switch (node.kind) {
    case NodeKind::kPrincipal: return check_principal(view, {node.index}, now);
    case NodeKind::kTeam: return check(view.team({node.index}), record::TeamHandle{node.index});
    case NodeKind::kResource:
      return check(view.resource({node.index}), record::ResourceHandle{node.index});
    case NodeKind::kEntitlement:
      return check(view.entitlement({node.index}), record::EntitlementHandle{node.index});
    case NodeKind::kDelegation:
      return check(view.delegation({node.index}), record::DelegationHandle{node.index});
    case NodeKind::kTrustedIssuer:
      return check(view.trusted_issuer({node.index}), record::TrustedIssuerHandle{node.index});
    case NodeKind::kAuthenticator: {
      const record::AuthenticatorHandle handle{node.index};
      const record::AuthenticatorRecord* authenticator = view.authenticator(handle);
      Result<void> live = check(authenticator, handle);
      if (live && now >= authenticator->not_after) {
        return fail(Reason::kCredentialExpired, "authenticator " + quoted(view.id(handle)) +
                                                    " ended at " +
                                                    format_rfc3339(authenticator->not_after));
      }
      return live;
    }
    case NodeKind::kToken:
    case NodeKind::kTransaction: break;
  }
  const bool revoked = node.kind == NodeKind::kToken ? view.token_revoked(node.text)
                                                     : view.transaction_revoked(node.text);
  if (revoked) {
    return fail(Reason::kAncestorRevoked,
                std::string(name(node.kind)) + " " + quoted(node.text) + " is revoked");
  }
  return {};
}

}  // namespace

Result<void> check_revision(const View& view, const TokenClaims& claims) {
  if (claims.revision <= view.revision()) return {};
  return fail(Reason::kStateTooOld, Place::kAccessToken,
              "the token was issued at revision " + std::to_string(claims.revision) + ", this is " +
                  std::to_string(view.revision()));
}

Result<void> check_not_revoked(const View& view, const TokenClaims& claims, std::uint64_t jti_hash,
                               std::uint64_t transaction_hash) {
  if (view.token_revoked(claims.jti, jti_hash)) {
    return fail(Reason::kTokenRevoked, Place::kAccessToken, "the token is revoked");
  }
  if (view.transaction_revoked(claims.transaction, transaction_hash)) {
    return fail(Reason::kAncestorRevoked, Place::kAccessToken,
                "transaction " + quoted(claims.transaction) + " is revoked");
  }
  return {};
}

Result<void> check_rests_on(const View& view, const std::vector<std::string>& short_ids,
                            Instant now) {
  for (const std::string& text : short_ids) {
    const Result<NodeRef> node = record::parse_short_id(text);
    if (!node) {
      return fail(Reason::kTokenMalformed, Place::kAccessToken, node.error().detail);
    }
    if (Result<void> live = check_node(view, *node, now); !live) {
      return live;
    }
  }
  return {};
}

Result<void> check_rests_on(const View& view, const std::vector<NodeRef>& nodes, Instant now) {
  for (const NodeRef& node : nodes) {
    if (Result<void> live = check_node(view, node, now); !live) return live;
  }
  return {};
}

void read_ahead(const View& view, const Standing& standing) {
  for (const record::DelegationHandle hop : standing.lineage.delegations) view.read_ahead(hop);
  view.read_ahead(standing.lineage.entitlement);
  for (const record::PrincipalHandle holder : standing.holders) view.read_ahead(holder);
}

void read_ahead(const View& view, const Chain& chain) {
  for (std::size_t i = 0; i < chain.size; ++i) chain.hops[i]->authority->read_ahead();
  for (std::size_t i = 0; i <= chain.size; ++i) {
    const record::Principal* holder = view.principal(chain.holder(i));
    if (holder != nullptr && holder->owner) view.read_ahead(*holder->owner);
  }
}

Result<void> check_token(const View& view, const TokenClaims& claims, Instant now) {
  return check_revision(view, claims)
      .and_then([&] {
        return check_not_revoked(view, claims, View::hash_of(claims.jti),
                                 View::hash_of(claims.transaction));
      })
      .and_then([&] { return check_rests_on(view, claims.rests_on, now); });
}

Result<Lineage> lineage_of(const View& view, const TokenClaims& claims) {
  return standing_of(view, claims).map([](Standing standing) {
    return std::move(standing.lineage);
  });
}

Result<Standing> standing_of(const View& view, const TokenClaims& claims) {
  const auto malformed = [](std::string detail) {
    return fail(Reason::kTokenMalformed, Place::kAccessToken, std::move(detail));
  };
  Standing standing;
  standing.besides.reserve(claims.rests_on.size());
  std::optional<record::EntitlementHandle> root;
  for (const std::string& text : claims.rests_on) {
    Result<NodeRef> node = record::parse_short_id(text);
    if (!node || (node->kind == NodeKind::kEntitlement && root)) {
      return malformed("rests_on holds " + quoted(text) + "; expected short ids, one entitlement");
    }
    if (node->kind == NodeKind::kEntitlement) {
      root = record::EntitlementHandle{node->index};
    }
    standing.besides.push_back(*std::move(node));
  }
  if (!root) {
    return fail(Reason::kOutsideAuthority, Place::kAccessToken,
                "the token rests on no entitlement and carries no authority");
  }
  standing.lineage.entitlement = *root;
  standing.lineage.delegations.reserve(claims.lineage.size());
  for (const DelegationId& id : claims.lineage) {
    const std::optional<record::DelegationHandle> handle = view.find_delegation(id.text());
    if (!handle) {
      return malformed("delegation " + quoted(id.text()) + " is not on record");
    }
    standing.lineage.delegations.push_back(*handle);
  }
  const Result<Chain> chain = resolve(view, standing.lineage);
  if (!chain) {
    return malformed(chain.error().detail);
  }
  for (std::size_t i = 0; i <= chain->size; ++i) standing.holders.push_back(chain->holder(i));
  // Who holds what never changes, so what the lineage itself shows need not be looked at twice.
  std::erase_if(standing.besides, [&](const NodeRef& node) {
    const auto is_it = [&](record::PrincipalHandle holder) { return holder.index == node.index; };
    return node.kind == NodeKind::kEntitlement ||
           (node.kind == NodeKind::kPrincipal && std::ranges::any_of(standing.holders, is_it));
  });
  standing.besides.shrink_to_fit();
  standing.subject = view.find_principal(claims.subject.text());
  standing.client = view.find_principal(claims.client_id.text());
  standing.jti_hash = View::hash_of(claims.jti);
  standing.transaction_hash = View::hash_of(claims.transaction);
  standing.audience = view.find_resource(claims.audience.text());
  const StoredAuthority* leaf =
      chain->size == 0 ? chain->root->authority : chain->hops[0]->authority;
  if (*leaf == claims.authority) standing.authority = leaf;
  return standing;
}

}  // namespace mandate::decision
