#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <set>

#include "mandate/crypto/key_impl.h"

namespace mandate::crypto {
namespace {

using json::Value;

constexpr std::array<std::string_view, 9> kPrivateMembers = {"d",  "p",   "q", "dp",  "dq",
                                                             "qi", "oth", "k", "priv"};

tl::unexpected<Error> refuse(std::string detail) {
  return fail(Reason::kBadRequest, std::move(detail));
}

bool is_text(const Value* value, std::string_view text) {
  return value != nullptr && value->is_string() && value->as_string() == text;
}

bool holds(const Value& key_ops, std::string_view operation) {
  return std::ranges::any_of(key_ops.as_array(),
                             [&](const Value& item) { return is_text(&item, operation); });
}

// RFC 7517 section 4.3: an array of strings without duplicates.
bool is_operation_list(const Value& key_ops) {
  if (!key_ops.is_array()) return false;
  std::set<std::string_view> seen;
  return std::ranges::all_of(key_ops.as_array(), [&](const Value& item) {
    return item.is_string() && seen.insert(item.as_string()).second;
  });
}

// The value is never quoted: it may be a secret.
Result<std::string> bytes_member(const Value& jwk, std::string_view member) {
  const Value* value = jwk.find(member);
  if (value == nullptr || !value->is_string()) {
    return refuse("key has no string member " + quoted(member));
  }
  Result<std::string> bytes = decode_base64url(value->as_string());
  if (!bytes) return refuse("member " + quoted(member) + " of the key is not strict base64url");
  return bytes;
}

Result<void> check_use(const Value& jwk, const PublicKey& key, std::string_view operation) {
  if (const Value* use = jwk.find("use"); use != nullptr && !is_text(use, "sig")) {
    return refuse("key is not for signatures; expected use \"sig\" or none");
  }
  const Value* key_ops = jwk.find("key_ops");
  if (key_ops != nullptr && (!is_operation_list(*key_ops) || !holds(*key_ops, operation))) {
    return refuse("key_ops does not list " + quoted(operation) + " among distinct strings");
  }
  if (const Value* alg = jwk.find("alg"); alg != nullptr) {
    const std::string text = alg->is_string() ? alg->as_string() : "";
    const std::optional<Algorithm> algorithm = parse_algorithm(text);
    if (!algorithm || !key.accepts(*algorithm)) {
      return refuse("key cannot do its alg " + quoted(text));
    }
  }
  return {};
}

// Overwrites what it holds when it dies.
struct Secrets {
  std::vector<std::string> values;
  Secrets() = default;
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;
  ~Secrets() {
    for (std::string& value : values) OPENSSL_cleanse(value.data(), value.size());
  }
};

// A key of the set that is no use here: for encryption, or of a kind or algorithm we do not do.
bool is_left_out(const Value& jwk) {
  const Value* use = jwk.find("use");
  const Value* key_ops = jwk.find("key_ops");
  const Value* alg = jwk.find("alg");
  return is_text(use, "enc") || find_form(jwk) == nullptr ||
         (key_ops != nullptr && is_operation_list(*key_ops) && !holds(*key_ops, "verify")) ||
         (alg != nullptr && alg->is_string() && !parse_algorithm(alg->as_string()));
}

Result<std::optional<std::string>> read_kid(const Value& jwk, std::set<std::string>& kids) {
  const Value* kid = jwk.find("kid");
  if (kid == nullptr) return std::optional<std::string>();
  if (!kid->is_string()) {
    return refuse("kid is " + std::string(kind_name(*kid)) + "; expected a string");
  }
  if (!kids.insert(kid->as_string()).second) {
    return refuse("key set has the kid " + quoted(kid->as_string()) + " twice");
  }
  return std::optional<std::string>(kid->as_string());
}

}  // namespace

const KeyForm* find_form(const Value& jwk) {
  const Value* crv = jwk.find("crv");
  for (const KeyForm& form : kKeyForms) {
    if (is_text(jwk.find("kty"), form.kty) && (form.crv.empty() || is_text(crv, form.crv))) {
      return &form;
    }
  }
  return nullptr;
}

Result<PublicKey> PublicKey::Impl::read(const Value& jwk, std::string_view operation) {
  if (!jwk.is_object()) {
    return refuse("key is " + std::string(kind_name(jwk)) + "; expected an object");
  }
  const KeyForm* form = find_form(jwk);
  if (form == nullptr) {
    return refuse("kty and crv of the key are none of EC P-256, EC P-384, OKP Ed25519, RSA");
  }
  Result<std::string> first = bytes_member(jwk, form->first);
  if (!first) return fail(first.error());
  Result<std::string> second =
      form->second.empty() ? std::string() : bytes_member(jwk, form->second);
  if (!second) return fail(second.error());
  Result<PublicKey> key = make({form->type, *std::move(first), *std::move(second)});
  if (!key) return key;
  if (auto ok = check_use(jwk, *key, operation); !ok) return fail(ok.error());
  return key;
}

Result<PublicKey> PublicKey::from_jwk(const Value& jwk) {
  for (std::string_view member : kPrivateMembers) {
    if (jwk.find(member) != nullptr) {
      return refuse("key has the private member " + quoted(member) + "; expected a public key");
    }
  }
  return Impl::read(jwk, "verify");
}

Value PublicKey::to_jwk() const {
  const KeyForm& form = form_of(type());
  const std::string first = encode_base64url(impl_->parts.first);
  const std::string second = encode_base64url(impl_->parts.second);
  switch (type()) {
    case KeyType::kP256:
    case KeyType::kP384:
      return Value::object({{"crv", form.crv}, {"kty", form.kty}, {"x", first}, {"y", second}});
    case KeyType::kEd25519:
      return Value::object({{"crv", form.crv}, {"kty", form.kty}, {"x", first}});
    case KeyType::kRsa: return Value::object({{"e", second}, {"kty", form.kty}, {"n", first}});
  }
  return {};
}

Result<PrivateKey> PrivateKey::from_jwk(const Value& jwk) {
  Result<PublicKey> key = PublicKey::Impl::read(jwk, "sign");
  if (!key) return fail(key.error());
  Secrets secrets;
  const std::size_t count = key->type() == KeyType::kRsa ? kRsaSecrets.size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    Result<std::string> secret = bytes_member(jwk, kRsaSecrets[i].member);
    if (!secret) return fail(secret.error());
    secrets.values.push_back(*std::move(secret));
  }
  return Impl::make(*std::move(key), secrets.values);
}

Value PrivateKey::to_private_jwk() const {
  Value jwk = public_key().to_jwk();
  const KeyForm& form = form_of(public_key().type());
  const auto set = [&jwk](std::string_view member, std::string secret) {
    jwk.set(member, encode_base64url(secret));
    OPENSSL_cleanse(secret.data(), secret.size());
  };
  switch (form.type) {
    case KeyType::kP256:
    case KeyType::kP384:
      set("d", key_number(impl_->pkey.get(), OSSL_PKEY_PARAM_PRIV_KEY, form.coordinate_bytes));
      break;
    case KeyType::kEd25519: set("d", ed25519_seed()); break;
    case KeyType::kRsa:
      for (const RsaNumber& number : kRsaSecrets) {
        set(number.member, key_number(impl_->pkey.get(), number.name));
      }
      break;
  }
  return jwk;
}

Result<std::vector<KeySetEntry>> parse_jwks(const Value& jwks) {
  const Value* keys = jwks.find("keys");
  if (keys == nullptr || !keys->is_array()) return refuse("key set has no array \"keys\"");
  if (keys->as_array().size() > limits::kJwksKeysMax) {
    return fail(Reason::kLimitExceeded, "key set has " + std::to_string(keys->as_array().size()) +
                                            " keys; expected at most " +
                                            std::to_string(limits::kJwksKeysMax));
  }
  std::vector<KeySetEntry> entries;
  std::set<std::string> kids;
  for (const Value& jwk : keys->as_array()) {
    if (is_text(jwk.find("kty"), "oct")) {
      return refuse("key set holds a symmetric key (kty \"oct\"); expected public keys only");
    }
    auto kid = read_kid(jwk, kids);
    if (!kid) return fail(kid.error());
    if (jwk.is_object() && is_left_out(jwk)) continue;
    Result<PublicKey> key = PublicKey::from_jwk(jwk);
    if (!key) return fail(key.error());
    entries.push_back({*std::move(kid), *std::move(key)});
  }
  return entries;
}

}  // namespace mandate::crypto
