#include <algorithm>

#include "mandate/authority/definition.h"
#include "mandate/authority/public_jwk.h"
#include "mandate/authority/reading.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"

namespace mandate {
namespace {

constexpr std::size_t kClaimNameBytesMax = 128;
constexpr std::size_t kClaimValueBytesMax = 1024;

json::Value to_json(const Authenticator& authenticator) {
  json::Value out{json::Object{}};
  if (const auto* issued = std::get_if<Authenticator::Issued>(&authenticator.proof)) {
    out.set("issuer", issued->issuer.text());
    json::Value claims{json::Object{}};
    for (const auto& [claim, value] : issued->claims) {
      claims.set(claim, value);
    }
    out.set("claims", std::move(claims));
  } else {
    out.set("jwk", std::get<json::Value>(authenticator.proof));
  }
  reading::set(out, "not_after", authenticator.not_after);
  return out;
}

std::vector<std::pair<std::string, std::string>> read_claims(json::ObjectReader& in) {
  std::vector<std::pair<std::string, std::string>> claims;
  const json::Value* value = in.required("claims");
  if (value == nullptr) {
    return claims;
  }
  if (!value->is_object() || value->as_object().empty() ||
      value->as_object().size() > limits::kClaimConditionsMax) {
    in.refuse("claims: expected an object of 1 to " + std::to_string(limits::kClaimConditionsMax) +
                  " claims and their values",
              value);
    return claims;
  }
  for (const json::Member& claim : value->as_object()) {
    if (claim.key.empty() || claim.key.size() > kClaimNameBytesMax) {
      in.refuse("claim name " + quoted(claim.key) + ": expected 1 to 128 bytes", &claim.value);
    }
    claims.emplace_back(claim.key,
                        reading::text_at(in, claim.key, &claim.value, kClaimValueBytesMax));
  }
  std::sort(claims.begin(), claims.end());
  return claims;
}

Result<Authenticator> read_jwk(json::ObjectReader& in, PrincipalKind owner) {
  const json::Value* value = in.required("jwk");
  if (owner == PrincipalKind::kHuman) {
    in.refuse(
        "a human has no \"jwk\": a person signs in through a trusted issuer, and a person's "
        "credential never authenticates software; expected issuer and claims",
        value);
  } else if (!is_software(owner)) {
    in.refuse(
        "an organization has no \"jwk\": it acts through software of its own; expected the key "
        "at that principal",
        value);
  }
  std::optional<json::Value> jwk = reading::accept(in, parse_public_jwk(*value), value);
  std::optional<Instant> not_after = reading::instant(in, "not_after");
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return Authenticator{std::move(*jwk), not_after};
}

Result<Authenticator> read_authenticator(const json::Value& value, PrincipalKind owner) {
  json::ObjectReader in(value, "authenticator");
  in.not_enforced("x509");
  if (in.has("jwk")) {
    return read_jwk(in, owner);
  }
  if (!in.has("issuer")) {
    in.optional("jwk");
    in.optional("claims");
    in.optional("not_after");
    in.refuse(owner == PrincipalKind::kHuman
                  ? "authenticator has no \"issuer\"; expected issuer and claims"
                  : "authenticator has no \"jwk\"; expected a public key");
  }
  if (owner != PrincipalKind::kHuman) {
    reading::not_enforced(in, "an issuer as authenticator of software", in.optional("issuer"));
  }
  std::optional<TrustedIssuerId> issuer = reading::required<TrustedIssuerId>(in, "issuer");
  std::vector<std::pair<std::string, std::string>> claims = read_claims(in);
  std::optional<Instant> not_after = reading::instant(in, "not_after");
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return Authenticator{Authenticator::Issued{std::move(*issuer), std::move(claims)}, not_after};
}

std::vector<Authenticator> read_authenticators(json::ObjectReader& in, PrincipalKind owner) {
  std::vector<std::pair<std::string, Authenticator>> keyed;
  reading::Unique unique("authenticator");
  reading::each(in, "authenticators", in.optional("authenticators"), limits::kAuthenticatorsMax,
                [&](const json::Value& item) {
                  std::optional<Authenticator> read =
                      reading::accept(in, read_authenticator(item, owner), &item);
                  if (read) {
                    // One proof with two ends would be two answers to one question.
                    std::string key = json::canonical(to_json(Authenticator{read->proof, {}}));
                    unique.add(in, key, item);
                    keyed.emplace_back(std::move(key), std::move(*read));
                  }
                });
  std::sort(keyed.begin(), keyed.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Authenticator> out;
  out.reserve(keyed.size());
  for (auto& entry : keyed) {
    out.push_back(std::move(entry.second));
  }
  return out;
}

// A team, or a person.
std::optional<Owner> read_owner(json::ObjectReader& in, const PrincipalId& id) {
  const PrincipalKind kind = kind_of(id);
  const json::Value* value = in.optional("owner");
  if (value == nullptr) {
    if (is_software(kind)) {
      in.refuse("principal " + quoted(id.text()) + " has no \"owner\"; expected a team or a human");
    }
    return std::nullopt;
  }
  const std::string* text = reading::string_at(in, "owner", value);
  if (text == nullptr) {
    return std::nullopt;
  }
  if (kind == PrincipalKind::kHuman) {
    in.refuse("a human has no owner; expected \"owner\" left out", value);
  }
  if (text->starts_with("team:")) {
    return reading::accept(in, TeamId::parse(*text), value);
  }
  std::optional<PrincipalId> person = reading::accept(in, PrincipalId::parse(*text), value);
  if (person && kind_of(*person) != PrincipalKind::kHuman) {
    in.refuse("owner " + quoted(*text) + ": expected a team or a human", value);
  }
  return person;
}

const std::string& text_of(const Owner& owner) {
  return std::visit([](const auto& id) -> const std::string& { return id.text(); }, owner);
}

}  // namespace

Result<TeamDefinition> TeamDefinition::parse(const json::Value& value) {
  json::ObjectReader in(value, "team");
  std::optional<TeamId> id = reading::required<TeamId>(in, "id");
  std::vector<PrincipalId> members;
  reading::Unique unique("member");
  reading::each(
      in, "members", in.required("members"), limits::kTeamMembersMax, [&](const json::Value& item) {
        std::optional<PrincipalId> member = reading::parsed<PrincipalId>(in, "members", &item);
        if (!member) {
          return;
        }
        if (kind_of(*member) != PrincipalKind::kHuman) {
          in.refuse("member " + quoted(member->text()) + ": expected a human", &item);
        }
        unique.add(in, member->text(), item);
        members.push_back(std::move(*member));
      });
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  std::sort(members.begin(), members.end());
  return TeamDefinition{std::move(*id), std::move(members)};
}

json::Value TeamDefinition::to_json() const {
  return json::Value::object({{"id", id.text()}, {"members", reading::texts(members)}});
}

Result<PrincipalDefinition> PrincipalDefinition::parse(const json::Value& value) {
  json::ObjectReader in(value, "principal");
  std::optional<PrincipalId> id = reading::required<PrincipalId>(in, "id");
  if (!id) {
    return fail(in.finish().error());
  }
  std::optional<Owner> owner = read_owner(in, *id);
  std::string environment = reading::environment(in);
  std::optional<Instant> not_after = reading::instant(in, "not_after");
  std::vector<Authenticator> authenticators = read_authenticators(in, kind_of(*id));
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return PrincipalDefinition{std::move(*id), std::move(owner), std::move(environment), not_after,
                             std::move(authenticators)};
}

json::Value PrincipalDefinition::to_json() const {
  json::Value out = json::Value::object({{"id", id.text()}});
  if (owner) {
    out.set("owner", text_of(*owner));
  }
  reading::set_text(out, "environment", environment);
  reading::set(out, "not_after", not_after);
  if (!authenticators.empty()) {
    json::Value list{json::Array{}};
    for (const Authenticator& authenticator : authenticators) {
      list.push_back(mandate::to_json(authenticator));
    }
    out.set("authenticators", std::move(list));
  }
  return out;
}

}  // namespace mandate
