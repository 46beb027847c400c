#include "mandate/observe/rules/common.h"

#include <algorithm>
#include <set>
#include <vector>

namespace mandate::observe::rules {

void cite(Finding& finding, const Seen& seen) {
  finding.evidence.push_back({seen.file, seen.line, seen.offset, seen.event_id});
  if (seen.time == kUntimed) return;
  finding.time = finding.time ? std::min(*finding.time, seen.time) : seen.time;
  finding.last = finding.last ? std::max(*finding.last, seen.time) : seen.time;
}

void cite(Finding& finding, const Sample& sample) {
  for (const Seen& seen : sample.events()) cite(finding, seen);
}

Reach reach_of(const Summary& summary, std::string_view credential) {
  std::set<std::string, std::less<>> principals;
  std::set<std::string, std::less<>> services;
  std::set<std::string, std::less<>> done;
  std::vector<std::string> todo{std::string(credential)};
  Reach reach;
  while (!todo.empty()) {
    const std::string next = std::move(todo.back());
    todo.pop_back();
    if (!done.insert(next).second) continue;
    const auto row = summary.credentials().find(next);
    if (row != summary.credentials().end()) {
      principals.insert(row->second.role.empty() ? row->second.principal : row->second.role);
      services.insert(row->second.services.begin(), row->second.services.end());
      reach.privileged = reach.privileged || row->second.is_privileged;
    }
    const auto issued = summary.issued_with().find(next);
    if (next.empty() || issued == summary.issued_with().end()) continue;
    for (const std::string& name : issued->second) {
      for (const IssueRow& issue : summary.issues().at(name)) {
        if (issue.issuer_credential != next) continue;
        if (!issue.for_whom.empty()) principals.insert(issue.for_whom);
        todo.push_back(name);
      }
    }
  }
  reach.principals = principals.size();
  reach.resources = services.size();
  return reach;
}

std::string chain_of(const Summary& summary, std::string_view credential) {
  constexpr int kHopsMax = 16;
  std::string at(credential);
  for (int hop = 0; hop < kHopsMax; ++hop) {
    const auto issues = summary.issues().find(at);
    if (issues == summary.issues().end()) break;
    const std::string& issuer = issues->second.front().issuer_credential;
    if (issuer.empty()) break;
    at = issuer;
  }
  return at;
}

Severity severity_of(const Reach& reach, Severity least) {
  return reach.privileged ? Severity::kCritical : least;
}

std::string counted(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string joined(const std::set<std::string>& texts) {
  constexpr std::size_t kShown = 5;
  std::string all;
  std::size_t shown = 0;
  for (const std::string& text : texts) {
    if (shown++ == kShown) return all + " and others";
    all += (all.empty() ? "" : ", ") + text;
  }
  return all;
}

Names::Names(const Summary& summary) {
  for (const auto& [when, change] : summary.changes()) {
    const bool is_renamed = change.kind == ChangeKind::kPrincipalRenamed && !change.right.empty();
    if (is_renamed) join(change.object, change.right);
  }
  std::map<std::string, std::string> by_id;
  for (const auto& [name, row] : summary.principals()) {
    for (const std::string& id : row.unique_ids) {
      const auto [at, is_first] = by_id.try_emplace(row.tenant + " " + id, name);
      if (!is_first) join(at->second, name);
    }
  }
}

void Names::join(const std::string& a, const std::string& b) {
  const std::string first(of(a));
  const std::string second(of(b));
  if (first != second) parents_[std::max(first, second)] = std::min(first, second);
}

std::string_view Names::of(std::string_view name) const {
  for (auto at = parents_.find(name); at != parents_.end(); at = parents_.find(name)) {
    name = at->second;
  }
  return name;
}

}  // namespace mandate::observe::rules
