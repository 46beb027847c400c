// Reading the claims of a JWT, for the files of this room only: every reader is strict about form,
// and no refusal repeats a byte of the token. Dates lie in 0..2^53; ids come in by their own door.
//
//   std::optional<PrincipalId> sub = id_claim<PrincipalNoun>(jws.claims(), "sub");
//   if (!sub) return wrong_claim(jws, "sub", "a principal's id");
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/id.h"
#include "mandate/crypto/key.h"
#include "mandate/token/jws.h"

namespace mandate::token {

inline constexpr std::int64_t kNumericDateMax = std::int64_t{1} << 53;

// `reason` as the place has it: who calls hears one word whatever was wrong, and a proof that is
// malformed is a bad request. `limit_exceeded` is the same everywhere.
tl::unexpected<Error> refuse(Place place, Reason reason, std::string detail);
tl::unexpected<Error> wrong_claim(const Jws& jws, std::string_view name, std::string_view expected);

// A NumericDate as an Instant, rounded down to the millisecond; nothing for anything else.
std::optional<Instant> to_instant(const json::Value& value);
// In whole seconds, within what a NumericDate may be: kEndOfTime is cut to it.
json::Value to_date(Instant instant);

// Not empty and at most `bytes_max`; nothing for anything else, also for nullptr.
const std::string* bounded_string(const json::Value* value, std::size_t bytes_max);

template <class Noun>
std::optional<Id<Noun>> to_id(const json::Value* value) {
  if (value == nullptr || !value->is_string()) return std::nullopt;
  Result<Id<Noun>> id = Id<Noun>::parse(value->as_string());
  return id ? std::optional(*std::move(id)) : std::nullopt;
}
template <class Noun>
std::optional<Id<Noun>> id_claim(const json::Value& claims, std::string_view name) {
  return to_id<Noun>(claims.find(name));
}

// `text` is the base64url form of 32 bytes.
std::optional<Digest> to_thumbprint(const std::string& text);
// The string of `cnf: {"jkt": ...}`; nothing where it is absent, has another form, or holds another
// confirmation beside: a binding that is not understood must not be passed over.
const std::string* jkt_of(const json::Value* cnf);
// The same of `cnf: {"x5t#S256": ...}` (RFC 8705 section 3.1).
const std::string* certificate_of(const json::Value* cnf);

// The index of the key that signed: the one that `kid` names by its thumbprint, or the only one
// given where there is no `kid` (ATTACKS A7: of several, none is guessed).
std::optional<std::size_t> signer(const Jws& jws, const std::vector<crypto::PublicKey>& keys);

}  // namespace mandate::token
