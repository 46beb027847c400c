// The kinds of JWT that this room takes: for each a valid one and the door it goes through, so that
// what must hold for all of them is written once and run for each.
//
//   for (const Kind& kind : kinds()) EXPECT_THAT(kind.judge(kind.valid(), kNow), IsOk());
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/authority/evidence.h"
#include "testing/jwt_forge.h"

namespace mandate::test {

inline constexpr std::string_view kIssuer = "https://mandate.acme.example";
inline constexpr std::string_view kTrusted = "https://login.acme.example";
inline constexpr std::string_view kTickets = "https://tickets.acme.example";
inline constexpr std::string_view kTokenUri = "https://mandate.acme.example/token";
inline const Instant kNow = from_numeric_date(1'800'000'000);
inline constexpr std::int64_t kNowSeconds = 1'800'000'000;

struct Kind {
  std::string name;
  Reason malformed;   // the reason for what is no such JWT
  Reason not_signed;  // ... and for another's signature
  Reason mistyped;    // ... and for another `typ`
  Forge forge;        // valid, by `key`, until kNow + 60 s
  const crypto::PrivateKey& key;
  bool key_in_header;  // found by `jwk`, not by `kid`
  std::function<Result<void>(std::string_view text, Instant now)> judge;

  std::string valid() const { return forge.signed_by(key); }
  // Changed in one thing, and signed again.
  std::string with_header(std::string_view name, json::Value value) const;
  std::string with_claim(std::string_view name, json::Value value) const;
  std::string without_claim(std::string_view name) const;
};

const std::vector<Kind>& kinds();
const Kind& kind(std::string_view name);  // Precondition: it is one of them

json::Value without(const json::Value& object, std::string_view name);
// Claims of an access token with two actors, to be changed.
TokenClaims token_claims();

void PrintTo(const Kind& kind, std::ostream* out);

}  // namespace mandate::test
