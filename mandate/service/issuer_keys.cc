#include "mandate/service/issuer_keys.h"

#include <algorithm>

#include "mandate/base/bytes.h"
#include "mandate/service/bootstrap.h"
#include "mandate/service/key_cache.h"

namespace mandate::service {
namespace {

bool is_of(const crypto::PublicKey& key, SigningAlgorithm algorithm) {
  return key.type() ==
         (algorithm == SigningAlgorithm::kRs256 ? crypto::KeyType::kRsa : crypto::KeyType::kP256);
}

Authenticator authenticator_of(const crypto::PublicKey& key, Instant not_after) {
  Authenticator made{key.to_jwk(), std::nullopt};
  if (not_after != kEndOfTime) made.not_after = not_after;
  return made;
}

}  // namespace

std::string_view name(SigningAlgorithm algorithm) {
  return algorithm == SigningAlgorithm::kRs256 ? "RS256" : "ES256";
}

SigningAlgorithm algorithm_of(const crypto::PublicKey& key) {
  return is_of(key, SigningAlgorithm::kRs256) ? SigningAlgorithm::kRs256 : SigningAlgorithm::kEs256;
}

std::vector<IssuerKey> issuer_keys_on_record(const record::View& view, Instant now) {
  std::vector<IssuerKey> keys;
  const auto handle = view.find_principal(kIssuerPrincipal);
  const record::Principal* server = handle ? view.principal(*handle) : nullptr;
  if (server == nullptr) return keys;
  for (record::AuthenticatorHandle each : server->authenticators) {
    const record::AuthenticatorRecord* record = view.authenticator(each);
    if (record == nullptr || record->status != record::Status::kActive) continue;
    if (record->not_after <= now) continue;
    const auto* jwk = std::get_if<json::Value>(&record->definition->proof);
    if (jwk == nullptr) continue;
    Result<crypto::PublicKey> key = crypto::PublicKey::from_jwk(*jwk);
    if (!key) continue;
    const SigningAlgorithm algorithm = algorithm_of(*key);
    if (!is_of(*key, algorithm)) continue;
    keys.push_back({std::string(view.id(each)), algorithm, *std::move(key), record->not_after});
  }
  return keys;
}

Result<record::Plan> plan_issuer_keys(const record::View& view, const IssuerKeyChange& change,
                                      Instant now) {
  PrincipalDefinition server{.id = PrincipalId::parse(kIssuerPrincipal).value(),
                             .owner = TeamId::parse(kOperatorTeam).value(),
                             .environment = {},
                             .not_after = std::nullopt,
                             .authenticators = {}};
  record::Plan revocations;
  std::size_t met = 0;
  for (const IssuerKey& key : issuer_keys_on_record(view, now)) {
    const auto& revoked = change.revoked;
    if (std::find(revoked.begin(), revoked.end(), key.kid) != revoked.end()) {
      Result<record::Plan> one =
          record::plan_revoke(view, record::NodeKind::kAuthenticator, key.kid, std::nullopt);
      if (!one) return one;
      revocations.changes.insert(revocations.changes.end(), one->changes.begin(),
                                 one->changes.end());
      revocations.differences.insert(revocations.differences.end(), one->differences.begin(),
                                     one->differences.end());
      ++met;
      continue;
    }
    Instant not_after = key.not_after;
    for (const auto& [kid, end] : change.ending) {
      if (kid != key.kid) continue;
      not_after = end;
      ++met;
    }
    if (not_after > now) server.authenticators.push_back(authenticator_of(key.key, not_after));
  }
  if (met != change.revoked.size() + change.ending.size()) {
    return fail(Reason::kBadRequest, Place::kPath,
                "there is no such signing key; `mandate keys list` names those that are believed");
  }
  if (change.added) server.authenticators.push_back(authenticator_of(*change.added, kEndOfTime));
  if (server.authenticators.size() > limits::kAuthenticatorsMax) {
    return fail(Reason::kLimitExceeded,
                "there are " + std::to_string(limits::kAuthenticatorsMax) +
                    " signing keys already; expected `mandate keys retire` first");
  }
  // Through its reader: on record authenticators stand in canonical order.
  Result<PrincipalDefinition> definition = PrincipalDefinition::parse(server.to_json());
  if (!definition) return fail(definition.error());
  Document document;
  document.principals.push_back(*std::move(definition));
  Result<record::Plan> plan = record::plan_apply(
      view, document, {.prune = false, .name_authenticator = authenticator_id, .keep = {}}, now);
  if (!plan) return plan;
  // Last: a principal is never without its list.
  for (record::Change& revoked : revocations.changes) plan->changes.push_back(std::move(revoked));
  for (record::Difference& ended : revocations.differences) {
    plan->differences.push_back(std::move(ended));
  }
  return plan;
}

IssuerKeyChange change_at_start(const record::View& view, const crypto::PublicKey& key,
                                Instant now) {
  IssuerKeyChange change;
  const std::string kid = key.thumbprint_base64url();
  for (const IssuerKey& other : issuer_keys_on_record(view, now)) {
    if (other.algorithm != algorithm_of(key)) continue;
    if (other.kid == kid && other.signs()) return {};
    change.revoked.push_back(other.kid);
  }
  change.added = key;
  return change;
}

IssuerKeyRing::IssuerKeyRing(std::string issuer, const crypto::PrivateKey& es256,
                             const crypto::PrivateKey& rs256)
    : issuer_(std::move(issuer)) {
  const std::vector<crypto::PublicKey> keys = {es256.public_key(), rs256.public_key()};
  // Read from the record before its first use.
  versions_.push_back(std::make_unique<const IssuerKeys>(
      IssuerKeys{es256, rs256, keys, token::AccessTokenVerifier(issuer_, keys), kBeginningOfTime}));
  current_.store(versions_.back().get(), std::memory_order_release);
}

const IssuerKeys& IssuerKeyRing::at(const std::function<record::View()>& view, Instant now) {
  const IssuerKeys* keys = current_.load(std::memory_order_acquire);
  if (now < keys->until) return *keys;
  refresh(view(), now, std::nullopt);
  return *current_.load(std::memory_order_acquire);
}

void IssuerKeyRing::refresh(const record::View& view, Instant now,
                            const std::optional<crypto::PrivateKey>& signer) {
  const std::lock_guard lock(mutex_);
  const IssuerKeys& before = *current_.load(std::memory_order_acquire);
  crypto::PrivateKey es256 = before.es256;
  crypto::PrivateKey rs256 = before.rs256;
  if (signer) {
    const bool rsa = algorithm_of(signer->public_key()) == SigningAlgorithm::kRs256;
    (rsa ? rs256 : es256) = *signer;
  }
  // What signs stands first, and is believed by whoever signed with it.
  std::vector<crypto::PublicKey> keys = {es256.public_key(), rs256.public_key()};
  Instant until = kEndOfTime;
  for (const IssuerKey& key : issuer_keys_on_record(view, now)) {
    const bool is_signer =
        key.kid == keys[0].thumbprint_base64url() || key.kid == keys[1].thumbprint_base64url();
    if (!is_signer) keys.push_back(key.key);
    until = std::min(until, key.not_after);
  }
  token::AccessTokenVerifier verifier(issuer_, keys);
  versions_.push_back(std::make_unique<const IssuerKeys>(
      IssuerKeys{std::move(es256), std::move(rs256), std::move(keys), std::move(verifier), until}));
  current_.store(versions_.back().get(), std::memory_order_release);
}

}  // namespace mandate::service
