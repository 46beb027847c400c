#include "mandate/observe/chains.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace mandate::observe {
namespace {

json::Value text_or_null(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

json::Value list(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}

}  // namespace

std::vector<Chain> chains_of(const Summary& summary) {
  std::vector<Chain> chains;
  for (const auto& [credential, issues] : summary.issues()) {
    for (const IssueRow& issue : issues) {
      Chain chain{.issue = issue, .issued_key = credential};
      chain.is_ambiguous = issues.size() > 1;
      const auto used = summary.credentials().find(credential);
      if (used != summary.credentials().end()) {
        std::set<std::string> sources;
        for (const Use& use : used->second.uses) sources.insert(use.key.source);
        chain.uses = used->second.count;
        chain.use_sources.assign(sources.begin(), sources.end());
        chain.use_principals = {used->second.principal};
      }
      chains.push_back(std::move(chain));
    }
  }
  std::sort(chains.begin(), chains.end(), [](const Chain& a, const Chain& b) {
    return std::tie(a.issue.seen.time, a.issue.seen.event_id, a.issued_key) <
           std::tie(b.issue.seen.time, b.issue.seen.event_id, b.issued_key);
  });
  return chains;
}

std::vector<std::string> issued_outside(const Summary& summary) {
  std::vector<std::string> outside;
  for (const auto& [credential, row] : summary.credentials()) {
    if (row.kind == CredentialKind::kSession && !summary.issues().contains(credential)) {
      outside.push_back(credential);
    }
  }
  return outside;
}

json::Value to_json(const Chain& chain) {
  return json::Value::object({{"issue_event", text_or_null(chain.issue.seen.event_id)},
                              {"time", format_rfc3339(chain.issue.seen.time)},
                              {"issuer", chain.issue.issuer},
                              {"issuer_key", text_or_null(chain.issue.issuer_credential)},
                              {"role", text_or_null(chain.issue.for_whom)},
                              {"session_name", text_or_null(chain.issue.session_name)},
                              {"issued_key", chain.issued_key},
                              {"uses", static_cast<std::int64_t>(chain.uses)},
                              {"use_sources", list(chain.use_sources)},
                              {"use_arn", list(chain.use_principals)},
                              {"ambiguous", chain.is_ambiguous}});
}

}  // namespace mandate::observe
