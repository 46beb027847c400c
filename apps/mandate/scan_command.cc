// `mandate scan`: files in, findings or chains out. The exit code says whether anything was found,
// and before that whether anything could not be read.
#include <map>
#include <optional>
#include <set>

#include "apps/mandate/commands.h"
#include "apps/mandate/discoverer.h"
#include "apps/mandate/proposal.h"
#include "apps/mandate/scan_input.h"
#include "mandate/base/bytes.h"
#include "mandate/base/system_clock.h"
#include "mandate/json/line.h"
#include "mandate/observe/chains.h"
#include "mandate/observe/identities.h"
#include "mandate/observe/inventory/inventory.h"
#include "mandate/observe/rules.h"
#include "mandate/observe/sources/source.h"
#include "mandate/report/remedy.h"
#include "mandate/report/rules_view.h"
#include "mandate/report/scan_view.h"

namespace mandate::app {
namespace {

using observe::Finding;

template <class Rows>
void print_rows(const Rows& rows, Format format) {
  json::Array all;
  std::string lines;
  for (const auto& row : rows) {
    if (format == Format::kNdjson) {
      lines += json::to_line(observe::to_json(row)) + "\n";
    } else {
      all.push_back(observe::to_json(row));
    }
  }
  print(format == Format::kNdjson ? lines : json::to_line(std::move(all)) + "\n");
}

void print_chains(const observe::Summary& summary, Format format) {
  const std::vector<observe::Chain> chains = observe::chains_of(summary);
  if (format != Format::kText) return print_rows(chains, format);
  for (const observe::Chain& chain : chains) {
    const std::string key = chain.issue.issuer_credential;
    print(printable(chain.issue.issuer + (key.empty() ? "" : " (" + key + ")") + " -> " +
                    chain.issue.for_whom + " (" + chain.issued_key + "), used " +
                    std::to_string(chain.uses) + " times" +
                    (chain.is_ambiguous ? ", one of several that issued it" : "")) +
          "\n");
  }
  for (const std::string& session : observe::issued_outside(summary)) {
    print(printable("issued outside what was read -> " + session) + "\n");
  }
}

struct Found {
  std::vector<Finding> findings;
  observe::InventoryReport inventory;
};

Found find(observe::Part& part) {
  observe::Inventories inventories;
  for (const observe::InventoryFile& inventory : part.inventories) {
    inventories.add(inventory.file, inventory.text);
  }
  Found found{observe::find_borrowed_trust(part.summary), std::move(inventories).finish()};
  for (const observe::InventorySkipped& skipped : found.inventory.skipped) {
    part.problems.insert(mandate::quoted(skipped.where.file) + ": " + skipped.reason +
                         ", at byte " + std::to_string(skipped.where.offset));
  }
  std::vector<Finding>& findings = found.findings;
  std::move(found.inventory.findings.begin(), found.inventory.findings.end(),
            std::back_inserter(findings));
  observe::group_into_incidents(findings);
  observe::sort_findings(findings);
  const report::Remedies remedies(part.summary);
  for (Finding& finding : findings) {
    if (const auto remedy = remedies.of(finding)) finding.remedy = remedy->document.to_json();
  }
  return found;
}

// In each form that the whole scan has.
void print_findings(const Found& found, const observe::Part& part, Format format) {
  report::ScanInput read;
  const observe::Summary& summary = part.summary;
  read.events = summary.events();
  read.repeats = summary.repeats();
  read.files = part.logs.size();
  read.inventories = part.inventories.size();
  read.foreign_files = part.foreign.size();
  read.problems.assign(part.problems.begin(), part.problems.end());
  const SystemClock clock;
  const report::ScanView view{found.findings, summary,     found.inventory,
                              read,           clock.now(), MANDATE_VERSION};
  switch (format) {
    case Format::kNdjson: return print_rows(found.findings, format);
    case Format::kJson: return print(json::to_line(report::scan_json(view)) + "\n");
    case Format::kOcsf: return print(report::scan_ocsf(view));
    case Format::kSarif: return print(json::to_line(report::scan_sarif(view)) + "\n");
    case Format::kHtml: return print(report::scan_html(view));
    case Format::kText:
    case Format::kGraphviz:
    case Format::kGraphml: return print(report::scan_text(view));
  }
}

std::string read_text(const observe::Part& part) {
  const observe::Summary& summary = part.summary;
  return std::to_string(summary.events()) + " events in " + std::to_string(part.logs.size()) +
         " files (" + std::to_string(summary.repeats()) + " repeats) and " +
         std::to_string(part.inventories.size()) + " inventories";
}

void say_what_was_read(const observe::Part& part, std::size_t found, std::size_t incidents) {
  for (const std::string& problem : part.problems) note(problem);
  for (const std::string& remark : part.remarks) note(remark);
  note("read " + read_text(part) + "; " + std::to_string(found) + " findings in " +
       std::to_string(incidents) + " incidents" +
       (part.foreign.empty()
            ? ""
            : "; " + std::to_string(part.foreign.size()) + " files are of no known kind") +
       (part.problems.empty() ? "" : "; some input could not be read"));
}

// What is said of everything that was read, whether by this run or by others.
int finish(const ScanOptions& options, observe::Part part, Format format,
           std::optional<Discoverer>& discoverer) {
  if (options.partial) {
    if (Result<void> written = write_partial_to(options.out, part); !written) {
      return report(written.error(), format);
    }
    for (const std::string& problem : part.problems) note(problem);
    note("a partial of " + read_text(part));
    return kExitDone;
  }
  if (options.chains) {
    print_chains(part.summary, format);
    for (const std::string& problem : part.problems) note(problem);
    return part.problems.empty() ? kExitDone : kExitCouldNot;
  }
  const Found found = find(part);
  const std::vector<Finding>& findings = found.findings;
  std::set<std::string> incidents;
  for (const Finding& finding : findings) incidents.insert(finding.incident);
  print_findings(found, part, format);
  say_what_was_read(part, findings.size(), incidents.size());
  const bool is_told =
      !discoverer || discoverer->tell(observe::identities_of(part.summary, found.inventory.graph),
                                      options.dry_run);
  if (!part.problems.empty() || !is_told) return kExitCouldNot;
  return findings.empty() ? kExitDone : kExitRefused;
}

// Where a server is named, who tells it; else nothing. An error is the exit code, and has been
// said.
tl::expected<std::optional<Discoverer>, int> discoverer_for(const ScanOptions& options,
                                                            const Connection& connection) {
  if (!connection.is_named) {
    if (!options.dry_run) return std::nullopt;
    note("--dry-run is about what a server would be told; expected --server URL with it");
    return tl::unexpected(kExitUsage);
  }
  if (options.partial || options.chains || options.rules) {
    note(
        "--server wants the identities of a whole scan; expected no --partial, --chains or "
        "--rules");
    return tl::unexpected(kExitUsage);
  }
  std::optional<Discoverer> made = Discoverer::connect(connection);
  if (!made) return tl::unexpected(connection.identity.empty() ? kExitUsage : kExitCouldNot);
  return made;
}

ReadOptions read_options(const ScanOptions& options) {
  return {.threads = options.threads, .memory_bytes = options.memory_mib << 20};
}

}  // namespace

int propose(const ProposeOptions& options, Format format) {
  Result<observe::Part> part = read_logs(expand(options.paths), {});
  if (!part) return report(part.error(), format);
  const Found found = find(*part);
  for (const std::string& problem : part->problems) note(problem);
  return write_proposal(options, format, found.findings, part->summary, found.inventory);
}

int scan(const ScanOptions& options, const Connection& connection) {
  const Format format = connection.format;
  auto discoverer = discoverer_for(options, connection);
  if (!discoverer) return discoverer.error();
  if (options.rules) {
    if (format == Format::kText) {
      print(report::rules_text(observe::all_rules()));
    } else {
      print_json(report::rules_json(observe::all_rules()));
    }
    return kExitDone;
  }
  if (options.paths.empty()) {
    note("scan needs a file, a folder, or - for standard input (`mandate scan --help`)");
    return kExitUsage;
  }
  Result<observe::Part> part = read_logs(expand(options.paths), read_options(options));
  if (!part) return report(part.error(), format);
  return finish(options, *std::move(part), format, *discoverer);
}

int merge(const ScanOptions& options, const Connection& connection) {
  const Format format = connection.format;
  auto discoverer = discoverer_for(options, connection);
  if (!discoverer) return discoverer.error();
  Result<observe::Part> part = read_partials(options.paths, read_options(options));
  if (!part) {
    report(part.error(), format);
    return kExitCouldNot;  // 1 is what findings give
  }
  return finish(options, *std::move(part), format, *discoverer);
}

std::string scan_help() {
  std::string text =
      "Files, .gz or not, folders of them, or - for standard input. The kind of each is told by\n"
      "its content:\n";
  for (const observe::Source* source : observe::all_sources()) {
    text +=
        "  " + std::string(source->title) + (source->is_schema_only ? " (schema only)" : "") + "\n";
  }
  text +=
      "  inventories: aws iam get-account-authorization-details, Kubernetes objects, OAuth grants\n"
      "One finding a line, for scripts; for a SIEM (OCSF 1.8); for code scanning (SARIF 2.1.0); a\n"
      "page to hand on:\n"
      "  mandate scan --output ndjson logs/\n"
      "  mandate scan --output ocsf logs/\n"
      "  mandate scan --output sarif logs/ > findings.sarif\n"
      "  mandate scan --output html logs/ > findings.html\n"
      "Who issued what to whom, and what became of it:\n"
      "  mandate scan --chains logs/\n"
      "A part of many, for `mandate merge`:\n"
      "  mandate scan --partial -o monday.part logs/monday/\n"
      "Who was met and is not on record, as discovered principals of a server (needs the right\n"
      "`scan`):\n"
      "  mandate scan --server https://mandate.acme.example --identity scanner.json logs/\n"
      "What each rule looks for, needs and cannot know:\n"
      "  mandate scan --rules\n"
      "Exit codes of scan: 0 nothing found, 1 found, 3 some input could not be read.";
  return text;
}

}  // namespace mandate::app
