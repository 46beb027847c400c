#include "mandate/observe/inventory/inventory.h"

#include <algorithm>
#include <set>
#include <utility>

#include "mandate/observe/inventory/aws_findings.h"
#include "mandate/observe/inventory/documents.h"
#include "mandate/observe/inventory/draft.h"
#include "mandate/observe/inventory/k8s_findings.h"
#include "mandate/observe/inventory/oauth_grants.h"

namespace mandate::observe {

struct Inventories::State {
  std::vector<std::string> files;
  std::vector<SkippedDocument> skipped;
  std::uint64_t objects = 0;
  AwsAccounts aws;
  K8sObjects kubernetes;
  OauthGrants oauth;
};

Inventories::Inventories() : state_(std::make_unique<State>()) {}
Inventories::~Inventories() = default;
Inventories::Inventories(Inventories&&) noexcept = default;
Inventories& Inventories::operator=(Inventories&&) noexcept = default;

namespace {

// The names of the first object's own members, as far as the text goes; JSON, or YAML in blocks.
std::set<std::string_view> members_of(std::string_view head) {
  std::set<std::string_view> names;
  std::size_t at = head.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (at == std::string_view::npos) return names;
  if (head[at] != '{' && head[at] != '[') {
    while (at < head.size()) {
      std::size_t end = std::min(head.find('\n', at), head.size());
      std::string_view row = head.substr(at, end - at);
      std::size_t colon = row.find(':');
      if (colon != row.npos && row.find_first_of(" \t#-") > colon)
        names.insert(row.substr(0, colon));
      at = end + 1;
    }
    return names;
  }
  int depth = 0;
  int own_depth = 0;  // of the first object
  for (; at < head.size(); ++at) {
    char c = head[at];
    if (c == '{' && own_depth == 0) own_depth = depth + 1;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth < own_depth && own_depth != 0) break;
    if (c != '"') continue;
    std::size_t begin = at + 1;
    for (++at; at < head.size() && head[at] != '"'; ++at) at += head[at] == '\\' ? 1 : 0;
    std::size_t next = head.find_first_not_of(" \t\r\n", std::min(at + 1, head.size()));
    bool is_name = next != head.npos && head[next] == ':' && depth == own_depth;
    if (is_name) names.insert(head.substr(begin, at - begin));
  }
  return names;
}

}  // namespace

bool Inventories::recognises(std::string_view head) {
  std::set<std::string_view> names = members_of(head);
  auto has = [&names](std::string_view name) { return names.contains(name); };
  auto holds = [head](std::string_view text) { return head.find(text) != std::string_view::npos; };
  if (has("UserDetailList") || has("RoleDetailList") || has("GroupDetailList")) return true;
  if (has("Policies") && holds("PolicyVersionList")) return true;
  // An audit event of Kubernetes is an object too, but of a log.
  if (has("apiVersion") && has("kind")) return !holds("audit.k8s.io/");
  bool is_page = has("value") || has("items") || has("installations");
  auto is_item = [&](std::string_view name) { return has(name) || (is_page && holds(name)); };
  return (is_item("consentType") && is_item("clientId")) || is_item("servicePrincipalType") ||
         (is_item("scopes") && is_item("userKey")) ||
         (is_item("app_slug") && is_item("repository_selection"));
}

void Inventories::add(std::string file, std::string_view text) {
  State& state = *state_;
  DocumentReader reader(static_cast<std::uint32_t>(state.files.size()), text);
  state.files.push_back(std::move(file));
  PlaceOf place_of = [&reader](const json::Value& value) { return reader.place_of(value); };
  reader.read(
      [&](const json::Value& document) {
        if (AwsAccounts::is_page(document)) {
          state.aws.add_page(document, place_of);
          ++state.objects;
        } else if (K8sObjects::is_object(document)) {
          state.kubernetes.add(document, place_of);
        } else if (OauthGrants::is_page(document)) {
          state.oauth.add(document, place_of);
        } else {
          state.skipped.push_back({place_of(document), "no inventory that is known"});
        }
      },
      state.skipped);
}

InventoryReport Inventories::finish() && {
  State& state = *state_;
  Draft draft(std::move(state.files));
  state.aws.finish();
  AwsView aws(state.aws);
  K8sView kubernetes(state.kubernetes);
  aws.add_edges(draft);
  kubernetes.add_edges(draft);
  state.oauth.add_edges(draft);
  draft.build();
  aws.add_findings(draft);
  kubernetes.add_findings(draft);
  state.oauth.add_findings(draft);
  aws.add_grants(draft);
  kubernetes.add_grants(draft);
  std::vector<InventorySkipped> skipped;
  for (SkippedDocument& one : state.skipped) {
    skipped.push_back({draft.evidence(one.place, {}), std::move(one.reason)});
  }
  return std::move(draft).report(std::move(skipped),
                                 state.objects + state.kubernetes.objects + state.oauth.objects());
}

}  // namespace mandate::observe
