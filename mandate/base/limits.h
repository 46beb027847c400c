// Every bound on input from outside, by name. Relations between bounds are asserted here; a parser
// that meets one of them refuses with `limit_exceeded`.
#pragma once

#include <cstddef>

namespace mandate::limits {

// Text and structure.
inline constexpr std::size_t kIdBytesMax = 255;  // ids; SPIFFE ids may be longer:
inline constexpr std::size_t kSpiffeIdBytesMax = 2048;
inline constexpr std::size_t kIdentifierBytesMax = 1024;
inline constexpr std::size_t kIdentifierSegmentsMax = 32;
inline constexpr std::size_t kPurposeBytesMax = 1024;

// JSON and YAML.
inline constexpr std::size_t kJsonBytesMax = 1 << 20;
inline constexpr std::size_t kJsonDepthMax = 32;
inline constexpr std::size_t kJsonMembersMax = 20'000;  // values in one text, all levels
inline constexpr std::size_t kDocumentBytesMax = 64 << 20;
inline constexpr std::size_t kDocumentValuesMax = 4'000'000;

// Records of logs, which others wrote: what goes past is skipped and counted.
inline constexpr std::size_t kRecordBytesMax = 16 << 20;
inline constexpr std::size_t kRecordDepthMax = 128;
inline constexpr std::size_t kProjectionPathsMax = 128;

// HTTP.
inline constexpr std::size_t kHttpHeadBytesMax = 32 << 10;
inline constexpr std::size_t kFormBytesMax = 256 << 10;
inline constexpr std::size_t kFormParametersMax = 64;
inline constexpr std::size_t kRequestBodyBytesMax = 1 << 20;
inline constexpr std::size_t kSmallBodyBytesMax = 64 << 10;  // of a path that takes a few members

inline constexpr std::size_t kPemBytesMax = 1 << 20;  // certificates, keys

// JOSE.
inline constexpr std::size_t kJwtBytesMax = 16 << 10;
inline constexpr std::size_t kJoseHeaderBytesMax = 4 << 10;
inline constexpr std::size_t kJtiBytesMax = 256;
inline constexpr std::size_t kJwksKeysMax = 100;

// Authority.
inline constexpr std::size_t kPermissionsMax = 64;
inline constexpr std::size_t kActionsMax = 64;
inline constexpr std::size_t kLocationsMax = 16;
inline constexpr std::size_t kConstraintsMax = 32;
inline constexpr std::size_t kConstraintValuesMax = 256;
inline constexpr std::size_t kLineageDepthMax = 16;
inline constexpr std::size_t kFactsMax = 512;  // leaves of an access request's properties

// Definitions (DOCUMENT's lists and texts).
inline constexpr std::size_t kTeamMembersMax = 1000;
inline constexpr std::size_t kAuthenticatorsMax = 16;
inline constexpr std::size_t kClaimConditionsMax = 3;  // sets of claims are looked up
inline constexpr std::size_t kEnforcementPointsMax = 64;
inline constexpr std::size_t kRoutesMax = 256;
inline constexpr std::size_t kGuardrailsMax = 256;
inline constexpr std::size_t kUriBytesMax = 2048;        // issuers, audiences, file names
inline constexpr std::size_t kRoutePathBytesMax = 4096;  // also of a request's path
inline constexpr std::size_t kRouteSegmentsMax = 64;
inline constexpr std::size_t kRouteMethodsMax = 16;

// Logs.
inline constexpr std::size_t kLogEntryBytesMax = 60 << 10;

static_assert(kLogEntryBytesMax < (1 << 16), "a tlog bundle holds an entry's length in 16 bits");
static_assert(kJwtBytesMax < kFormBytesMax, "a form holds several tokens");
static_assert(kFormBytesMax <= kRequestBodyBytesMax, "a form is a request body");

}  // namespace mandate::limits
