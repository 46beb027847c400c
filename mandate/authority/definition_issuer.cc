#include <algorithm>

#include "mandate/authority/definition.h"
#include "mandate/authority/public_jwk.h"
#include "mandate/authority/reading.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"

namespace mandate {
namespace {

constexpr Seconds kTokenAgeMax = std::chrono::hours(24);
constexpr Seconds kTokenAgeDefault{600};
constexpr std::pair<std::string_view, std::string_view> kAlgorithms[] = {{"ES256", "ES256"},
                                                                         {"ES384", "ES384"},
                                                                         {"EdDSA", "EdDSA"},
                                                                         {"RS256", "RS256"},
                                                                         {"PS256", "PS256"}};

std::string read_issuer(json::ObjectReader& in) {
  const json::Value* value = in.required("issuer");
  std::string issuer = reading::text_at(in, "issuer", value, limits::kUriBytesMax);
  if (in.ok() && !issuer.starts_with("https://") && !issuer.starts_with("http://")) {
    in.refuse("issuer " + quoted(issuer) + ": expected the URL that stands in its tokens' iss",
              value);
  }
  return issuer;
}

std::vector<std::string> read_algorithms(json::ObjectReader& in) {
  std::vector<std::string> out;
  const json::Value* list = in.required("algorithms");
  reading::Unique unique("algorithm");
  reading::each(in, "algorithms", list, std::size(kAlgorithms), [&](const json::Value& item) {
    if (const auto algorithm = reading::choice(in, "algorithm", &item, kAlgorithms)) {
      unique.add(in, std::string(*algorithm), item);
      out.emplace_back(*algorithm);
    }
  });
  if (out.empty()) {
    in.refuse("algorithms: expected at least one", list);
  }
  std::sort(out.begin(), out.end());
  return out;
}

void refuse_what_is_not_enforced(json::ObjectReader& in) {
  for (std::string_view key :
       {"jwks_uri", "spiffe_bundle", "control_plane", "attestation_claims"}) {
    in.not_enforced(key);
  }
  const json::Value* may_assert = in.optional("may_assert");
  reading::each(in, "may_assert", may_assert, 1, [&](const json::Value& item) {
    reading::not_enforced(in, "\"may_assert\" of trusted issuer", &item);
  });
}

}  // namespace

Result<TrustedIssuerDefinition> TrustedIssuerDefinition::parse(const json::Value& value) {
  json::ObjectReader in(value, "trusted issuer");
  std::optional<TrustedIssuerId> id = reading::required<TrustedIssuerId>(in, "id");
  std::string issuer = read_issuer(in);
  std::string audience =
      reading::text_at(in, "audience", in.required("audience"), limits::kUriBytesMax);
  refuse_what_is_not_enforced(in);
  if (in.has("jwks") == in.has("jwks_file")) {
    in.refuse("trusted issuer has " + std::string(in.has("jwks") ? "both" : "neither") +
              " \"jwks_file\" and \"jwks\"; expected one of them");
  }
  json::Value jwks;
  if (const json::Value* keys = in.optional("jwks")) {
    jwks = reading::accept(in, parse_public_jwks(*keys), keys).value_or(json::Value());
  }
  std::optional<std::string> jwks_file;
  if (const json::Value* file = in.optional("jwks_file")) {
    jwks_file = reading::text_at(in, "jwks_file", file, limits::kUriBytesMax);
  }
  std::vector<std::string> algorithms = read_algorithms(in);
  const Seconds max_token_age =
      reading::duration(in, "max_token_age", Seconds{1}, kTokenAgeMax).value_or(kTokenAgeDefault);
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return TrustedIssuerDefinition{std::move(*id),  std::move(issuer),    std::move(audience),
                                 std::move(jwks), std::move(jwks_file), std::move(algorithms),
                                 max_token_age};
}

json::Value TrustedIssuerDefinition::to_json() const {
  json::Value out =
      json::Value::object({{"id", id.text()}, {"issuer", issuer}, {"audience", audience}});
  if (jwks_file) {
    out.set("jwks_file", *jwks_file);
  } else {
    out.set("jwks", jwks);
  }
  out.set("algorithms", reading::to_json(algorithms));
  if (max_token_age != kTokenAgeDefault) {
    out.set("max_token_age", format_duration(max_token_age));
  }
  return out;
}

}  // namespace mandate
