// A JWT at every door but the proof's and the hop grant's. What is accepted has one text, is not
// longer alive than its kind may be, and an access token's claims are written as they were read.
#include "fuzz/signed_input.h"
#include "mandate/token/access_token.h"
#include "mandate/token/grants.h"

namespace {

using namespace mandate;
using fuzz::kIssuer;
using fuzz::kNow;
using fuzz::require;

void check_text(const std::string& text) {
  const std::size_t first = text.find('.');
  const std::size_t last = text.rfind('.');
  require(first != std::string::npos && first != last);
  for (const std::string& segment :
       {text.substr(0, first), text.substr(first + 1, last - first - 1), text.substr(last + 1)}) {
    const Result<std::string> bytes = decode_base64url(segment);
    require(bytes.has_value() && encode_base64url(*bytes) == segment);
  }
}

void check_access_token(const token::Jws& jws) {
  const token::AccessTokenVerifier verifier(std::string(kIssuer), {fuzz::key().public_key()});
  const Result<VerifiedToken> token = verifier.verify(jws, kNow);
  if (!token) return;
  require(token->claims().expires_at > kNow);
  const json::Value written = token::to_json(token->claims(), kIssuer);
  const std::string again =
      token::sign_access_token(token->claims(), kIssuer, fuzz::key(), crypto::Algorithm::kEdDsa);
  const Result<VerifiedToken> read = verifier.verify(again, Place::kSubjectToken, kNow);
  // Written anew it can be longer, or end within the second: that alone may refuse it.
  if (!read) {
    require(read.error().reason == Reason::kLimitExceeded ||
            read.error().reason == Reason::kTokenExpired ||
            token->claims().expires_at - token->claims().issued_at < Seconds{1});
    return;
  }
  require(token::to_json(read->claims(), kIssuer) == written);
}

void check_grants(const token::Jws& jws) {
  const std::vector<crypto::PublicKey> keys = {fuzz::key().public_key()};
  const Result<PrincipalId> client = token::claimed_client(jws);
  for (auto* verify : {&token::verify_client_assertion, &token::verify_actor_token}) {
    const Result<token::OneUse> use = (*verify)(jws, keys, kIssuer, kNow);
    if (!use) continue;
    require(client.has_value() && use->until > kNow);
    require(use->until <= kNow + token::kAssertionLifetimeMax + token::kClockSkewMax);
  }
  const Result<token::Statement> statement = token::verify_statement(jws, keys, kIssuer, kNow);
  if (statement) require(statement->expires_at > kNow);
  const Result<token::PersonClaims> person =
      token::verify_person_token(jws, {{std::nullopt, keys[0]}}, {"EdDSA"},
                                 "https://login.acme.example", kIssuer, Seconds{600}, kNow);
  if (person) require(token::claimed_issuer(jws) == "https://login.acme.example");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = fuzz::signed_input({reinterpret_cast<const char*>(data), size});
  for (Place place : {Place::kClient, Place::kSubjectToken}) {
    const Result<token::Jws> jws = token::Jws::parse(text, place);
    if (!jws) {
      require(jws.error().place == place);
      continue;
    }
    check_text(text);
    check_access_token(*jws);
    check_grants(*jws);
  }
  return 0;
}
