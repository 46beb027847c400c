// Private keys of a server in `DIR/keys/`: made at the first start, durable before their first use,
// refused where anybody else could have read them.
//
//   Result<KeyFiles> keys = load_or_make_keys(files, "/data/keys", random);
//   keys->es256.sign(crypto::Algorithm::kEs256, message)
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mandate/base/ports.h"
#include "mandate/crypto/key.h"
#include "mandate/store/file_system.h"

namespace mandate::store {

inline constexpr std::size_t kNonceKeyBytes = 32;

struct KeyFiles {
  crypto::PrivateKey es256;        // es256.jwk: tokens
  crypto::PrivateKey rs256;        // rs256.jwk: tokens of resources that want RS256
  crypto::PrivateKey record_log;   // record-log.jwk: Ed25519, checkpoints of the record's log only
  crypto::PrivateKey journal_log;  // journal-log.jwk: the same of the journal's logs
  crypto::PrivateKey receipt;      // receipt.jwk: Ed25519, receipts only
  std::string nonce_key;           // nonce.key: 32 random bytes
};

// `record_unavailable` where a file cannot be read or written, `bad_request` where it is no such
// key, or its mode lets group or others in.
Result<KeyFiles> load_or_make_keys(FileSystem& files, const std::string& folder, Random& random);

// The next one of `name` ("es256" or "rs256"): made and durable, beside the one in use.
Result<crypto::PrivateKey> prepare_key(FileSystem& files, const std::string& folder,
                                       const std::string& name, crypto::KeyType type);
// What was prepared and not adopted; nothing where there is none.
Result<std::optional<crypto::PrivateKey>> prepared_key(FileSystem& files, const std::string& folder,
                                                       const std::string& name,
                                                       crypto::KeyType type);
// It takes the place of the one in use, whose private half is gone then; durable.
Result<void> adopt_key(FileSystem& files, const std::string& folder, const std::string& name);

// Those of them that others may know, for `mandate audit key`; nothing is made.
struct LogPublicKeys {
  crypto::PublicKey record_log;
  crypto::PublicKey journal_log;
  crypto::PublicKey receipt;
};
Result<LogPublicKeys> load_log_keys(FileSystem& files, const std::string& folder);

// A secret file: mode 0600, refused where group or others may read it.
Result<std::string> read_secret(FileSystem& files, const std::string& path);

}  // namespace mandate::store
