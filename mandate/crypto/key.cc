#include "mandate/crypto/key.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "mandate/crypto/hash.h"
#include "mandate/crypto/key_impl.h"

namespace mandate::crypto {
namespace {

constexpr std::array<std::pair<Algorithm, std::string_view>, 5> kAlgorithmNames = {{
    {Algorithm::kEs256, "ES256"},
    {Algorithm::kEs384, "ES384"},
    {Algorithm::kEdDsa, "EdDSA"},
    {Algorithm::kRs256, "RS256"},
    {Algorithm::kPs256, "PS256"},
}};

constexpr std::size_t kHashBytesMax = 48;
constexpr std::size_t kDerBytesMax = 2 + 2 * (2 + 1 + 48);

// What `EVP_PKEY_sign` and `EVP_PKEY_verify` sign: the message's hash.
struct Hashed {
  std::array<std::uint8_t, kHashBytesMax> bytes;
  std::size_t size;
};

Hashed hashed(Algorithm algorithm, std::string_view message) {
  Hashed hash{};
  const bool is_384 = algorithm == Algorithm::kEs384;
  hash.size = is_384 ? 48 : 32;
  hash_into(is_384 ? sha384_algorithm() : sha256_algorithm(), {message}, hash.bytes.data());
  return hash;
}

// One context a key and algorithm, initialised; EVP allows it any number of operations.
PkeyContext initialised(EVP_PKEY* pkey, Algorithm algorithm, int (*initialise)(EVP_PKEY_CTX*)) {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr));
  must(context != nullptr && initialise(context.get()) == 1);
  EVP_PKEY_CTX* const raw = context.get();
  const bool pss = algorithm == Algorithm::kPs256;
  if (pss || algorithm == Algorithm::kRs256) {
    must(EVP_PKEY_CTX_set_rsa_padding(raw, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1);
    must(EVP_PKEY_CTX_set_signature_md(raw, sha256_algorithm()) == 1);
  }
  if (pss) {
    must(EVP_PKEY_CTX_set_rsa_pss_saltlen(raw, 32) == 1);
    must(EVP_PKEY_CTX_set_rsa_mgf1_md(raw, sha256_algorithm()) == 1);
  }
  return context;
}

std::size_t slot_of(Algorithm algorithm) { return algorithm == Algorithm::kPs256 ? 1 : 0; }

// A positive DER INTEGER of unsigned bytes; an empty or zero number gets a length that is refused.
std::uint8_t* put_der_integer(std::uint8_t* out, std::string_view number) {
  while (!number.empty() && number.front() == '\0') number.remove_prefix(1);
  const bool pad = !number.empty() && (number.front() & 0x80) != 0;
  *out++ = 0x02;
  *out++ = static_cast<std::uint8_t>(number.size() + (pad ? 1 : 0));
  if (pad) *out++ = 0;
  return std::copy(number.begin(), number.end(), out);
}

// r || s as the DER that OpenSSL reads; it checks that both are in [1, n - 1].
std::size_t p1363_to_der(std::string_view signature, std::array<std::uint8_t, kDerBytesMax>& der) {
  const std::size_t half = signature.size() / 2;
  std::uint8_t* end = put_der_integer(der.data() + 2, signature.substr(0, half));
  end = put_der_integer(end, signature.substr(half));
  const auto size = static_cast<std::size_t>(end - der.data());
  der[0] = 0x30;
  der[1] = static_cast<std::uint8_t>(size - 2);  // below 128 for both curves: one byte of length
  return size;
}

std::string der_to_p1363(std::string_view der, std::size_t half) {
  using Signature = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;
  const std::uint8_t* cursor = octets(der);
  const Signature parsed(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der.size())));
  must(parsed != nullptr);
  std::string out(2 * half, '\0');
  const int width = static_cast<int>(half);
  must(BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), octets(out), width) == width);
  must(BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), octets(out) + half, width) == width);
  return out;
}

bool verify_ed25519(EVP_PKEY* pkey, std::string_view message, std::string_view signature) {
  if (signature.size() != 64 || is_ed25519_small_order(signature.substr(0, 32))) return false;
  const DigestContext context(EVP_MD_CTX_new());
  must(context != nullptr);
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey) == 1 &&
         EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(message),
                          message.size()) == 1;
}

// A context that has signed before begins again without its key; where that is refused, anew.
std::string sign_ed25519(EVP_PKEY* pkey, Slot<DigestContext>& slot, std::string_view message) {
  const NoErrorsLeft no_errors_left;
  DigestContext context = slot.take();
  const auto begin = [&](EVP_PKEY* key) {
    return EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) == 1;
  };
  if (!context || !begin(nullptr)) {
    context.reset(EVP_MD_CTX_new());
    must(context != nullptr && begin(pkey));
  }
  std::string out(64, '\0');
  std::size_t size = out.size();
  must(EVP_DigestSign(context.get(), octets(out), &size, octets(message), message.size()) == 1);
  must(size == out.size());
  slot.give(std::move(context));
  return out;
}

bool is_accepted(KeyType type, Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEs256: return type == KeyType::kP256;
    case Algorithm::kEs384: return type == KeyType::kP384;
    case Algorithm::kEdDsa: return type == KeyType::kEd25519;
    case Algorithm::kRs256:
    case Algorithm::kPs256: return type == KeyType::kRsa;
  }
  return false;
}

}  // namespace

std::string_view name(Algorithm algorithm) {
  return kAlgorithmNames[static_cast<std::size_t>(algorithm)].second;
}

std::optional<Algorithm> parse_algorithm(std::string_view text) {
  for (const auto& [algorithm, spelling] : kAlgorithmNames) {
    if (spelling == text) return algorithm;
  }
  return std::nullopt;
}

KeyType PublicKey::type() const { return impl_->parts.type; }
const Digest& PublicKey::thumbprint() const { return impl_->thumbprint; }
std::string PublicKey::thumbprint_base64url() const {
  return encode_base64url(view(impl_->thumbprint));
}

std::string PublicKey::ed25519_raw() const {
  must(type() == KeyType::kEd25519);
  return impl_->parts.first;
}

bool PublicKey::accepts(Algorithm algorithm) const { return is_accepted(type(), algorithm); }

bool PublicKey::verify(Algorithm algorithm, std::string_view message,
                       std::string_view signature) const {
  if (!accepts(algorithm)) return false;
  const NoErrorsLeft no_errors_left;
  if (algorithm == Algorithm::kEdDsa) {
    return verify_ed25519(impl_->pkey.get(), message, signature);
  }
  std::array<std::uint8_t, kDerBytesMax> der{};
  const std::uint8_t* bytes = octets(signature);
  std::size_t size = signature.size();
  if (const std::size_t half = form_of(type()).coordinate_bytes; half != 0) {
    if (size != 2 * half) return false;
    size = p1363_to_der(signature, der);
    bytes = der.data();
  }
  const Hashed hash = hashed(algorithm, message);
  ContextSlot& slot = impl_->slots[slot_of(algorithm)];
  PkeyContext context = slot.take();
  if (!context) context = initialised(impl_->pkey.get(), algorithm, EVP_PKEY_verify_init);
  const int outcome = EVP_PKEY_verify(context.get(), bytes, size, hash.bytes.data(), hash.size);
  slot.give(std::move(context));
  return outcome == 1;
}

Result<PrivateKey> PrivateKey::generate(KeyType type) {
  Pkey pkey;
  switch (type) {
    case KeyType::kP256: pkey.reset(EVP_EC_gen("P-256")); break;
    case KeyType::kP384: pkey.reset(EVP_EC_gen("P-384")); break;
    case KeyType::kEd25519: pkey.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); break;
    case KeyType::kRsa: pkey.reset(EVP_RSA_gen(2048)); break;
  }
  must(pkey != nullptr);
  Result<PublicKey> public_key = PublicKey::Impl::from_pkey(pkey.get());
  if (!public_key) return fail(public_key.error());
  return PrivateKey(std::make_shared<const Impl>(*std::move(public_key), std::move(pkey)));
}

Result<PrivateKey> PrivateKey::from_ed25519_seed(std::string_view seed32) {
  if (seed32.size() != 32) {
    return fail(Reason::kBadRequest,
                "Ed25519 seed has " + std::to_string(seed32.size()) + " bytes; expected 32");
  }
  Pkey pkey(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, octets(seed32), 32));
  must(pkey != nullptr);
  Result<PublicKey> public_key = PublicKey::Impl::from_pkey(pkey.get());
  if (!public_key) return fail(public_key.error());
  return PrivateKey(std::make_shared<const Impl>(*std::move(public_key), std::move(pkey)));
}

const PublicKey& PrivateKey::public_key() const { return impl_->public_key; }

std::string PrivateKey::ed25519_seed() const {
  std::string seed(32, '\0');
  std::size_t size = seed.size();
  must(public_key().type() == KeyType::kEd25519);
  must(EVP_PKEY_get_raw_private_key(impl_->pkey.get(), octets(seed), &size) == 1);
  must(size == seed.size());
  return seed;
}

std::string PrivateKey::sign(Algorithm algorithm, std::string_view message) const {
  must(public_key().accepts(algorithm));
  EVP_PKEY* const pkey = impl_->pkey.get();
  if (algorithm == Algorithm::kEdDsa) return sign_ed25519(pkey, impl_->ed25519_slot, message);
  const Hashed hash = hashed(algorithm, message);
  ContextSlot& slot = impl_->slots[slot_of(algorithm)];
  PkeyContext context = slot.take();
  if (!context) context = initialised(pkey, algorithm, EVP_PKEY_sign_init);
  std::string out(static_cast<std::size_t>(EVP_PKEY_get_size(pkey)), '\0');
  std::size_t size = out.size();
  must(EVP_PKEY_sign(context.get(), octets(out), &size, hash.bytes.data(), hash.size) == 1);
  slot.give(std::move(context));
  out.resize(size);
  const std::size_t half = form_of(public_key().type()).coordinate_bytes;
  return half == 0 ? out : der_to_p1363(out, half);
}

}  // namespace mandate::crypto
