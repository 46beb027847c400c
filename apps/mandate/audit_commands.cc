// Checking logs, offline: nothing here talks to a server or writes a log.
#include <filesystem>
#include <optional>

#include "apps/mandate/commands.h"
#include "apps/mandate/identity.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/store/audit/audit.h"
#include "mandate/store/file_system.h"
#include "mandate/store/verifier_keys.h"

namespace mandate::app {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && !line.starts_with('#')) lines.emplace_back(line);
  }
  return lines;
}

json::Value finding_body(const store::audit::Finding& finding) {
  json::Value body = json::Value::object(
      {{"kind", name(finding.kind)}, {"log", finding.log}, {"message", finding.message}});
  if (!finding.file.empty()) body.set("file", finding.file);
  if (finding.index) body.set("index", static_cast<std::int64_t>(*finding.index));
  return body;
}

json::Value report_body(const store::audit::Report& report) {
  json::Array logs;
  for (const store::audit::LogSummary& log : report.logs) {
    logs.push_back(json::Value::object({{"origin", log.origin},
                                        {"size", static_cast<std::int64_t>(log.size)},
                                        {"root", encode_base64(view(log.root))}}));
  }
  json::Array findings;
  for (const store::audit::Finding& finding : report.findings) {
    findings.push_back(finding_body(finding));
  }
  json::Value body =
      json::Value::object({{"verified", report.findings.empty()},
                           {"whole", report.whole},
                           {"logs", std::move(logs)},
                           {"entries", static_cast<std::int64_t>(report.entries)},
                           {"hops", static_cast<std::int64_t>(report.hops)},
                           {"hops_elsewhere", static_cast<std::int64_t>(report.hops_elsewhere)},
                           {"findings", std::move(findings)}});
  if (report.receipt_index) {
    body.set("receipt_index", static_cast<std::int64_t>(*report.receipt_index));
  }
  return body;
}

std::string report_text(const store::audit::Report& report) {
  std::string text;
  for (const store::audit::LogSummary& log : report.logs) {
    text += log.origin + ": " + std::to_string(log.size) + " entries, root " +
            encode_base64(view(log.root)) + "\n";
  }
  text += std::to_string(report.hops) + " named hops were looked for";
  text += report.hops_elsewhere == 0
              ? "\n"
              : ", " + std::to_string(report.hops_elsewhere) + " are in logs that are not here\n";
  if (report.receipt_index) {
    text += "the receipt's entry is number " + std::to_string(*report.receipt_index) + "\n";
  }
  for (const store::audit::Finding& finding : report.findings) {
    text += std::string(name(finding.kind)) + ": " + finding.message;
    if (!finding.file.empty()) text += " (" + finding.file + ")";
    text += "\n";
  }
  text += report.findings.empty() ? "verified" : "NOT verified";
  text += report.whole ? "\n" : ", as one log; what it says of others was not looked at\n";
  return printable(text);
}

Result<store::audit::ProofTarget> proof_target(const std::string& text) {
  const std::size_t hash = text.rfind('#');
  if (hash != std::string::npos) {
    const std::string index = text.substr(hash + 1);
    const bool digits = !index.empty() && index.size() <= 18 &&
                        index.find_first_not_of("0123456789") == std::string::npos;
    if (!digits) {
      return fail(Reason::kBadRequest, mandate::quoted(text) + "; expected ORIGIN#INDEX");
    }
    return store::audit::ProofTarget{
        .leaf = std::nullopt, .index = std::stoull(index), .log = text.substr(0, hash)};
  }
  Result<Digest> leaf =
      decode_base64url(text).and_then([](const std::string& bytes) { return to_digest(bytes); });
  if (!leaf) {
    return fail(Reason::kBadRequest,
                mandate::quoted(text) + "; expected a leaf hash in base64url, or ORIGIN#INDEX");
  }
  return store::audit::ProofTarget{.leaf = *leaf, .index = 0, .log = {}};
}

}  // namespace

int audit_key(const AuditOptions& options, Format format) {
  auto files = store::posix_file_system();
  Result<std::vector<std::string>> keys = store::verifier_keys(*files, options.data);
  if (!keys) return report(keys.error(), format);
  if (format == Format::kJson) {
    json::Array list;
    for (const std::string& key : *keys) list.emplace_back(key);
    print_json(json::Value::object({{"keys", std::move(list)}}));
    return kExitDone;
  }
  for (const std::string& key : *keys) print(key + "\n");
  return kExitDone;
}

int audit_verify(const AuditOptions& options, Format format) {
  Result<std::string> keys = read_file(options.keys_file, limits::kJsonBytesMax);
  if (!keys) return report(keys.error(), format);
  Result<std::string> against = read_given(options.against, limits::kJsonBytesMax);
  if (!against) return report(against.error(), format);
  const store::audit::PosixFolder folder(options.folder);
  std::optional<std::string_view> text;
  if (!options.against.empty()) text = *against;
  Result<store::audit::Report> audited = store::audit::verify(folder, lines_of(*keys), text);
  if (!audited) {
    report(audited.error(), format);
    return kExitCouldNot;
  }
  if (format == Format::kJson) {
    print_json(report_body(*audited));
  } else {
    print(report_text(*audited));
  }
  return audited->findings.empty() ? kExitDone : kExitRefused;
}

int audit_prove(const AuditOptions& options, Format format) {
  Result<store::audit::ProofTarget> target = proof_target(options.leaf);
  if (!target) return report(target.error(), format);
  const store::audit::PosixFolder folder(options.folder);
  Result<std::string> proof = store::audit::prove(folder, *target);
  if (!proof) return report(proof.error(), format);
  print(*proof + "\n");
  return kExitDone;
}

int audit_export(const AuditOptions& options) {
  const store::audit::PosixFolder folder(options.folder);
  Result<void> done = store::audit::export_ndjson(folder, [](std::string_view line) {
    print(line);
    if (!line.ends_with('\n')) print("\n");
    return true;
  });
  return done ? kExitDone : report(done.error(), Format::kText);
}

}  // namespace mandate::app
