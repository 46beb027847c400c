#include "mandate/ledger/note.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mandate/crypto/hash.h"
#include "mandate/ledger/tree.h"
#include "testing/matchers.h"
#include "testing/vectors.h"

namespace mandate::ledger {
namespace {

using test::ErrorIs;
using test::IsOk;
using ::testing::HasSubstr;

constexpr std::string_view kName = "log.example/record";
constexpr std::string_view kDash = "\u2014 ";

const NoteSigner& signer() {
  static const NoteSigner made =
      NoteSigner::make(kName, crypto::PrivateKey::from_ed25519_seed(std::string(32, 's')).value())
          .value();
  return made;
}
const NoteVerifier& verifier() { return signer().verifier(); }

NoteSigner other_signer(std::string_view name, char seed) {
  return NoteSigner::make(name,
                          crypto::PrivateKey::from_ed25519_seed(std::string(32, seed)).value())
      .value();
}

// The signature line alone.
std::string line_of(const NoteSigner& by, std::string_view text) {
  return by.sign(text).substr(text.size() + 1);
}

// An empty expectation: opened.
void check(const std::string& note, std::string_view expected_detail,
           Reason reason = Reason::kBadRequest) {
  SCOPED_TRACE(quoted(note));
  const Result<std::string> text = open_note(note, verifier());
  if (expected_detail.empty()) {
    EXPECT_THAT(text, IsOk());
    return;
  }
  ASSERT_THAT(text, ErrorIs(reason));
  EXPECT_THAT(text.error().detail, HasSubstr(expected_detail));
}

TEST(Note, opens_to_the_text_that_was_signed) {
  for (std::string_view text : {"text\n", "\n", "a\n\nb\n", "a\n\n", "\u00e9 \u2014 x\n",
                                "\u2014 log.example/record AAAAAAAA\n"}) {
    const std::string note = signer().sign(text);
    const Result<std::string> opened = open_note(note, verifier());
    ASSERT_THAT(opened, IsOk()) << note;
    EXPECT_EQ(*opened, text);
  }
}

TEST(Note, is_the_form_of_the_specification) {
  const std::string text = "text\n";
  const std::string good = signer().sign(text);
  const std::string line = line_of(signer(), text);
  constexpr std::string_view kShape = "not a text, an empty line and signature lines";
  constexpr std::string_view kPrefix = "does not begin with an em dash and a space";
  constexpr std::string_view kBase64 = "is not strict base64 of at least 5 bytes";
  check(good, "");
  check("", kShape);
  check("text\n", kShape);
  check("text\n\n", kShape);
  check(text + line, kShape);
  check(good.substr(0, good.size() - 1), kShape);
  check(good + "\n", kShape);
  check("text" + good.substr(4, 1) + line, kShape);
  check(good + "x", kShape);
  check(good + "x\n", kPrefix);
  check("text\r\n\r\n" + line, "not UTF-8 or has a control character");
  check("te\0xt\n\n" + line + std::string(1, '\0'), "not UTF-8 or has a control character");
  check("te\txt\n\n" + line, "not UTF-8 or has a control character");
  check("te\xffxt\n\n" + line, "not UTF-8 or has a control character");
  // ATTACKS H3: other dashes, and other spaces after it.
  const std::string rest = line.substr(kDash.size());
  for (std::string_view prefix : {"\u2013 ", "\u2012 ", "\u2015 ", "\u2212 ", "- ", "-- ", "\u2014",
                                  "\u2014\u00a0", " \u2014 ", "\u2014\u2014 ", ""}) {
    check("text\n\n" + std::string(prefix) + rest, kPrefix);
  }
  check("text\n\n\u2014  " + rest, "name \"\" is no key name");
  check("text\n\n" + std::string(kDash) + std::string(kName) + "\n", kBase64);
  check("text\n\n" + std::string(kDash) + std::string(kName) + " \n", kBase64);
  check("text\n\n" + line.substr(0, line.size() - 1) + " \n", kBase64);
  check("text\n\n" + line.substr(0, line.size() - 2) + "\n", kBase64);
  check("text\n\n" + std::string(kDash) + std::string(kName) + " AAAAAA==\n", kBase64);
  check("text\n\n" + std::string(kDash) + std::string(kName) + " AAAAAAA=\n", "no signature by");
}

TEST(Note, is_signed_by_the_key_with_that_name_and_hash) {
  const std::string text = "text\n";
  const std::string good = line_of(signer(), text);
  const std::string other = line_of(other_signer("witness.example/w", 'w'), text);
  const std::string same_name = line_of(other_signer(kName, 'n'), text);
  const std::string same_key = line_of(other_signer("other.example/log", 's'), text);
  constexpr std::string_view kNone = "no signature by \"log.example/record\"";
  constexpr std::string_view kWrong = "signature of \"log.example/record\" does not verify";
  check(text + "\n" + good, "");
  check(text + "\n" + other + good, "");
  check(text + "\n" + same_name + good + other, "");
  check(text + "\n" + good + good, "");
  check(text + "\n" + other, kNone);
  check(text + "\n" + same_name, kNone);
  check(text + "\n" + same_key, kNone);
  check("test\n\n" + good, kWrong);
  check(text + "\n" + good + line_of(signer(), "another\n"), kWrong);
  // By this name and hash, but changed: each byte of hash and signature in turn.
  const std::string bytes = *decode_base64(good.substr(kDash.size() + kName.size() + 1, 92));
  ASSERT_EQ(bytes.size(), 68u);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    check(
        text + "\n" + std::string(kDash) + std::string(kName) + " " + encode_base64(changed) + "\n",
        at < 4 ? kNone : kWrong);
  }
  check(text + "\n" + std::string(kDash) + std::string(kName) + " " + encode_base64(bytes + "x") +
            "\n",
        kWrong);
}

TEST(Note, is_bounded) {
  const std::string other = line_of(other_signer("witness.example/w", 'w'), "text\n");
  const auto with_others = [&](std::size_t count) {
    std::string note = "text\n\n";
    for (std::size_t i = 0; i < count; ++i) note += other;
    return note + line_of(signer(), "text\n");
  };
  check(with_others(kNoteSignaturesMax - 1), "");
  check(with_others(kNoteSignaturesMax), "more than 32 signatures", Reason::kLimitExceeded);
  const std::size_t overhead = signer().sign("\n").size() - 1;
  const std::string largest(kNoteBytesMax - overhead - 1, 'x');
  check(signer().sign(largest + "\n"), "");
  check(signer().sign(largest + "x\n"), "expected at most 65536", Reason::kLimitExceeded);
}

TEST(KeyName, has_no_white_space_and_no_plus) {
  const crypto::PrivateKey key =
      crypto::PrivateKey::from_ed25519_seed(std::string(32, 'k')).value();
  for (std::string_view name :
       {"a", "log.example/record", "PeterNeumann", "l\u00f6g.example", "log-1_2.example:8080"}) {
    const Result<NoteSigner> made = NoteSigner::make(name, key);
    ASSERT_THAT(made, IsOk()) << name;
    EXPECT_EQ(NoteVerifier::parse(made->verifier().text())->text(), made->verifier().text());
  }
  EXPECT_THAT(NoteSigner::make(std::string(255, 'a'), key), IsOk());
  for (const std::string& name :
       {std::string(), std::string(" "), std::string("a b"), std::string("a+b"), std::string("a\n"),
        std::string("a\tb"), std::string("a\0b", 3), std::string("a\u00a0b"),
        std::string("a\u2003b"), std::string("a\u3000b"), std::string("a\u0085b"),
        std::string("a\u2028b"), std::string("a\u200bb"), std::string("\xff"),
        std::string(256, 'a')}) {
    const Result<NoteSigner> made = NoteSigner::make(name, key);
    ASSERT_THAT(made, ErrorIs(Reason::kBadRequest)) << quoted(name);
    EXPECT_THAT(made.error().detail, HasSubstr("is no key name"));
  }
  EXPECT_THAT(NoteSigner::make("a", crypto::PrivateKey::generate(crypto::KeyType::kP256).value()),
              ErrorIs(Reason::kBadRequest));
}

TEST(VerifierKey, has_one_text) {
  const auto check_key = [](const std::string& vkey, std::string_view expected_detail) {
    const Result<NoteVerifier> key = NoteVerifier::parse(vkey);
    if (expected_detail.empty()) {
      ASSERT_THAT(key, IsOk()) << vkey;
      EXPECT_EQ(key->text(), vkey);
      return;
    }
    ASSERT_THAT(key, ErrorIs(Reason::kBadRequest)) << vkey;
    EXPECT_THAT(key.error().detail, HasSubstr(expected_detail));
  };
  const std::string good = verifier().text();
  const std::string key_part = good.substr(kName.size() + 10);
  const std::string hash = good.substr(kName.size() + 1, 8);
  const std::string name(kName);
  constexpr std::string_view kShape = "is not name+hash+key";
  EXPECT_EQ(verifier().name(), kName);
  check_key(good, "");
  check_key("", kShape);
  check_key(name, kShape);
  check_key(name + "+" + hash, kShape);
  check_key(good + "=", kShape);
  check_key(good + " ", kShape);
  check_key(good.substr(0, good.size() - 1), kShape);
  check_key(name + "+" + hash + "++" + key_part, kShape);
  check_key("+" + hash + "+" + key_part, "name \"\" is no key name");
  check_key("a b+" + hash + "+" + key_part, "is no key name");
  check_key("other+" + hash + "+" + key_part, "verifier key has hash");
  check_key(name + "+00000000+" + key_part, "verifier key has hash \"00000000\"; expected " + hash);
  check_key(name + "++" + key_part, "verifier key has hash \"\"");
  check_key(name + "+0" + hash + "+" + key_part, "verifier key has hash");
  check_key(name + "+ABCDEF01+" + key_part, "verifier key has hash \"ABCDEF01\"");
  const std::string raw = *decode_base64(key_part);
  for (char type : {'\0', '\2', '\4', '\5'}) {
    check_key(name + "+" + hash + "+" + encode_base64(type + raw.substr(1)), kShape);
  }
  check_key(name + "+" + hash + "+" + encode_base64('\1' + std::string(32, '\0')),
            "no canonical point of large order");
}

TEST(Vectors, of_go_sumdb_notes_hold) {
  MANDATE_NEEDS_SHARED("vectors/rfc");
  const json::Value vectors = test::vector_json("rfc/note-vectors.json");
  const std::string text = test::text_of(vectors, "text");
  const Result<NoteVerifier> key = NoteVerifier::parse(test::text_of(vectors, "vkey"));
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->text(), test::text_of(vectors, "vkey"));
  const std::string note = text + "\n" + test::text_of(vectors, "sigline");
  EXPECT_EQ(open_note(note, *key).value(), text);
  ASSERT_EQ(vectors.find("bad_vkeys")->as_array().size(), 2u);
  for (const json::Value& bad : vectors.find("bad_vkeys")->as_array()) {
    EXPECT_THAT(NoteVerifier::parse(bad.as_string()), ErrorIs(Reason::kBadRequest));
  }
  // The secret key is `PRIVATE+KEY+name+hash+base64(type || seed)`: it signs the very same line.
  const std::string skey = test::text_of(vectors, "skey");
  const std::size_t prefix = std::string_view("PRIVATE+KEY+PeterNeumann+c74f20a3+").size();
  const std::string secret = decode_base64(std::string_view(skey).substr(prefix)).value();
  const Result<NoteSigner> by = NoteSigner::make(
      key->name(), crypto::PrivateKey::from_ed25519_seed(secret.substr(1)).value());
  ASSERT_THAT(by, IsOk());
  EXPECT_EQ(by->sign(text), note);
  MANDATE_RAN("rfc/note-vectors.json", 5);  // the key, two that are none, the secret key, the note
}

constexpr std::string_view kRoot = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

TEST(Checkpoint, is_three_lines_in_one_form) {  // ATTACKS H3
  const auto check_text = [](const std::string& text, std::string_view expected_detail) {
    SCOPED_TRACE(quoted(text));
    const Result<Checkpoint> checkpoint = Checkpoint::parse(text);
    if (expected_detail.empty()) {
      ASSERT_THAT(checkpoint, IsOk());
      EXPECT_TRUE(text.starts_with(checkpoint->text()));
      return;
    }
    ASSERT_THAT(checkpoint, ErrorIs(Reason::kBadRequest));
    EXPECT_THAT(checkpoint.error().detail, HasSubstr(expected_detail));
  };
  const auto lines = [](std::string_view origin, std::string_view size, std::string_view root) {
    return std::string(origin) + "\n" + std::string(size) + "\n" + std::string(root) + "\n";
  };
  constexpr std::string_view kLines = "checkpoint is not lines of text, none of them empty";
  constexpr std::string_view kSize = "is no decimal number below 2^64 without leading zeros";
  constexpr std::string_view kHash = "root is not strict base64 of 32 bytes";
  const std::string empty = encode_base64(view(empty_root()));
  check_text(lines("example.com/behind-the-sofa", "20852163", kRoot), "");
  check_text(lines("a", "1", kRoot) + "extension\nanother one\n", "");
  check_text(lines("a", "18446744073709551615", kRoot), "");
  check_text(lines("a", "0", empty), "");
  check_text(lines("a", "0", kRoot), "size 0 has another root than the empty tree");
  for (std::string_view size : {"", "01", "00", "+1", "-1", " 1", "1 ", "0x1", "1e3", "1.0", "a",
                                "18446744073709551616", "99999999999999999999999"}) {
    check_text(lines("a", size, kRoot), size.empty() ? kLines : kSize);
  }
  for (std::string_view origin : {"a+b", "a b", " a", "a\u00a0b"}) {
    check_text(lines(origin, "1", kRoot), "is no key name");
  }
  check_text(lines("", "1", kRoot), "is no key name");
  check_text(lines("a\nb", "1", kRoot), kSize);
  check_text(lines("a\rb", "1", kRoot), kLines);
  for (const std::string& root :
       {std::string(kRoot.substr(0, 43)), std::string(kRoot) + "=", std::string(kRoot) + " ",
        std::string(kRoot.substr(0, 42)) + "3=", encode_base64(std::string(31, 'x')),
        encode_base64(std::string(33, 'x')), encode_base64url(view(empty_root()))}) {
    check_text(lines("a", "1", root), kHash);
  }
  check_text(lines("a", "1", ""), kLines);
  check_text(lines("a", "1", kRoot) + "\n", kLines);
  check_text(lines("a", "1", kRoot) + "x\n\ny\n", kLines);
  check_text("a\n1\n" + std::string(kRoot), kLines);
  check_text("a\n1\n", kHash);
  check_text("a\n", kSize);
  check_text("", kLines);
  check_text("\n", "is no key name");
}

TEST(Checkpoint, opens_when_its_log_signed_it) {
  const Checkpoint checkpoint{std::string(kName), 7, leaf_hash("x")};
  const Result<Checkpoint> opened = open_checkpoint(signer().sign(checkpoint.text()), verifier());
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->origin, kName);
  EXPECT_EQ(opened->size, 7u);
  EXPECT_EQ(opened->root, checkpoint.root);
  const auto refused = [](const std::string& note, std::string_view expected_detail) {
    const Result<Checkpoint> result = open_checkpoint(note, verifier());
    ASSERT_THAT(result, ErrorIs(Reason::kBadRequest));
    EXPECT_THAT(result.error().detail, HasSubstr(expected_detail));
  };
  const Checkpoint elsewhere{"other.example/log", 7, checkpoint.root};
  refused(signer().sign(elsewhere.text()), "origin \"other.example/log\"; expected \"log.example");
  refused(other_signer(kName, 'n').sign(checkpoint.text()), "no signature by");
  refused(signer().sign("log.example/record\n07\n" + std::string(kRoot) + "\n"),
          "tree size \"07\"");
  std::string changed = signer().sign(checkpoint.text());
  changed[kName.size() + 1] = '8';
  refused(changed, "does not verify");
}

}  // namespace
}  // namespace mandate::ledger
