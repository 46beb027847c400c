#include "mandate/ledger/receipt.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace mandate::ledger {
namespace {

constexpr std::int64_t kSecondsMax = 253'402'300'799;  // the year 9999

std::string encode_header(const NoteVerifier& verifier) {
  std::string hash;
  for (int shift = 24; shift >= 0; shift -= 8) {
    hash += static_cast<char>(verifier.key_hash() >> shift);
  }
  return encode_base64url(R"({"alg":"EdDSA","kid":")" + encode_hex(hash) +
                          R"(","typ":"receipt+jwt"})");
}

// Names and runs hold nothing that JSON escapes, so that the payload's text is its canonical form.
bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= limits::kIdBytesMax &&
         std::ranges::all_of(
             text, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '+'; });
}

std::string payload_of(const Receipt& receipt) {
  return R"({"iat":)" + std::to_string(to_numeric_date(receipt.issued_at)) + R"(,"leaf":")" +
         encode_base64url(view(receipt.leaf)) + R"(","log":")" + receipt.log + R"(","run":")" +
         receipt.run + R"("})";
}

tl::unexpected<Error> refuse(std::string detail) {
  return fail(Reason::kTokenMalformed, std::move(detail));
}

// The text up to `mark`, which is taken away with it; the whole rest where it does not come.
std::string_view take_until(std::string_view& rest, std::string_view mark) {
  const std::size_t at = std::min(rest.find(mark), rest.size());
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(std::min(at + mark.size(), rest.size()));
  return taken;
}

// Reads the parts without regard to their exact form; writing them again shows whether it was that.
Result<Receipt> parse_payload(std::string_view payload) {
  Receipt receipt;
  std::string_view rest = payload;
  take_until(rest, R"({"iat":)");
  const std::string_view iat = take_until(rest, R"(,"leaf":")");
  const std::string_view leaf = take_until(rest, R"(","log":")");
  receipt.log = take_until(rest, R"(","run":")");
  receipt.run = take_until(rest, R"("})");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(iat.data(), iat.data() + iat.size(), seconds);
  const bool is_time = error == std::errc() && end == iat.data() + iat.size() && seconds >= 0 &&
                       seconds <= kSecondsMax;
  const Result<Digest> digest =
      decode_base64url(leaf).and_then([](const std::string& bytes) { return to_digest(bytes); });
  if (!is_time || !digest) return refuse("receipt's time or leaf hash is malformed");
  receipt.issued_at = from_numeric_date(seconds);
  receipt.leaf = *digest;
  if (!is_plain(receipt.log) || !is_plain(receipt.run) || payload_of(receipt) != payload) {
    return refuse("receipt's payload is not {\"iat\",\"leaf\",\"log\",\"run\"} in canonical JSON");
  }
  return receipt;
}

}  // namespace

std::string sign_receipt(const Receipt& receipt, const NoteSigner& signer) {
  if (!is_plain(receipt.log) || !is_plain(receipt.run)) std::abort();  // a bug of ours
  const std::string input =
      encode_header(signer.verifier()) + "." + encode_base64url(payload_of(receipt));
  return input + "." + encode_base64url(signer.sign_receipt_input(input));
}

Result<Receipt> open_receipt(std::string_view text, const NoteVerifier& verifier) {
  if (text.size() > kReceiptBytesMax) {
    return fail(Reason::kLimitExceeded, "receipt has " + std::to_string(text.size()) +
                                            " bytes; expected at most " +
                                            std::to_string(kReceiptBytesMax));
  }
  std::string_view rest = text;
  const std::string_view header = take_until(rest, ".");
  const std::string_view payload = take_until(rest, ".");
  const Result<std::string> signature = decode_base64url(rest);
  if (header != encode_header(verifier)) {
    return refuse("receipt's header is not that of a receipt by " + quoted(verifier.name()));
  }
  const std::string_view input = text.substr(0, header.size() + 1 + payload.size());
  if (!signature || !verifier.key().verify(crypto::Algorithm::kEdDsa, input, *signature)) {
    return refuse("receipt's signature by " + quoted(verifier.name()) + " does not verify");
  }
  return decode_base64url(payload).and_then(parse_payload);
}

}  // namespace mandate::ledger
