// Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), with Ed25519 keys (algorithm
// byte 0x01) that sign nothing else. Existing tools and witnesses read them.
//
//   NoteSigner signer = ...;  std::string note = signer.sign(checkpoint.text());
//   Result<Checkpoint> c = open_checkpoint(note, NoteVerifier::parse(vkey).value());
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/base/result.h"
#include "mandate/crypto/key.h"

namespace mandate::ledger {

inline constexpr std::size_t kNoteBytesMax = 64 << 10;
inline constexpr std::size_t kNoteSignaturesMax = 32;

// A verifier key: `name+hash+base64(0x01 || public key)`.
class NoteVerifier {
 public:
  static Result<NoteVerifier> parse(std::string_view vkey);
  static Result<NoteVerifier> make(std::string_view name, const crypto::PublicKey& ed25519);
  const std::string& name() const { return name_; }
  std::uint32_t key_hash() const { return hash_; }  // first 4 bytes of SHA-256(name \n 0x01 key)
  const crypto::PublicKey& key() const { return key_; }
  std::string text() const;

 private:
  NoteVerifier(std::string name, std::uint32_t hash, crypto::PublicKey key)
      : name_(std::move(name)), hash_(hash), key_(std::move(key)) {}
  std::string name_;
  std::uint32_t hash_;
  crypto::PublicKey key_;
};

class NoteSigner {
 public:
  // A name holds no white space and no `+`. The key is Ed25519.
  static Result<NoteSigner> make(std::string_view name, crypto::PrivateKey ed25519);
  const NoteVerifier& verifier() const { return verifier_; }
  // `text` ends in a newline; gives text, empty line, one signature line (em dash, U+2014).
  std::string sign(std::string_view text) const;
  // The bare signature of a receipt's JWS signing input: only by the key that signs receipts only.
  std::string sign_receipt_input(std::string_view input) const;

 private:
  NoteSigner(NoteVerifier verifier, crypto::PrivateKey key)
      : verifier_(std::move(verifier)), key_(std::move(key)) {}
  NoteVerifier verifier_;
  crypto::PrivateKey key_;
};

// The text of a note that `verifier` signed; signatures by others are passed over, a wrong one by
// this name and hash refuses the note.
Result<std::string> open_note(std::string_view note, const NoteVerifier& verifier);

// tlog-checkpoint: origin, size (canonical decimal), base64 root, each a line; extension lines are
// kept out: we write none and refuse none.
struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Digest root{};
  std::string text() const;
  static Result<Checkpoint> parse(std::string_view text);
};
// Opens the note and parses it; the origin must be the verifier's name.
Result<Checkpoint> open_checkpoint(std::string_view note, const NoteVerifier& verifier);

}  // namespace mandate::ledger
