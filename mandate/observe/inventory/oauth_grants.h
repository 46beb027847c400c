// OAuth apps and what they were granted, as three directories list it (schema only: no third-party
// sample data is at hand). JSON, NDJSON, one page or many:
//
//   Microsoft Graph v1.0   oauth2PermissionGrants, servicePrincipals (with `owners` where
//   expanded),
//                          as {"value": [...]} or one object a line
//   Google Directory API   tokens.list: {"kind": "admin#directory#tokenList", "items": [...]}
//   GitHub REST            {"installations": [...]} of an organisation's app installations
//
//   OauthGrants grants;
//   if (OauthGrants::is_page(value)) grants.add(value, place_of);
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/instant.h"
#include "mandate/json/value.h"
#include "mandate/observe/inventory/aws_policy.h"  // PlaceOf, read_time
#include "mandate/observe/inventory/draft.h"

namespace mandate::observe {

struct OauthCredential {
  std::string id;
  std::optional<Instant> start;
  std::optional<Instant> end;
};

struct OauthApp {
  std::string id;  // as grants name it
  std::string name;
  bool is_platforms = false;  // the directory's own maker's
  bool is_enabled = true;
  std::optional<bool> has_owner;
  std::vector<OauthCredential> credentials;
  InventoryPlace place;
};

struct OauthGrant {
  std::string id;
  std::string app;
  std::string for_whom;  // a person; empty is everybody
  std::string resource;
  std::vector<std::string> scopes;
  bool is_suspended = false;
  InventoryPlace place;
};

class OauthGrants {
 public:
  static bool is_page(const json::Value& value);
  void add(const json::Value& value, const PlaceOf& place_of);

  void add_edges(Draft& draft);
  void add_findings(Draft& draft) const;
  std::uint64_t objects() const { return apps_.size() + grants_.size(); }

 private:
  void add_item(const json::Value& value, const PlaceOf& place_of);
  void add_graph_app(const json::Value& value, const PlaceOf& place_of);
  void add_installation(const json::Value& value, const PlaceOf& place_of);
  void see(std::optional<Instant> instant);
  void find_grant(Draft& draft, const OauthGrant& grant) const;
  void find_app(Draft& draft, const OauthApp& app) const;

  std::map<std::string, OauthApp> apps_;
  std::deque<OauthGrant> grants_;
  std::map<std::string, graph::Node> nodes_;
  Instant as_of_ = kBeginningOfTime;  // the latest date that is not in the future of another
};

// Rights over identities, rights or trust, and rights over everything of a kind.
enum class OauthReach : std::uint8_t { kNarrow, kBroad, kPrivileged };
OauthReach oauth_reach(std::string_view scope);

}  // namespace mandate::observe
