#include "mandate/report/remedy_authority.h"

#include <algorithm>
#include <map>
#include <set>

#include "mandate/base/limits.h"
#include "mandate/report/remedy.h"

namespace mandate::report {
namespace {

using observe::Operation;
using observe::Targets;
using observe::Use;

constexpr std::size_t kNameBytesMax = 64;  // of types and actions
constexpr int kHoursOfDay = 24;
constexpr int kQuietHoursMin = 8;  // a shorter pause is no sign of a window

// By service and action, over all uses.
std::map<std::string, std::map<std::string, Targets>> gathered(
    const std::vector<const Use*>& uses) {
  std::map<std::string, std::map<std::string, Targets>> all;
  for (const Use* use : uses) {
    for (const Operation& operation : use->operations.rows()) {
      const auto [at, is_first] =
          all[operation.service].try_emplace(action_of(operation.action), operation.targets);
      if (!is_first) at->second.merge(operation.targets);
    }
  }
  return all;
}

void add_permissions(std::vector<Permission>& permissions, const std::string& service,
                     const std::optional<Pattern>& identifier,
                     const std::vector<std::string>& actions) {
  for (std::size_t at = 0; at < actions.size(); at += limits::kActionsMax) {
    const auto begin = actions.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min(limits::kActionsMax, actions.size() - at);
    permissions.push_back({type_of(service),
                           {resource_of(service)},
                           {begin, begin + static_cast<std::ptrdiff_t>(count)},
                           identifier,
                           {}});
  }
}

// Actions on the same things stand in one permission.
void add_service(std::vector<Permission>& permissions, const std::string& service,
                 const std::map<std::string, Targets>& operations, bool with_identifiers) {
  std::map<std::optional<Pattern>, std::vector<std::string>> by_pattern;
  for (const auto& [action, targets] : operations) {
    const auto patterns = with_identifiers ? targets.patterns() : std::nullopt;
    if (!patterns) by_pattern[std::nullopt].push_back(action);
    for (const std::string& text : patterns.value_or(std::vector<std::string>{})) {
      // A literal '*' is no identifier, so every text that was kept is a pattern.
      if (Result<Pattern> pattern = Pattern::parse(text)) by_pattern[*pattern].push_back(action);
    }
  }
  for (const auto& [pattern, actions] : by_pattern) {
    add_permissions(permissions, service, pattern, actions);
  }
}

std::optional<std::set<Cidr>> networks_of(const std::vector<const Use*>& uses) {
  std::set<Cidr> networks;
  for (const Use* use : uses) {
    const Result<Cidr> network = Cidr::parse(use->key.source);
    if (!network) return std::nullopt;
    networks.insert(*network);
  }
  if (networks.empty() || networks.size() > kNetworksMax) return std::nullopt;
  return networks;
}

std::string two(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

// The hours outside the longest pause, where the use goes on long enough to show one.
std::optional<json::Value> hours_of(const std::vector<const Use*>& uses) {
  std::uint32_t hours = 0;
  Instant first = kEndOfTime;
  Instant last = kBeginningOfTime;
  for (const Use* use : uses) {
    if (use->first > use->last) return std::nullopt;  // its events tell no time
    hours |= use->hours;
    first = std::min(first, use->first);
    last = std::max(last, use->last);
  }
  if (hours == 0 || last - first < kHoursEvidenceMin) return std::nullopt;
  int longest = 0;
  int ends = 0;  // the hour at which the longest pause ends
  for (int start = 0; start < kHoursOfDay; ++start) {
    int quiet = 0;
    while (quiet < kHoursOfDay && ((hours >> ((start + quiet) % kHoursOfDay)) & 1U) == 0) ++quiet;
    if (quiet > longest) {
      longest = quiet;
      ends = (start + quiet) % kHoursOfDay;
    }
  }
  if (longest < kQuietHoursMin) return std::nullopt;
  const int begins = (ends - longest + kHoursOfDay) % kHoursOfDay;
  return json::Value::object(
      {{"days", json::Value::array({"mon", "tue", "wed", "thu", "fri", "sat", "sun"})},
       {"from", two(ends) + ":00"},
       {"to", two(begins) + ":00"},
       {"zone", "UTC"}});
}

}  // namespace

std::string slug_of(std::string_view text, std::string_view extra, bool is_lower,
                    std::size_t bytes_max) {
  std::string slug;
  for (char c : text.substr(0, bytes_max)) {
    const bool is_big = c >= 'A' && c <= 'Z';
    const bool is_plain = is_big || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_big && is_lower) c = static_cast<char>(c - 'A' + 'a');
    slug += is_plain || extra.find(c) != std::string_view::npos ? c : '-';
  }
  return slug;
}

std::string type_of(std::string_view service) {
  const std::size_t scheme = service.find("://");
  if (scheme != std::string_view::npos) service.remove_prefix(scheme + 3);
  const std::string type = slug_of(service, "_.-", true, kNameBytesMax);
  return type.empty() ? "service" : type;
}

ResourceId resource_of(std::string_view service) {
  if (service.starts_with("https://")) {
    if (Result<ResourceId> own = ResourceId::parse(service)) return *std::move(own);
  }
  std::string host = slug_of(type_of(service), ".-", true, kNameBytesMax);
  const std::size_t begin = std::min(host.find_first_not_of(".-"), host.size());
  host = host.substr(begin, host.find_last_not_of(".-") + 1 - begin);
  const bool is_host = host.find('.') != std::string::npos && host.find("..") == std::string::npos;
  if (is_host) {
    if (Result<ResourceId> named = ResourceId::parse("https://" + host)) return *std::move(named);
  }
  std::replace(host.begin(), host.end(), '.', '-');
  return ResourceId::parse("https://" + (host.empty() ? "service" : host) + ".invalid").value();
}

std::string action_of(std::string_view action) {
  const std::string slug = slug_of(action, "_.:-", false, kNameBytesMax);
  return slug.empty() ? "call" : slug;
}

std::optional<Authority> authority_of(const std::vector<const Use*>& uses) {
  for (const Use* use : uses) {
    if (!use->operations.are_all()) return std::nullopt;
  }
  std::map<std::string, std::vector<Permission>> by_service;
  const auto all = gathered(uses);
  for (const auto& [service, operations] : all) {
    add_service(by_service[service], service, operations, true);
  }
  // Where it takes too many, the service with the most goes without identifiers, then the next.
  for (;;) {
    std::vector<Permission> permissions;
    auto widest = by_service.begin();
    for (auto at = by_service.begin(); at != by_service.end(); ++at) {
      permissions.insert(permissions.end(), at->second.begin(), at->second.end());
      if (at->second.size() > widest->second.size()) widest = at;
    }
    Result<Authority> authority = Authority::of(std::move(permissions));
    if (authority) return authority->empty() ? std::nullopt : std::optional(*std::move(authority));
    std::vector<Permission> wider;
    add_service(wider, widest->first, all.at(widest->first), false);
    if (wider.size() >= widest->second.size()) return std::nullopt;
    widest->second = std::move(wider);
  }
}

Authority constrained(const Authority& authority, const std::vector<const Use*>& uses) {
  json::Value wanted = json::Value::object({});
  if (const auto networks = networks_of(uses)) {
    json::Array texts;
    for (const Cidr& network : *networks) texts.emplace_back(network.text());
    wanted.set("networks", std::move(texts));
  }
  if (std::optional<json::Value> hours = hours_of(uses)) wanted.set("hours", *std::move(hours));
  const Result<Constraints> constraints = Constraints::parse(wanted);
  if (!constraints) return authority;
  std::vector<Permission> permissions = authority.permissions();
  for (Permission& permission : permissions) permission.constraints = *constraints;
  return Authority::of(std::move(permissions)).value_or(authority);
}

}  // namespace mandate::report
