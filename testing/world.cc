#include "testing/world.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "mandate/crypto/hash.h"

namespace mandate::test {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "a test's world was refused: %s: %s\n",
                 std::string(name(result.error().reason)).c_str(), result.error().detail.c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace

const Instant kWorldTime = parse_rfc3339("2027-01-15T12:00:00Z").value();

Document document_of(std::string_view yaml) {
  return must(json::parse_yaml(yaml).and_then(Document::parse));
}

Result<std::string> name_authenticator(const Authenticator& authenticator) {
  json::Value proof;
  if (const auto* jwk = std::get_if<json::Value>(&authenticator.proof)) {
    proof = *jwk;
  } else {
    const auto& issued = std::get<Authenticator::Issued>(authenticator.proof);
    proof.set("issuer", issued.issuer.text());
    for (const auto& [claim, value] : issued.claims) proof.set("claim " + claim, value);
  }
  return encode_base64url(mandate::view(crypto::sha256(json::canonical(proof))));
}

record::ApplyOptions apply_options() {
  record::ApplyOptions options;
  options.name_authenticator = name_authenticator;
  return options;
}

World::World(std::string_view yaml) { apply(yaml); }
World::World(std::string_view yaml, record::AuthenticatorNamer namer) : namer_(std::move(namer)) {
  apply(yaml);
}

record::Plan World::apply(std::string_view yaml, bool prune) {
  record::ApplyOptions options;
  options.name_authenticator = namer_;
  options.prune = prune;
  return commit(record::plan_apply(view(), document_of(yaml), options, kWorldTime));
}

record::Plan World::revoke(record::NodeKind kind, std::string_view id) {
  return commit(record::plan_revoke(view(), kind, id, std::nullopt));
}

record::Plan World::suspend(std::string_view principal) {
  return commit(record::plan_suspend(view(), must(PrincipalId::parse(principal))));
}

record::Plan World::resume(std::string_view principal) {
  return commit(record::plan_resume(view(), must(PrincipalId::parse(principal))));
}

record::Plan World::hop_grant(const DelegationDefinition& delegation, Instant now) {
  return commit(record::plan_hop_grant(view(), delegation, now));
}

record::Plan World::commit(Result<record::Plan> result) {
  record::Plan plan = must(std::move(result));
  for (const record::Change& change : plan.changes) {
    // Read back from its entry, as every replica will.
    std::string entry = record::serialise({kWorldTime, "workload:operator", change});
    must(state_.apply(must(record::parse_event(entry))));
    entries_.push_back(std::move(entry));
  }
  state_.publish();
  return plan;
}

}  // namespace mandate::test
