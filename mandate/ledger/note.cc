#include "mandate/ledger/note.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "mandate/base/limits.h"
#include "mandate/base/text.h"
#include "mandate/crypto/hash.h"
#include "mandate/ledger/tree.h"

namespace mandate::ledger {
namespace {

constexpr char kEd25519Type = 0x01;
constexpr std::string_view kSignaturePrefix = "\u2014 ";

tl::unexpected<Error> refuse(std::string detail) {
  return fail(Reason::kBadRequest, std::move(detail));
}

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= limits::kIdBytesMax && is_utf8(name) &&
         !has_unseen(name, Unseen::kControlOrSpace) && name.find('+') == std::string_view::npos;
}

Result<void> check_key_name(std::string_view name) {
  if (is_key_name(name)) return {};
  return refuse("name " + quoted(name) + " is no key name; expected at most 255 bytes of text " +
                "without white space and +");
}

bool is_note_text(std::string_view text) {
  return is_utf8(text) && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 && c != '\n';
         });
}

// Up to `end`, which is taken away too; the rest where `end` does not come.
std::string_view take_until(std::string_view& rest, char end) {
  const std::size_t at = std::min(rest.find(end), rest.size());
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return taken;
}

std::uint32_t big_endian(std::string_view four) {
  std::uint32_t value = 0;
  for (char c : four) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

std::string big_endian_bytes(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string key_bytes(const crypto::PublicKey& key) { return kEd25519Type + key.ed25519_raw(); }

std::uint32_t hash_of(std::string_view name, const crypto::PublicKey& key) {
  const Digest digest = crypto::sha256(name, "\n", key_bytes(key));
  return big_endian(view(digest).substr(0, 4));
}

struct SignatureLine {
  std::string_view name;
  std::uint32_t key_hash;
  std::string signature;
};

// `line` without its newline.
Result<SignatureLine> parse_signature_line(std::string_view line) {
  std::string_view rest = line;
  if (!rest.starts_with(kSignaturePrefix)) {
    return refuse("signature line " + quoted(line) + " does not begin with an em dash and a space");
  }
  rest.remove_prefix(kSignaturePrefix.size());
  const std::string_view name = take_until(rest, ' ');
  if (auto ok = check_key_name(name); !ok) return fail(ok.error());
  Result<std::string> bytes = decode_base64(rest);
  if (!bytes || bytes->size() < 5) {
    return refuse("signature of " + quoted(name) + " is not strict base64 of at least 5 bytes");
  }
  return SignatureLine{name, big_endian(std::string_view(*bytes).substr(0, 4)), bytes->substr(4)};
}

Result<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || std::to_string(size) != text) {
    return refuse("tree size " + quoted(text) +
                  " is no decimal number below 2^64 without leading zeros");
  }
  return size;
}

}  // namespace

Result<NoteVerifier> NoteVerifier::make(std::string_view name, const crypto::PublicKey& ed25519) {
  if (auto ok = check_key_name(name); !ok) return fail(ok.error());
  if (ed25519.type() != crypto::KeyType::kEd25519) return refuse("a note's key is an Ed25519 key");
  return NoteVerifier(std::string(name), hash_of(name, ed25519), ed25519);
}

Result<NoteVerifier> NoteVerifier::parse(std::string_view vkey) {
  std::string_view rest = vkey;
  const std::string_view name = take_until(rest, '+');
  const std::string_view hash = take_until(rest, '+');
  Result<std::string> bytes = decode_base64(rest);
  if (!bytes || bytes->size() != 33 || bytes->front() != kEd25519Type) {
    return refuse("verifier key " + quoted(vkey) +
                  " is not name+hash+key with base64 of byte 1 and an Ed25519 key");
  }
  auto key = crypto::PublicKey::from_ed25519_raw(std::string_view(*bytes).substr(1));
  if (!key) return fail(key.error());
  Result<NoteVerifier> verifier = make(name, *key);
  if (!verifier) return verifier;
  if (encode_hex(big_endian_bytes(verifier->hash_)) != hash) {
    return refuse("verifier key has hash " + quoted(hash) + "; expected " +
                  encode_hex(big_endian_bytes(verifier->hash_)));
  }
  return verifier;
}

std::string NoteVerifier::text() const {
  return name_ + "+" + encode_hex(big_endian_bytes(hash_)) + "+" + encode_base64(key_bytes(key_));
}

Result<NoteSigner> NoteSigner::make(std::string_view name, crypto::PrivateKey ed25519) {
  Result<NoteVerifier> verifier = NoteVerifier::make(name, ed25519.public_key());
  if (!verifier) return fail(verifier.error());
  return NoteSigner(*std::move(verifier), std::move(ed25519));
}

std::string NoteSigner::sign(std::string_view text) const {
  if (!text.ends_with('\n') || !is_note_text(text)) std::abort();  // a bug of ours: never signed
  const std::string signature =
      big_endian_bytes(verifier_.key_hash()) + key_.sign(crypto::Algorithm::kEdDsa, text);
  return std::string(text) + "\n" + std::string(kSignaturePrefix) + verifier_.name() + " " +
         encode_base64(signature) + "\n";
}

std::string NoteSigner::sign_receipt_input(std::string_view input) const {
  return key_.sign(crypto::Algorithm::kEdDsa, input);
}

Result<std::string> open_note(std::string_view note, const NoteVerifier& verifier) {
  if (note.size() > kNoteBytesMax) {
    return fail(Reason::kLimitExceeded, "note has " + std::to_string(note.size()) +
                                            " bytes; expected at most " +
                                            std::to_string(kNoteBytesMax));
  }
  if (!is_note_text(note)) return refuse("note is not UTF-8 or has a control character");
  const std::size_t split = note.rfind("\n\n");
  if (split == std::string_view::npos || !note.ends_with('\n') || split + 2 == note.size()) {
    return refuse("note is not a text, an empty line and signature lines");
  }
  const std::string_view text = note.substr(0, split + 1);
  std::size_t lines = 0;
  bool is_signed = false;
  for (std::string_view rest = note.substr(split + 2); !rest.empty();) {
    if (++lines > kNoteSignaturesMax) {
      return fail(Reason::kLimitExceeded,
                  "note has more than " + std::to_string(kNoteSignaturesMax) + " signatures");
    }
    Result<SignatureLine> line = parse_signature_line(take_until(rest, '\n'));
    if (!line) return fail(line.error());
    if (line->name != verifier.name() || line->key_hash != verifier.key_hash()) continue;
    if (!verifier.key().verify(crypto::Algorithm::kEdDsa, text, line->signature)) {
      return refuse("signature of " + quoted(line->name) + " does not verify");
    }
    is_signed = true;
  }
  if (!is_signed) return refuse("note has no signature by " + quoted(verifier.name()));
  return std::string(text);
}

std::string Checkpoint::text() const {
  return origin + "\n" + std::to_string(size) + "\n" + encode_base64(view(root)) + "\n";
}

Result<Checkpoint> Checkpoint::parse(std::string_view text) {
  if (!text.ends_with('\n') || !is_note_text(text) || text.find("\n\n") != std::string_view::npos) {
    return refuse("checkpoint is not lines of text, none of them empty");
  }
  std::string_view rest = text;
  const std::string_view origin = take_until(rest, '\n');
  if (auto ok = check_key_name(origin); !ok) return fail(ok.error());
  Result<std::uint64_t> size = parse_size(take_until(rest, '\n'));
  if (!size) return fail(size.error());
  Result<std::string> bytes = decode_base64(take_until(rest, '\n'));
  Result<Digest> root = bytes ? to_digest(*bytes) : fail(bytes.error());
  if (!root) return refuse("checkpoint's root is not strict base64 of 32 bytes");
  if (*size == 0 && *root != empty_root()) {
    return refuse("checkpoint of size 0 has another root than the empty tree");
  }
  return Checkpoint{std::string(origin), *size, *root};
}

Result<Checkpoint> open_checkpoint(std::string_view note, const NoteVerifier& verifier) {
  Result<std::string> text = open_note(note, verifier);
  if (!text) return fail(text.error());
  Result<Checkpoint> checkpoint = Checkpoint::parse(*text);
  if (checkpoint && checkpoint->origin != verifier.name()) {
    return refuse("checkpoint has the origin " + quoted(checkpoint->origin) + "; expected " +
                  quoted(verifier.name()));
  }
  return checkpoint;
}

}  // namespace mandate::ledger
