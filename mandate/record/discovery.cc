#include "mandate/record/discovery.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mandate::record {
namespace {

// Claims whose value is who somebody is (OpenID Connect Core section 5.1; `upn` and `oid` are
// Microsoft Entra's).
constexpr std::array<std::string_view, 5> kNamingClaims = {"sub", "email", "preferred_username",
                                                           "upn", "oid"};
constexpr std::string_view kSpiffe = "spiffe:";

// What follows the kind; of a SPIFFE id all of it.
std::string_view name_of(std::string_view id) {
  return id.starts_with(kSpiffe) ? id : id.substr(id.find(':') + 1);
}

// Mail addresses are one whatever the case of their letters.
std::string compared(std::string_view name) {
  std::string text(name);
  if (text.find('@') == std::string::npos) return text;
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool is_on_record(const View& view, const PrincipalId& id) {
  if (view.find_principal(id.text())) return true;
  const std::string name(name_of(id.text()));
  if (view.find_principal(name)) return true;
  for (std::size_t kind = 0; kind < kPrincipalKindCount; ++kind) {
    const std::string prefix = std::string(mandate::name(static_cast<PrincipalKind>(kind))) + ":";
    if (view.find_principal(prefix + name)) return true;
  }
  return false;
}

}  // namespace

Discovery::Discovery(std::vector<PrincipalId> seen) {
  for (PrincipalId& id : seen) {
    if (by_name_.emplace(compared(name_of(id.text())), seen_.size()).second) {
      seen_.push_back(std::move(id));
    }
  }
  is_bound_.resize(seen_.size());
}

void Discovery::look(const View& view) {
  for (const std::uint32_t end = view.count(NodeKind::kAuthenticator); looked_at_ < end;
       ++looked_at_) {
    const AuthenticatorRecord* record = view.authenticator({looked_at_});
    const auto* issued = std::get_if<Authenticator::Issued>(&record->definition->proof);
    if (issued == nullptr) continue;
    for (const auto& [claim, value] : issued->claims) {
      const bool is_naming =
          std::find(kNamingClaims.begin(), kNamingClaims.end(), claim) != kNamingClaims.end();
      const auto found = is_naming ? by_name_.find(compared(value)) : by_name_.end();
      if (found != by_name_.end()) is_bound_[found->second] = true;
    }
  }
  for (const std::uint32_t end = view.count(NodeKind::kPrincipal); looked_at_principals_ < end;
       ++looked_at_principals_) {
    const std::string_view name = name_of(view.id(PrincipalHandle{looked_at_principals_}));
    if (name.find('@') == std::string_view::npos) continue;
    const auto found = by_name_.find(compared(name));
    if (found != by_name_.end()) is_bound_[found->second] = true;
  }
}

Plan Discovery::plan(const View& view) {
  look(view);
  Plan plan;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (is_bound_[i] || is_on_record(view, seen_[i])) continue;
    plan.changes.emplace_back(Discovered{seen_[i]});
    plan.differences.push_back(
        {DifferenceKind::kAdded, std::string(name(NodeKind::kPrincipal)), seen_[i].text(),
         std::nullopt, json::Value::object({{"id", seen_[i].text()}, {"status", "discovered"}})});
  }
  return plan;
}

}  // namespace mandate::record
