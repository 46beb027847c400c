#include "apps/mandate/commands.h"
#include "apps/mandate/identity.h"
#include "mandate/base/bytes.h"

namespace mandate::app {
namespace {

Result<crypto::KeyType> key_type(const std::string& algorithm) {
  if (algorithm == "ES256") return crypto::KeyType::kP256;
  if (algorithm == "ES384") return crypto::KeyType::kP384;
  if (algorithm == "EdDSA") return crypto::KeyType::kEd25519;
  if (algorithm == "RS256") return crypto::KeyType::kRsa;
  return fail(Reason::kBadRequest,
              "algorithm " + quoted(algorithm) + "; expected ES256, ES384, EdDSA or RS256");
}

}  // namespace

int new_identity(const IdentityOptions& options, Format format) {
  Result<PrincipalId> client = PrincipalId::parse(options.client_id);
  if (!client) return report(client.error(), format);
  Result<crypto::KeyType> type = key_type(options.algorithm);
  if (!type) return report(type.error(), format);
  Result<crypto::PrivateKey> key = crypto::PrivateKey::generate(*type);
  if (!key) return report(key.error(), format);
  const Identity identity{*std::move(client), *std::move(key)};
  if (Result<void> written = write_identity(options.out, identity); !written) {
    return report(written.error(), format);
  }
  // The public half, as a document's `authenticators` takes it.
  const json::Value jwk = identity.key.public_key().to_jwk();
  print(format == Format::kJson ? json::pretty(jwk) + "\n" : json::canonical(jwk) + "\n");
  return kExitDone;
}

}  // namespace mandate::app
