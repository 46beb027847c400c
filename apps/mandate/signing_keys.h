// The issuer's private keys in files, and what the record says of them at a start.
//
//   FileKeySource source(files, data.keys_folder());
//   Result<void> settled = settle_keys(files, folder, keys, view, now, run_command);
#pragma once

#include <functional>
#include <string>

#include "mandate/service/issuer_keys.h"
#include "mandate/service/sequencer.h"
#include "mandate/store/key_files.h"

namespace mandate::app {

class FileKeySource final : public service::KeySource {
 public:
  FileKeySource(store::FileSystem& files, std::string folder)
      : files_(files), folder_(std::move(folder)) {}
  Result<crypto::PrivateKey> prepare(SigningAlgorithm algorithm) override;
  Result<void> adopt(SigningAlgorithm algorithm) override;

 private:
  store::FileSystem& files_;
  const std::string folder_;
};

// Brings files and record together before anything is signed: a rotation that a crash cut short is
// finished; keys that the record does not know go on record, and those that nobody has any more
// are revoked; where the key at hand was retired or revoked, another one is made. `keys` are then
// those that sign.
using RunCommand = std::function<Result<void>(service::Sequencer::Command command)>;
Result<void> settle_keys(store::FileSystem& files, const std::string& folder, store::KeyFiles& keys,
                         const std::function<record::View()>& view, Instant now,
                         const RunCommand& run);

}  // namespace mandate::app
