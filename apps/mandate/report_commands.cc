// Reports: what the journal says of the past, read from the server's published logs.
#include <utility>

#include "apps/mandate/remote_logs.h"
#include "apps/mandate/session.h"
#include "mandate/base/bytes.h"
#include "mandate/http/form_decoding.h"
#include "mandate/report/shadow.h"
#include "mandate/store/audit/audit.h"
#include "mandate/store/file_system.h"

namespace mandate::app {
namespace {

Result<Instant> since_of(const std::string& text, Instant now) {
  if (text.empty()) return kBeginningOfTime;
  if (const Result<Seconds> ago = parse_duration(text)) return now - *ago;
  if (Result<Instant> instant = parse_rfc3339(text)) return instant;
  return fail(Reason::kBadRequest, "--since " + mandate::quoted(text) +
                                       "; expected how long ago (7d, 12h) or an instant "
                                       "(2026-11-01T00:00:00Z)");
}

template <class Definition>
Result<std::vector<Definition>> list_of(ApiClient& api, const std::string& list) {
  Result<json::Value> answer = api.call("GET", "/" + list, std::nullopt);
  if (!answer) return fail(answer.error());
  std::vector<Definition> definitions;
  const json::Value* items = answer->find("items");
  if (items == nullptr || !items->is_array()) return definitions;
  for (const json::Value& item : items->as_array()) {
    Result<Definition> read = Definition::parse(item);
    if (!read) return fail(read.error());
    definitions.push_back(*std::move(read));
  }
  return definitions;
}

// The principals that the report names, those that are on record.
Result<std::vector<PrincipalDefinition>> principals_of(ApiClient& api,
                                                       const report::ShadowReport& seen) {
  std::set<std::string> names;
  for (const auto& [party, row] : seen.missing()) {
    names.insert(party.subject);
    names.insert(party.actors.begin(), party.actors.end());
  }
  std::vector<PrincipalDefinition> known;
  for (const std::string& id : names) {
    if (!PrincipalId::parse(id)) continue;
    Result<json::Value> answer =
        api.call("GET", "/principals/" + http::encode_segment(id), std::nullopt);
    if (!answer && api.refused() && api.refused()->status == 404) continue;
    if (!answer) return fail(answer.error());
    const json::Value* definition = answer->find("definition");
    // One that was only discovered lacks what a document needs.
    if (definition == nullptr || definition->find("status") != nullptr) continue;
    Result<PrincipalDefinition> read = PrincipalDefinition::parse(*definition);
    if (!read) return fail(read.error());
    known.push_back(*std::move(read));
  }
  return known;
}

Result<report::ShadowRecord> record_of(ApiClient& api, const report::ShadowReport& seen) {
  report::ShadowRecord record;
  if (seen.missing().empty()) return record;
  auto principals = principals_of(api, seen);
  if (!principals) return fail(principals.error());
  auto entitlements = list_of<EntitlementDefinition>(api, "entitlements");
  if (!entitlements) return fail(entitlements.error());
  auto teams = list_of<TeamDefinition>(api, "teams");
  if (!teams) return fail(teams.error());
  return report::ShadowRecord{*std::move(entitlements), *std::move(principals), *std::move(teams)};
}

}  // namespace

int report_shadow(const Connection& connection, const ReportOptions& options) {
  auto session = connect(connection);
  if (!session) return session.error();
  const Result<Instant> since = since_of(options.since, (*session)->clock.now());
  if (!since) return report(since.error(), connection.format);
  ApiClient& api = *(*session)->api;
  report::ShadowReport seen(*since);
  const RemoteLogs logs(api, "journal");
  const Result<void> read =
      store::audit::visit_journal(logs, [&](const json::Value& entry) { return seen.add(entry); });
  if (!read) return refused(**session, read.error(), connection.format);
  const Result<report::ShadowRecord> record = record_of(api, seen);
  if (!record) return refused(**session, record.error(), connection.format);
  const report::ShadowProposal proposal = report::propose(seen, *record);
  if (!options.propose_file.empty()) {
    auto files = store::posix_file_system();
    const Result<void> written = store::replace_file(
        *files, options.propose_file, json::pretty(proposal.document.to_json()) + "\n");
    if (!written) return report(written.error(), connection.format);
  }
  if (connection.format == Format::kJson) {
    print_json(report::to_json(seen, proposal));
    return kExitDone;
  }
  print(report::to_text(seen, proposal));
  if (!options.propose_file.empty()) {
    note("proposed: look at it, then `mandate apply -f " + options.propose_file + " --dry-run`");
  }
  return kExitDone;
}

}  // namespace mandate::app
