#include "mandate/authority/public_jwk.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

#include "mandate/authority/reading.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/json/reader.h"

namespace mandate {
namespace {

struct KeyForm {
  std::string_view kty;
  std::string_view crv;  // empty: this kind has none
  std::array<std::string_view, 2> algorithms;
  std::array<std::string_view, 2> numbers;  // the members that hold the key itself
};
constexpr std::array<KeyForm, 4> kForms = {
    KeyForm{"EC", "P-256", {"ES256", ""}, {"x", "y"}},
    KeyForm{"EC", "P-384", {"ES384", ""}, {"x", "y"}},
    KeyForm{"OKP", "Ed25519", {"EdDSA", ""}, {"x", ""}},
    KeyForm{"RSA", "", {"RS256", "PS256"}, {"n", "e"}},
};
constexpr std::array<std::string_view, 8> kPrivateMembers = {"d",  "p",  "q",   "dp",
                                                             "dq", "qi", "oth", "k"};
constexpr std::size_t kNumberTextMax = 1400;  // base64url of an RSA modulus of 8192 bits
constexpr std::size_t kKidBytesMax = 256;

bool is_string(const json::Value* value, std::string_view text) {
  return value != nullptr && value->is_string() && value->as_string() == text;
}

const KeyForm* form_of(const json::Value& jwk) {
  const auto* found = std::find_if(kForms.begin(), kForms.end(), [&](const KeyForm& form) {
    return is_string(jwk.find("kty"), form.kty) &&
           (form.crv.empty() || is_string(jwk.find("crv"), form.crv));
  });
  return found == kForms.end() ? nullptr : found;
}

bool is_for_verifying(const json::Value& jwk, const KeyForm& form) {
  const json::Value* use = jwk.find("use");
  const json::Value* alg = jwk.find("alg");
  return (use == nullptr || is_string(use, "sig")) &&
         (alg == nullptr ||
          (alg->is_string() && !alg->as_string().empty() &&
           std::count(form.algorithms.begin(), form.algorithms.end(), alg->as_string()) != 0));
}

void refuse_private(json::ObjectReader& in, const json::Value& jwk) {
  for (std::string_view member : kPrivateMembers) {
    if (const json::Value* secret = jwk.find(member)) {
      in.refuse("jwk member " + quoted(member) +
                    " is secret; keep private and symmetric keys out of documents, "
                    "give the public members only",
                secret);
    }
  }
}

std::string number(json::ObjectReader& in, std::string_view key) {
  const json::Value* value = in.required(key);
  const std::string* text = reading::string_at(in, key, value);
  if (text == nullptr) {
    return {};
  }
  if (text->empty() || text->size() > kNumberTextMax || !decode_base64url(*text)) {
    in.refuse("jwk member " + quoted(key) + ": expected 1 to " + std::to_string(kNumberTextMax) +
                  " characters of base64url without padding",
              value);
  }
  return *text;
}

}  // namespace

Result<json::Value> parse_public_jwk(const json::Value& jwk) {
  json::ObjectReader in(jwk, "jwk");
  refuse_private(in, jwk);
  const std::string kty = in.required_string("kty");
  const KeyForm* form = form_of(jwk);
  if (kty == "EC" || kty == "OKP") {
    in.required_string("crv");
  }
  if (form == nullptr) {
    in.refuse(
        "jwk is of an unknown kind; expected kty EC with crv P-256 or P-384, kty OKP with crv "
        "Ed25519, or kty RSA",
        jwk.find("kty"));
    return fail(in.finish().error());
  }
  json::Value out = json::Value::object({{"kty", form->kty}});
  if (!form->crv.empty()) {
    out.set("crv", form->crv);
  }
  for (std::string_view member : form->numbers) {
    if (!member.empty()) {
      out.set(member, number(in, member));
    }
  }
  in.optional("use");
  in.optional("alg");
  if (!is_for_verifying(jwk, *form)) {
    in.refuse(
        "jwk is not for verifying signatures of its kind: expected use absent or \"sig\", and "
        "alg absent or one that fits kty and crv",
        &jwk);
  }
  if (const json::Value* kid = in.optional("kid")) {
    reading::text_at(in, "kid", kid, kKidBytesMax);
  }
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return out;
}

Result<json::Value> parse_public_jwks(const json::Value& set) {
  json::ObjectReader in(set, "jwks");
  const json::Value* list = in.required("keys");
  json::Array keys;
  reading::each(in, "keys", list, limits::kJwksKeysMax, [&](const json::Value& jwk) {
    refuse_private(in, jwk);
    const KeyForm* form = form_of(jwk);
    if (!in.ok() || form == nullptr || !is_for_verifying(jwk, *form)) {
      return;
    }
    json::Value known{json::Object{}};
    known.set_line(jwk.line());
    for (std::string_view member : {"kty", "crv", "x", "y", "n", "e", "kid", "alg"}) {
      if (const json::Value* value = jwk.find(member)) {
        known.set(member, *value);
      }
    }
    std::optional<json::Value> key = reading::accept(in, parse_public_jwk(known), &jwk);
    for (std::string_view member : {"kid", "alg"}) {
      if (const json::Value* value = known.find(member); key && value != nullptr) {
        key->set(member, value->as_string());
      }
    }
    keys.push_back(std::move(key).value_or(json::Value()));
  });
  if (keys.empty()) {
    in.refuse(
        "jwks holds no key to verify with; expected an ES256, ES384, EdDSA, RS256 or PS256 key",
        list);
  }
  if (!in.ok()) {
    return fail(in.finish().error());
  }
  return json::Value::object({{"keys", json::Value(std::move(keys))}});
}

}  // namespace mandate
