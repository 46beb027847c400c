// Errors are values: a function that can refuse returns `Result<T>`, and nothing throws across a
// room. An `Error` names its reason (the closed table), the place in a request that it speaks of
// (which chooses among the OAuth errors of one reason), and a message for a person.
//
//   Result<Permission> p = Permission::parse(value);
//   if (!p) return fail(p.error());
//   return fail(Reason::kBadRequest, Place::kScope, "scope \"x\" has no ':'; expected
//   type:action");
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "mandate/base/reason.h"

namespace mandate {

// The part of a request that an error speaks of.
enum class Place : std::uint8_t {
  kRequest,
  kClient,  // the caller's own authentication
  kGrantType,
  kScope,
  kTarget,                // resource, audience
  kAuthorizationDetails,  // RFC 9396
  kDpopProof,             // RFC 9449
  kSubjectToken,
  kActorToken,
  kHopGrant,
  kAccessToken,  // a token presented at a resource
  kPath,         // an unknown id or path: 404
  kMethod,       // 405
  kMediaType,    // 415
  kConflict,     // 409
  kRate,         // 429
};

inline constexpr std::size_t kPlaceCount = static_cast<std::size_t>(Place::kRate) + 1;

struct Error {
  Reason reason = Reason::kBadRequest;
  Place place = Place::kRequest;
  // Lower case, quotes the input, says what was expected; never holds a secret or a token.
  std::string detail;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }
inline tl::unexpected<Error> fail(Reason reason, Place place, std::string detail) {
  return tl::unexpected<Error>(Error{reason, place, std::move(detail)});
}
inline tl::unexpected<Error> fail(Reason reason, std::string detail) {
  return tl::unexpected<Error>(Error{reason, Place::kRequest, std::move(detail)});
}

}  // namespace mandate
