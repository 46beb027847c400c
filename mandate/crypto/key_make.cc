// From numbers to keys and back: the one door through which every public and private key comes.
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <algorithm>

#include "mandate/crypto/hash.h"
#include "mandate/crypto/key_impl.h"

namespace mandate::crypto {
namespace {

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;
constexpr std::size_t kRsaExponentBytesMax = 8;  // a long one would make each check slow

using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>>;

tl::unexpected<Error> refuse(std::string detail) {
  return fail(Reason::kBadRequest, std::move(detail));
}

// `fromdata` may run any number of times on one context; to fetch for each key costs more.
EVP_PKEY_CTX* import_context(KeyType type) {
  const auto open = [](const char* name) {
    PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, name, nullptr));
    must(context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
    return context;
  };
  thread_local const PkeyContext ec = open("EC");
  thread_local const PkeyContext rsa = open("RSA");
  return type == KeyType::kRsa ? rsa.get() : ec.get();
}

Bignum number_of(std::string_view bytes) {
  Bignum number(BN_secure_new());
  must(number && BN_bin2bn(octets(bytes), static_cast<int>(bytes.size()), number.get()));
  return number;
}

Result<Pkey> refuse_if_null(Pkey pkey, std::string_view what) {
  if (pkey == nullptr) return refuse(std::string(what));
  return pkey;
}

Pkey import(KeyType type, int selection, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  must(params != nullptr);
  EVP_PKEY* pkey = nullptr;
  if (EVP_PKEY_fromdata(import_context(type), &pkey, selection, params.get()) != 1) {
    EVP_PKEY_free(pkey);
    return nullptr;
  }
  return Pkey(pkey);
}

void push_point(OSSL_PARAM_BLD* builder, const KeyForm& form, std::string_view point) {
  must(OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, form.crv.data(),
                                       form.crv.size()) == 1);
  must(OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                        point.size()) == 1);
}

std::string uncompressed(const PublicParts& parts) { return "\x04" + parts.first + parts.second; }

Result<Pkey> import_point(const PublicParts& parts) {
  const KeyForm& form = form_of(parts.type);
  if (parts.first.size() != form.coordinate_bytes || parts.second.size() != form.coordinate_bytes) {
    return refuse("coordinates have " + std::to_string(parts.first.size()) + " and " +
                  std::to_string(parts.second.size()) + " bytes; expected " +
                  std::to_string(form.coordinate_bytes) + " each for " + std::string(form.crv));
  }
  const std::string point = uncompressed(parts);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  must(builder != nullptr);
  push_point(builder.get(), form, point);
  // OpenSSL refuses a point that is not on the curve; with cofactor 1 no order check is needed.
  return refuse_if_null(import(parts.type, EVP_PKEY_PUBLIC_KEY, builder.get()),
                        "point is not on the curve " + std::string(form.crv));
}

Result<Pkey> import_ed25519(const PublicParts& parts) {
  if (parts.first.size() != 32) {
    return refuse("Ed25519 key has " + std::to_string(parts.first.size()) + " bytes; expected 32");
  }
  if (!is_ed25519_public_key(parts.first)) {
    return refuse("Ed25519 key is no canonical point of large order on the curve");
  }
  return refuse_if_null(
      Pkey(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, octets(parts.first), 32)),
      "Ed25519 key was not accepted");
}

Result<void> check_rsa(std::string_view n, std::string_view e) {
  if (n.empty() || n.front() == '\0' || e.empty() || e.front() == '\0') {
    return refuse("RSA n or e is empty or has a leading zero byte");
  }
  if (n.size() > kRsaBitsMax / 8 + 1) return refuse("RSA modulus is longer than 8192 bits");
  const int bits = BN_num_bits(number_of(n).get());
  if (bits < kRsaBitsMin || bits > kRsaBitsMax || (n.back() & 1) == 0) {
    return refuse("RSA modulus has " + std::to_string(bits) +
                  " bits; expected an odd one of 2048 to 8192");
  }
  // At least three bytes without a leading zero is at least 2^16.
  if (e.size() < 3 || e.size() > kRsaExponentBytesMax || (e.back() & 1) == 0) {
    return refuse("RSA exponent is out of range; expected an odd one above 2^16, at most 64 bits");
  }
  return {};
}

void push_number(OSSL_PARAM_BLD* builder, const char* name, const Bignum& number) {
  must(OSSL_PARAM_BLD_push_BN(builder, name, number.get()) == 1);
}

Result<Pkey> import_rsa(const PublicParts& parts) {
  if (auto ok = check_rsa(parts.first, parts.second); !ok) return fail(ok.error());
  const Bignum n = number_of(parts.first);
  const Bignum e = number_of(parts.second);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  must(builder != nullptr);
  push_number(builder.get(), OSSL_PKEY_PARAM_RSA_N, n);
  push_number(builder.get(), OSSL_PKEY_PARAM_RSA_E, e);
  return refuse_if_null(import(parts.type, EVP_PKEY_PUBLIC_KEY, builder.get()),
                        "RSA key was not accepted");
}

Result<Pkey> import_public(const PublicParts& parts) {
  switch (parts.type) {
    case KeyType::kP256:
    case KeyType::kP384: return import_point(parts);
    case KeyType::kEd25519: return import_ed25519(parts);
    case KeyType::kRsa: return import_rsa(parts);
  }
  return refuse("unknown kind of key");
}

Pkey import_private_point(const PublicParts& parts, std::string_view d) {
  const KeyForm& form = form_of(parts.type);
  if (d.size() != form.coordinate_bytes) return nullptr;
  const std::string point = uncompressed(parts);
  const Bignum secret = number_of(d);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  must(builder != nullptr);
  push_point(builder.get(), form, point);
  push_number(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret);
  return import(parts.type, EVP_PKEY_KEYPAIR, builder.get());
}

Pkey import_private_rsa(const PublicParts& parts, const std::vector<std::string>& secrets) {
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  must(builder != nullptr);
  std::vector<Bignum> numbers;  // alive until the builder is read
  const auto push = [&](const char* name, std::string_view bytes) {
    numbers.push_back(number_of(bytes));
    push_number(builder.get(), name, numbers.back());
  };
  push(OSSL_PKEY_PARAM_RSA_N, parts.first);
  push(OSSL_PKEY_PARAM_RSA_E, parts.second);
  for (std::size_t i = 0; i < kRsaSecrets.size(); ++i) {
    if (secrets[i].empty() || secrets[i].size() > parts.first.size()) return nullptr;
    push(kRsaSecrets[i].name, secrets[i]);
  }
  return import(parts.type, EVP_PKEY_KEYPAIR, builder.get());
}

}  // namespace

const std::array<RsaNumber, 6> kRsaSecrets = {{
    {"d", OSSL_PKEY_PARAM_RSA_D},
    {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
    {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},
    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
    {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2},
    {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
}};

std::string key_number(const EVP_PKEY* pkey, const char* name, std::size_t bytes_min) {
  BIGNUM* raw = nullptr;
  must(EVP_PKEY_get_bn_param(pkey, name, &raw) == 1);
  const Bignum number(raw);
  std::string out(std::max(bytes_min, static_cast<std::size_t>(BN_num_bytes(raw))), '\0');
  must(BN_bn2binpad(raw, octets(out), static_cast<int>(out.size())) >= 0);
  return out;
}

Result<PublicKey> PublicKey::Impl::make(PublicParts parts) {
  const NoErrorsLeft no_errors_left;
  Result<Pkey> pkey = import_public(parts);
  if (!pkey) return fail(pkey.error());
  auto impl = std::make_shared<Impl>();
  impl->parts = std::move(parts);
  impl->pkey = *std::move(pkey);
  PublicKey key(impl);
  impl->thumbprint = sha256(json::canonical(key.to_jwk()));
  return key;
}

Result<PublicKey> PublicKey::Impl::from_pkey(EVP_PKEY* pkey) {
  if (EVP_PKEY_is_a(pkey, "RSA") == 1) {
    return make({KeyType::kRsa, key_number(pkey, OSSL_PKEY_PARAM_RSA_N),
                 key_number(pkey, OSSL_PKEY_PARAM_RSA_E)});
  }
  if (EVP_PKEY_is_a(pkey, "ED25519") == 1) {
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    must(EVP_PKEY_get_raw_public_key(pkey, octets(raw), &size) == 1 && size == raw.size());
    return make({KeyType::kEd25519, std::move(raw), ""});
  }
  std::array<char, 64> group{};
  if (EVP_PKEY_is_a(pkey, "EC") == 1 &&
      EVP_PKEY_get_group_name(pkey, group.data(), group.size(), nullptr) == 1) {
    for (const KeyForm& form : kKeyForms) {
      const char* const curve = form.kty == "EC" ? form.crv.data() : nullptr;
      if (curve == nullptr || EC_curve_nist2nid(curve) != OBJ_sn2nid(group.data())) continue;
      return make({form.type, key_number(pkey, OSSL_PKEY_PARAM_EC_PUB_X, form.coordinate_bytes),
                   key_number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, form.coordinate_bytes)});
    }
  }
  return refuse("key is of another kind; expected P-256, P-384, Ed25519 or RSA");
}

Result<PublicKey> PublicKey::from_ed25519_raw(std::string_view raw32) {
  return Impl::make({KeyType::kEd25519, std::string(raw32), ""});
}

Result<PublicKey> PublicKey::from_spki_der(std::string_view der) {
  const NoErrorsLeft no_errors_left;
  const std::uint8_t* cursor = octets(der);
  const Pkey pkey(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(der.size())));
  if (pkey == nullptr || cursor != octets(der) + der.size()) {
    return refuse("bytes are no DER SubjectPublicKeyInfo");
  }
  return Impl::from_pkey(pkey.get());
}

Result<PrivateKey> PrivateKey::Impl::make(PublicKey public_key,
                                          const std::vector<std::string>& secrets) {
  const NoErrorsLeft no_errors_left;
  const PublicParts& parts = public_key.impl_->parts;
  Pkey pkey;
  if (parts.type == KeyType::kEd25519) {
    if (secrets[0].size() == 32) {
      Result<PrivateKey> key = PrivateKey::from_ed25519_seed(secrets[0]);
      if (key && key->public_key().ed25519_raw() == parts.first) return key;
    }
  } else if (parts.type == KeyType::kRsa) {
    pkey = import_private_rsa(parts, secrets);
  } else {
    pkey = import_private_point(parts, secrets[0]);
  }
  const PkeyContext context(pkey ? EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr)
                                 : nullptr);
  // Range of the secret, and that it belongs to the public part; for RSA the factors too.
  if (context == nullptr || EVP_PKEY_check(context.get()) != 1) {
    return refuse("private part does not belong to the public part");
  }
  return PrivateKey(std::make_shared<const Impl>(std::move(public_key), std::move(pkey)));
}

}  // namespace mandate::crypto
