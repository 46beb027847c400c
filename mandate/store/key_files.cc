#include "mandate/store/key_files.h"

#include <functional>
#include <utility>

#include "mandate/json/value.h"

namespace mandate::store {
namespace {

constexpr std::uint64_t kKeyFileBytesMax = 16 << 10;

// What the file holds, or after this call what `make` gave, durable.
Result<std::string> load_or_make(FileSystem& files, const std::string& path,
                                 const std::function<Result<std::string>()>& make) {
  Result<std::optional<FileInfo>> info = files.info(path);
  if (!info) return fail(info.error());
  if (*info) return read_secret(files, path);
  Result<std::string> made = make();
  if (!made) return made;
  // A signature by a key that a crash could take back would be by nobody: durable before use.
  if (auto ok = replace_file(files, path, *made); !ok) return fail(ok.error());
  return made;
}

Result<crypto::PrivateKey> parse_key(const std::string& path, std::string_view text,
                                     crypto::KeyType type) {
  Result<crypto::PrivateKey> key = json::parse(text).and_then(
      [](const json::Value& jwk) { return crypto::PrivateKey::from_jwk(jwk); });
  if (key && key->public_key().type() == type) return key;
  return fail(Reason::kBadRequest, "\"" + path + "\" is no private JWK of its kind" +
                                       (key ? std::string() : ": " + key.error().detail));
}

Result<crypto::PrivateKey> load_or_make_key(FileSystem& files, const std::string& path,
                                            crypto::KeyType type) {
  Result<std::string> text = load_or_make(files, path, [type] {
    return crypto::PrivateKey::generate(type).map(
        [](const crypto::PrivateKey& key) { return json::canonical(key.to_private_jwk()) + "\n"; });
  });
  if (!text) return fail(text.error());
  return parse_key(path, *text, type);
}

}  // namespace

Result<std::string> read_secret(FileSystem& files, const std::string& path) {
  Result<std::optional<FileInfo>> info = files.info(path);
  if (!info) return fail(info.error());
  if (*info && ((*info)->mode & 077U) != 0) {
    return fail(Reason::kBadRequest,
                "\"" + path + "\" can be read by group or others; expected mode 0600");
  }
  return read_file(files, path, kKeyFileBytesMax);
}

Result<KeyFiles> load_or_make_keys(FileSystem& files, const std::string& folder, Random& random) {
  auto made = make_directories(files, folder).and_then([&] {
    return files.sync_directory(folder_of(folder));
  });
  if (!made) return fail(made.error());
  using crypto::KeyType;
  auto es256 = load_or_make_key(files, folder + "/es256.jwk", KeyType::kP256);
  if (!es256) return fail(es256.error());
  auto rs256 = load_or_make_key(files, folder + "/rs256.jwk", KeyType::kRsa);
  if (!rs256) return fail(rs256.error());
  auto record_log = load_or_make_key(files, folder + "/record-log.jwk", KeyType::kEd25519);
  if (!record_log) return fail(record_log.error());
  auto journal_log = load_or_make_key(files, folder + "/journal-log.jwk", KeyType::kEd25519);
  if (!journal_log) return fail(journal_log.error());
  auto receipt = load_or_make_key(files, folder + "/receipt.jwk", KeyType::kEd25519);
  if (!receipt) return fail(receipt.error());
  const std::string nonce_path = folder + "/nonce.key";
  auto nonce_key = load_or_make(files, nonce_path,
                                [&] { return Result<std::string>(random.bytes(kNonceKeyBytes)); });
  if (!nonce_key) return fail(nonce_key.error());
  if (nonce_key->size() != kNonceKeyBytes) {
    return fail(Reason::kBadRequest, "\"" + nonce_path + "\" has " +
                                         std::to_string(nonce_key->size()) + " bytes; expected 32");
  }
  return KeyFiles{*std::move(es256),       *std::move(rs256),   *std::move(record_log),
                  *std::move(journal_log), *std::move(receipt), *std::move(nonce_key)};
}

Result<crypto::PrivateKey> prepare_key(FileSystem& files, const std::string& folder,
                                       const std::string& name, crypto::KeyType type) {
  Result<crypto::PrivateKey> key = crypto::PrivateKey::generate(type);
  if (!key) return key;
  const std::string path = folder + "/" + name + ".next.jwk";
  auto kept = replace_file(files, path, json::canonical(key->to_private_jwk()) + "\n");
  if (!kept) return fail(kept.error());
  return key;
}

Result<std::optional<crypto::PrivateKey>> prepared_key(FileSystem& files, const std::string& folder,
                                                       const std::string& name,
                                                       crypto::KeyType type) {
  const std::string path = folder + "/" + name + ".next.jwk";
  Result<std::optional<FileInfo>> info = files.info(path);
  if (!info) return fail(info.error());
  if (!*info) return std::optional<crypto::PrivateKey>();
  Result<std::string> text = read_secret(files, path);
  if (!text) return fail(text.error());
  return parse_key(path, *text, type).map([](crypto::PrivateKey key) {
    return std::optional(std::move(key));
  });
}

Result<void> adopt_key(FileSystem& files, const std::string& folder, const std::string& name) {
  return files.rename(folder + "/" + name + ".next.jwk", folder + "/" + name + ".jwk")
      .and_then([&] { return files.sync_directory(folder); });
}

Result<LogPublicKeys> load_log_keys(FileSystem& files, const std::string& folder) {
  std::vector<crypto::PublicKey> keys;
  for (const char* name : {"/record-log.jwk", "/journal-log.jwk", "/receipt.jwk"}) {
    const std::string path = folder + name;
    Result<std::string> text = read_secret(files, path);
    if (!text) return fail(text.error());
    Result<crypto::PrivateKey> key = parse_key(path, *text, crypto::KeyType::kEd25519);
    if (!key) return fail(key.error());
    keys.push_back(key->public_key());
  }
  return LogPublicKeys{keys[0], keys[1], keys[2]};
}

}  // namespace mandate::store
