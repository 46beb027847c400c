#include "apps/mandate/proposal.h"

#include <map>

#include "mandate/base/bytes.h"
#include "mandate/base/time_zones.h"
#include "mandate/report/remedy.h"
#include "mandate/store/file_system.h"

namespace mandate::app {
namespace {

using observe::Finding;
using report::Remedy;
using report::RemedyComparison;

// The whole name, or what stands behind its last separator.
bool is_named(const std::string& principal, const std::string& wanted) {
  if (!principal.ends_with(wanted)) return false;
  if (principal.size() == wanted.size()) return true;
  const char before = principal[principal.size() - wanted.size() - 1];
  return before == '/' || before == ':';
}

bool is_meant(const ProposeOptions& options, const Finding& finding) {
  if (!options.finding.empty()) return finding.id.starts_with(options.finding);
  return options.principal.empty() || is_named(finding.principal, options.principal);
}

std::string of(std::uint64_t part, std::uint64_t whole) {
  return std::to_string(part) + " of " + std::to_string(whole);
}

json::Value to_json(const RemedyComparison& comparison) {
  const auto number = [](std::uint64_t n) { return json::Value(static_cast<std::int64_t>(n)); };
  const auto counts = [&](std::uint64_t all, std::uint64_t refused) {
    return json::Value::object({{"pairs", number(all)}, {"refused", number(refused)}});
  };
  return json::Value::object(
      {{"observed", counts(comparison.observed, comparison.observed_refused)},
       {"granted", comparison.granted == 0
                       ? json::Value()
                       : counts(comparison.granted, comparison.granted_refused)}});
}

void say(const Remedy& remedy, const RemedyComparison& comparison) {
  note(report::in_words(remedy.document));
  note("of the observed use it would have refused " +
       of(comparison.observed_refused, comparison.observed) + " pairs of action and resource" +
       (comparison.observed_refused == 0 ? "" : ": " + comparison.first_refused));
  if (comparison.granted > 0) {
    note("of what the inventory grants it refuses " +
         of(comparison.granted_refused, comparison.granted) + " pairs of action and resource");
  }
  note("it is a proposal: name owners, put each delegate's key, then `mandate apply --dry-run`");
}

}  // namespace

int write_proposal(const ProposeOptions& options, Format format,
                   const std::vector<Finding>& findings, const observe::Summary& summary,
                   const observe::InventoryReport& inventory) {
  const report::Remedies remedies(summary);
  std::vector<Remedy> made;
  json::Array ids;
  std::map<std::string, std::size_t> otherwise;  // by rule: findings that no delegation answers
  std::size_t meant = 0;
  for (const Finding& finding : findings) {
    if (!is_meant(options, finding)) continue;
    ++meant;
    std::optional<Remedy> remedy = remedies.of(finding);
    if (!remedy) {
      ++otherwise[finding.rule];
      continue;
    }
    ids.emplace_back(finding.id);
    made.push_back(*std::move(remedy));
  }
  for (const auto& [rule, count] : otherwise) {
    note(rule + " (" + std::to_string(count) + "): no delegation; " +
         std::string(observe::rule(rule).remedy));
  }
  if (made.empty()) {
    return report({Reason::kBadRequest, Place::kRequest,
                   meant == 0 ? "no finding of that name; `mandate scan` lists them"
                              : "none of these findings is answered by a delegation"},
                  format);
  }
  const Result<SystemTimeZones> zones = SystemTimeZones::load();
  if (!zones) return report(zones.error(), format);
  const Remedy remedy = report::joined(std::move(made));
  RemedyComparison comparison = report::compare(remedy, *zones);
  report::compare_with_grants(remedy.document, inventory.granted, comparison);
  const json::Value document = remedy.document.to_json();
  if (!options.out.empty()) {
    auto files = store::posix_file_system();
    const Result<void> written =
        store::replace_file(*files, options.out, json::pretty(document) + "\n");
    if (!written) return report(written.error(), format);
  }
  if (format == Format::kJson) {
    print_json(json::Value::object({{"findings", std::move(ids)},
                                    {"document", document},
                                    {"comparison", to_json(comparison)}}));
  } else {
    if (options.out.empty()) print_json(document);
    say(remedy, comparison);
    if (!otherwise.empty()) {
      note(
          "what was seen may hold what nobody meant: settle the other findings first, and take "
          "out of the proposal what belongs to them");
    }
  }
  return comparison.observed_refused == 0 ? kExitDone : kExitRefused;
}

}  // namespace mandate::app
