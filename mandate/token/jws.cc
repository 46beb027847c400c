#include "mandate/token/jws.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mandate/base/limits.h"
#include "mandate/base/text.h"
#include "mandate/crypto/hash.h"
#include "mandate/json/object_text.h"
#include "mandate/token/claims.h"

namespace mandate::token {
namespace {

constexpr std::size_t kKeyIdBytesMax = 256;
constexpr std::string_view kMediaTypePrefix = "application/";

tl::unexpected<Error> malformed(Place place, std::string_view what) {
  return refuse(place, Reason::kTokenMalformed, std::string(what));
}

// The three segments of the compact form; nothing for more, fewer or an empty one.
std::optional<std::array<std::string_view, 3>> split(std::string_view compact) {
  const std::size_t first = compact.find('.');
  const std::size_t last = compact.rfind('.');
  if (first == last || compact.find('.', first + 1) != last) return std::nullopt;
  const std::array segments = {compact.substr(0, first),
                               compact.substr(first + 1, last - first - 1),
                               compact.substr(last + 1)};
  const bool full = std::none_of(segments.begin(), segments.end(),
                                 [](std::string_view segment) { return segment.empty(); });
  return full ? std::optional(segments) : std::nullopt;
}

// The JSON reader's own messages may quote the text, so they stay here.
Result<json::Value> parse_object(const std::string& bytes, std::size_t bytes_max, Place place,
                                 const std::string& what) {
  Result<json::Value> value = json::parse(bytes, {.bytes_max = bytes_max});
  if (!value && value.error().reason == Reason::kLimitExceeded) {
    return refuse(place, Reason::kLimitExceeded,
                  "the " + what + " of the JWT is too long, too deep or has too many values");
  }
  if (!value || !value->is_object()) {
    return malformed(place, "the " + what +
                                " of the JWT is malformed; expected a JSON object "
                                "without duplicate members");
  }
  return value;
}

Result<crypto::Algorithm> read_algorithm(const json::Value& header, Place place) {
  const json::Value* alg = header.find("alg");
  const std::optional<crypto::Algorithm> algorithm =
      alg != nullptr && alg->is_string() ? crypto::parse_algorithm(alg->as_string()) : std::nullopt;
  if (!algorithm) {
    return malformed(place, "alg of the JWT is not one of ES256, ES384, EdDSA, RS256, PS256");
  }
  // RFC 7515 section 4.1.11 and RFC 7797 section 7: an extension that is not understood changes
  // what the signature means, and none is understood here. `zip` belongs to JWE.
  for (std::string_view name : {"crit", "b64", "zip"}) {
    if (header.find(name) != nullptr) {
      return malformed(place, "header parameter " + quoted(name) + " is not accepted");
    }
  }
  return *algorithm;
}

// RFC 7515 section 4.1.9: a media type, whose case does not count and whose `application/` may be
// left out.
Result<std::string> read_type(const json::Value& header, Place place) {
  const json::Value* typ = header.find("typ");
  if (typ == nullptr) return std::string();
  if (!typ->is_string()) return malformed(place, "typ of the JWT is not a string");
  std::string type = typ->as_string();
  std::transform(type.begin(), type.end(), type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (type.starts_with(kMediaTypePrefix)) type.erase(0, kMediaTypePrefix.size());
  if (type.empty()) return malformed(place, "typ of the JWT is empty");
  return type;
}

Result<std::optional<std::string>> read_key_id(const json::Value& header, Place place) {
  const json::Value* kid = header.find("kid");
  if (kid == nullptr) return std::nullopt;
  if (!kid->is_string() || kid->as_string().size() > kKeyIdBytesMax ||
      has_unseen(kid->as_string(), Unseen::kControl)) {
    return malformed(place,
                     "kid of the JWT has another form; expected a string of at most 256 "
                     "bytes without control characters");
  }
  return kid->as_string();
}

}  // namespace

Result<Jws> Jws::parse(std::string_view compact, Place place) {
  if (compact.size() > limits::kJwtBytesMax) {
    return refuse(place, Reason::kLimitExceeded,
                  "a JWT of " + std::to_string(compact.size()) + " bytes; expected at most " +
                      std::to_string(limits::kJwtBytesMax));
  }
  const auto segments = split(compact);
  if (!segments) {
    return malformed(place, "not a JWT; expected three segments with '.' between them");
  }
  std::array<std::string, 3> decoded;
  for (std::size_t i = 0; i < segments->size(); ++i) {
    Result<std::string> bytes = decode_base64url((*segments)[i]);
    if (!bytes) return malformed(place, "a segment of the JWT is not base64url without padding");
    decoded[i] = *std::move(bytes);
  }
  Jws jws;
  Result<json::Value> header =
      parse_object(decoded[0], limits::kJoseHeaderBytesMax, place, "header");
  if (!header) return fail(header.error());
  Result<crypto::Algorithm> algorithm = read_algorithm(*header, place);
  if (!algorithm) return fail(algorithm.error());
  Result<std::string> type = read_type(*header, place);
  if (!type) return fail(type.error());
  Result<std::optional<std::string>> key_id = read_key_id(*header, place);
  if (!key_id) return fail(key_id.error());
  Result<json::Value> claims = parse_object(decoded[1], limits::kJwtBytesMax, place, "payload");
  if (!claims) return fail(claims.error());
  jws.signing_input_ = compact.substr(0, compact.rfind('.'));
  jws.signature_ = std::move(decoded[2]);
  jws.header_ = *std::move(header);
  jws.claims_ = *std::move(claims);
  jws.algorithm_ = *algorithm;
  jws.type_ = *std::move(type);
  jws.key_id_ = *std::move(key_id);
  jws.hash_ = crypto::sha256(compact);
  jws.place_ = place;
  return jws;
}

bool Jws::verified_by(const crypto::PublicKey& key) const {
  return key.accepts(algorithm_) && key.verify(algorithm_, signing_input_, signature_);
}

namespace {

std::string sign_texts(const crypto::PrivateKey& key, crypto::Algorithm algorithm,
                       const std::string& header, const std::string& claims) {
  std::string text = encode_base64url(header) + '.' + encode_base64url(claims);
  return text += '.' + encode_base64url(key.sign(algorithm, text));
}

}  // namespace

std::string sign_jws(const crypto::PrivateKey& key, crypto::Algorithm algorithm,
                     std::string_view type, std::string_view key_id,
                     const std::string& claims_text) {
  std::string header;
  json::ObjectText text(header);
  text.text("alg", crypto::name(algorithm));
  if (!key_id.empty()) text.text("kid", key_id);
  if (!type.empty()) text.text("typ", type);
  text.end();
  return sign_texts(key, algorithm, header, claims_text);
}

std::string sign_jws(const crypto::PrivateKey& key, crypto::Algorithm algorithm,
                     std::string_view type, std::string_view key_id, const json::Value& claims) {
  return sign_jws(key, algorithm, type, key_id, json::canonical(claims));
}

std::string sign_jws(const crypto::PrivateKey& key, crypto::Algorithm algorithm, json::Value header,
                     const json::Value& claims) {
  header.set("alg", crypto::name(algorithm));
  return sign_texts(key, algorithm, json::canonical(header), json::canonical(claims));
}

}  // namespace mandate::token
