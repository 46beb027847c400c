#include "apps/mandate/documents.h"

#include <filesystem>

#include "apps/mandate/identity.h"
#include "mandate/authority/definition.h"
#include "mandate/authority/public_jwk.h"
#include "mandate/base/bytes.h"

namespace mandate::app {
namespace {

tl::unexpected<Error> in_file(const std::string& file, Error error) {
  error.detail = file + ": " + error.detail;
  return fail(std::move(error));
}

Result<json::Value> read_keys_of(const std::string& document, const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(document).parent_path() / name;
  Result<std::string> text = read_file(path.string(), limits::kJsonBytesMax);
  if (!text) return fail(text.error());
  Result<json::Value> jwks = json::parse(*text);
  if (jwks) jwks = parse_public_jwks(*jwks);
  if (!jwks) return in_file(path.string(), jwks.error());
  return jwks;
}

}  // namespace

Result<json::Value> read_document(const std::string& file) {
  Result<std::string> text = read_file(file, limits::kDocumentBytesMax);
  if (!text) return fail(text.error());
  const json::Bounds bounds{.bytes_max = limits::kDocumentBytesMax,
                            .depth_max = limits::kJsonDepthMax,
                            .values_max = limits::kDocumentValuesMax};
  const std::size_t first = text->find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string::npos && (*text)[first] == '{';
  Result<json::Value> value =
      is_json ? json::parse(*text, bounds) : json::parse_yaml(*text, bounds);
  if (!value) return in_file(file, value.error());
  Result<Document> document = Document::parse(*value);
  if (!document) return in_file(file, document.error());
  for (TrustedIssuerDefinition& issuer : document->trusted_issuers) {
    if (!issuer.jwks_file) continue;
    Result<json::Value> jwks = read_keys_of(file, *issuer.jwks_file);
    if (!jwks) return fail(jwks.error());
    issuer.jwks = *std::move(jwks);
    issuer.jwks_file.reset();
  }
  return document->to_json();
}

Result<std::vector<ledger::NoteVerifier>> parse_keys(std::string_view text) {
  std::vector<ledger::NoteVerifier> keys;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    Result<ledger::NoteVerifier> key = ledger::NoteVerifier::parse(line);
    if (!key) return fail(key.error());
    keys.push_back(*std::move(key));
  }
  return keys;
}

}  // namespace mandate::app
