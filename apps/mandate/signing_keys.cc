#include "apps/mandate/signing_keys.h"

#include <algorithm>

namespace mandate::app {
namespace {

std::string file_of(SigningAlgorithm algorithm) {
  return algorithm == SigningAlgorithm::kRs256 ? "rs256" : "es256";
}

crypto::KeyType type_of(SigningAlgorithm algorithm) {
  return algorithm == SigningAlgorithm::kRs256 ? crypto::KeyType::kRsa : crypto::KeyType::kP256;
}

bool signs_on_record(const record::View& view, const crypto::PublicKey& key, Instant now) {
  const auto keys = service::issuer_keys_on_record(view, now);
  return std::any_of(keys.begin(), keys.end(), [&](const service::IssuerKey& known) {
    return known.kid == key.thumbprint_base64url() && known.signs();
  });
}

}  // namespace

Result<crypto::PrivateKey> FileKeySource::prepare(SigningAlgorithm algorithm) {
  return store::prepare_key(files_, folder_, file_of(algorithm), type_of(algorithm));
}

Result<void> FileKeySource::adopt(SigningAlgorithm algorithm) {
  return store::adopt_key(files_, folder_, file_of(algorithm));
}

Result<void> settle_keys(store::FileSystem& files, const std::string& folder, store::KeyFiles& keys,
                         const std::function<record::View()>& view, Instant now,
                         const RunCommand& run) {
  FileKeySource source(files, folder);
  for (SigningAlgorithm algorithm : {SigningAlgorithm::kEs256, SigningAlgorithm::kRs256}) {
    crypto::PrivateKey& key = algorithm == SigningAlgorithm::kRs256 ? keys.rs256 : keys.es256;
    if (signs_on_record(view(), key.public_key(), now)) continue;
    auto prepared = store::prepared_key(files, folder, file_of(algorithm), type_of(algorithm));
    if (!prepared) return fail(prepared.error());
    const bool cut_short = *prepared && signs_on_record(view(), (*prepared)->public_key(), now);
    const bool ended =
        view().find_authenticator(key.public_key().thumbprint_base64url()).has_value();
    if (!cut_short && ended) {
      Result<crypto::PrivateKey> made = source.prepare(algorithm);
      if (!made) return fail(made.error());
      *prepared = *std::move(made);
    }
    const crypto::PrivateKey signer = cut_short || ended ? **prepared : key;
    Result<void> recorded = run([&](const record::View& at, Instant when) {
      const auto change = service::change_at_start(at, signer.public_key(), when);
      if (!change.added) return Result<record::Plan>(record::Plan{});
      return service::plan_issuer_keys(at, change, when);
    });
    if (!recorded) return recorded;
    if (cut_short || ended) {
      if (Result<void> adopted = source.adopt(algorithm); !adopted) return adopted;
    }
    key = signer;
  }
  return {};
}

}  // namespace mandate::app
