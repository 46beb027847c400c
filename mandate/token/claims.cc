#include "mandate/token/claims.h"

#include <algorithm>
#include <cmath>

#include "mandate/base/limits.h"

namespace mandate::token {

tl::unexpected<Error> refuse(Place place, Reason reason, std::string detail) {
  if (reason != Reason::kLimitExceeded) {
    if (place == Place::kClient) reason = Reason::kClientAuthenticationFailed;
    if (place == Place::kDpopProof && reason == Reason::kTokenMalformed) {
      reason = Reason::kBadRequest;
    }
  }
  return fail(reason, place, std::move(detail));
}

tl::unexpected<Error> wrong_claim(const Jws& jws, std::string_view name,
                                  std::string_view expected) {
  return refuse(jws.place(), Reason::kTokenMalformed,
                "claim " + quoted(name) + " is missing or has another form; expected " +
                    std::string(expected));
}

std::optional<Instant> to_instant(const json::Value& value) {
  if (value.is_integer()) {
    const std::int64_t seconds = value.as_integer();
    if (seconds < 0 || seconds > kNumericDateMax) return std::nullopt;
    return from_numeric_date(seconds);
  }
  if (!value.is_double()) return std::nullopt;
  const double seconds = value.as_double();
  if (!(seconds >= 0 && seconds <= static_cast<double>(kNumericDateMax))) return std::nullopt;
  return Instant{Milliseconds{static_cast<std::int64_t>(std::floor(seconds * 1000))}};
}

json::Value to_date(Instant instant) {
  return std::clamp<std::int64_t>(to_numeric_date(instant), 0, kNumericDateMax);
}

const std::string* bounded_string(const json::Value* value, std::size_t bytes_max) {
  if (value == nullptr || !value->is_string()) return nullptr;
  const std::string& text = value->as_string();
  return text.empty() || text.size() > bytes_max ? nullptr : &text;
}

std::optional<Digest> to_thumbprint(const std::string& text) {
  Result<Digest> digest =
      decode_base64url(text).and_then([](const std::string& bytes) { return to_digest(bytes); });
  return digest ? std::optional(*digest) : std::nullopt;
}

namespace {

const std::string* only_thumbprint(const json::Value* cnf, std::string_view member) {
  if (cnf == nullptr || !cnf->is_object() || cnf->as_object().size() != 1) return nullptr;
  const std::string* text = bounded_string(cnf->find(member), limits::kJtiBytesMax);
  return text != nullptr && to_thumbprint(*text) ? text : nullptr;
}

}  // namespace

const std::string* jkt_of(const json::Value* cnf) { return only_thumbprint(cnf, "jkt"); }
const std::string* certificate_of(const json::Value* cnf) {
  return only_thumbprint(cnf, "x5t#S256");
}

std::optional<std::size_t> signer(const Jws& jws, const std::vector<crypto::PublicKey>& keys) {
  if (keys.empty()) return std::nullopt;
  std::size_t found = 0;
  bool named = keys.size() == 1;
  if (jws.key_id()) {
    const auto at = std::find_if(keys.begin(), keys.end(), [&](const crypto::PublicKey& key) {
      return key.thumbprint_base64url() == *jws.key_id();
    });
    named = at != keys.end();
    if (named) found = static_cast<std::size_t>(at - keys.begin());
  }
  // Checked also where no key is named: the time taken does not tell which kids there are.
  const bool good = jws.verified_by(keys[found]);
  return named && good ? std::optional(found) : std::nullopt;
}

Result<TimeClaims> check_times(const Jws& jws, Instant now, Seconds lifetime_max) {
  const json::Value* exp = jws.claims().find("exp");
  const std::optional<Instant> expires_at = exp == nullptr ? std::nullopt : to_instant(*exp);
  if (!expires_at) return wrong_claim(jws, "exp", "a number of seconds, 0 to 2^53");
  TimeClaims times{*expires_at, std::nullopt};
  for (std::string_view name : {"nbf", "iat"}) {
    const json::Value* claim = jws.claims().find(name);
    if (claim == nullptr) continue;
    const std::optional<Instant> at = to_instant(*claim);
    if (!at) return wrong_claim(jws, name, "a number of seconds, 0 to 2^53");
    if (*at > now + kClockSkewMax) {
      return refuse(jws.place(), Reason::kTokenMalformed,
                    "claim " + quoted(name) + " lies in the future; expected at most " +
                        format_duration(kClockSkewMax) + " ahead");
    }
    if (name == "iat") times.issued_at = at;
  }
  if (times.expires_at <= now) {
    return refuse(jws.place(), Reason::kTokenExpired,
                  "exp is " + format_rfc3339(times.expires_at) + "; expected later than now");
  }
  const Instant start = times.issued_at.value_or(now);
  if (times.expires_at <= start || times.expires_at - start > lifetime_max) {
    return refuse(jws.place(), Reason::kTokenMalformed,
                  "exp lies too far from iat, or before it; expected a lifetime of at most " +
                      format_duration(lifetime_max));
  }
  return times;
}

Result<std::string> string_claim(const Jws& jws, std::string_view name, std::size_t bytes_max) {
  const std::string* text = bounded_string(jws.claims().find(name), bytes_max);
  if (text == nullptr) {
    return wrong_claim(jws, name, "a string of 1 to " + std::to_string(bytes_max) + " bytes");
  }
  return *text;
}

Result<void> check_audience(const Jws& jws, std::string_view audience) {
  const json::Value* aud = jws.claims().find("aud");
  if (aud != nullptr && aud->is_array() && aud->as_array().size() == 1) {
    aud = &aud->as_array().front();
  }
  if (aud == nullptr || !aud->is_string() || aud->as_string() != audience) {
    return refuse(jws.place(), Reason::kAudienceMismatch,
                  "aud is somebody else; expected " + quoted(audience) + " alone");
  }
  return {};
}

}  // namespace mandate::token
