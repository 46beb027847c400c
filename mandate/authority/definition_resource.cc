#include <algorithm>
#include <tuple>

#include "mandate/authority/definition.h"
#include "mandate/authority/reading.h"
#include "mandate/authority/route.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"

namespace mandate {
namespace {

constexpr std::pair<std::string_view, HeaderFamily> kHeaderFamilies[] = {
    {"original", HeaderFamily::kOriginal}, {"forwarded", HeaderFamily::kForwarded}};
constexpr std::pair<std::string_view, SigningAlgorithm> kSigningAlgorithms[] = {
    {"ES256", SigningAlgorithm::kEs256}, {"RS256", SigningAlgorithm::kRs256}};

enum class Permits : std::uint8_t { kListed, kDurable, kCounted };
constexpr std::pair<std::string_view, Permits> kPermits[] = {
    {"listed", Permits::kListed}, {"durable", Permits::kDurable}, {"counted", Permits::kCounted}};

constexpr std::pair<std::string_view, Enforcement> kEnforcements[] = {
    {"enforce", Enforcement::kEnforce}, {"shadow", Enforcement::kShadow}};

template <class T, std::size_t kCount>
std::string_view word_of(const std::pair<std::string_view, T> (&table)[kCount], T meaning) {
  return std::find_if(std::begin(table), std::end(table),
                      [&](const auto& row) { return row.second == meaning; })
      ->first;
}

// scheme://host[:port] of a resource's id.
std::string origin_of(const ResourceId& id) {
  const std::string& text = id.text();
  return text.substr(0, text.find('/', text.find("://") + 3));
}

std::vector<std::string> read_actions(json::ObjectReader& in) {
  std::vector<std::string> out;
  const json::Value* list = in.required("actions");
  reading::Unique unique("action");
  reading::each(in, "actions", list, limits::kActionsMax, [&](const json::Value& item) {
    std::string action = reading::action_at(in, &item);
    unique.add(in, action, item);
    out.push_back(std::move(action));
  });
  if (out.empty()) {
    in.refuse("actions: expected at least one", list);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<PrincipalId> read_resource_server(json::ObjectReader& in) {
  std::optional<PrincipalId> server = reading::optional<PrincipalId>(in, "resource_server");
  if (server && !is_software(kind_of(*server))) {
    in.refuse("resource_server " + quoted(server->text()) + ": expected software",
              in.optional("resource_server"));
  }
  return server;
}

std::string read_origin(json::ObjectReader& in, const std::optional<ResourceId>& id) {
  const json::Value* value = in.optional("origin");
  std::optional<ResourceId> origin =
      value == nullptr ? id : reading::parsed<ResourceId>(in, "origin", value);
  if (!origin) {
    return {};
  }
  std::string text = origin_of(*origin);
  if (value != nullptr && text != origin->text()) {
    in.refuse("origin " + quoted(origin->text()) + ": expected scheme://host[:port] without a path",
              value);
  }
  return text;
}

Result<EnforcementPoint> read_enforcement_point(const json::Value& value) {
  json::ObjectReader in(value, "enforcement point");
  std::optional<IpAddress> address = reading::required<IpAddress>(in, "address");
  const auto headers = reading::choice(in, "headers", in.required("headers"), kHeaderFamilies);
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return EnforcementPoint{*address, *headers};
}

std::vector<EnforcementPoint> read_enforcement_points(json::ObjectReader& in) {
  std::vector<EnforcementPoint> out;
  reading::Unique unique("enforcement point");
  reading::each(in, "enforcement_points", in.optional("enforcement_points"),
                limits::kEnforcementPointsMax, [&](const json::Value& item) {
                  if (auto read = reading::accept(in, read_enforcement_point(item), &item)) {
                    unique.add(in, read->address.text(), item);
                    out.push_back(*read);
                  }
                });
  std::sort(out.begin(), out.end(), [](const EnforcementPoint& a, const EnforcementPoint& b) {
    return a.address < b.address;
  });
  return out;
}

std::vector<std::string> read_methods(json::ObjectReader& in) {
  std::vector<std::string> out;
  const json::Value* list = in.optional("methods");
  reading::Unique unique("method");
  reading::each(in, "methods", list, limits::kRouteMethodsMax, [&](const json::Value& item) {
    const std::string* method = reading::string_at(in, "method", &item);
    if (method == nullptr) {
      return;
    }
    if (!is_method(*method) ||
        std::any_of(method->begin(), method->end(), [](char c) { return c >= 'a' && c <= 'z'; })) {
      in.refuse("method " + quoted(*method) + ": expected an HTTP method in upper case", &item);
    }
    unique.add(in, *method, item);
    out.push_back(*method);
  });
  if (list != nullptr && out.empty()) {
    in.refuse("methods: expected at least one, or \"methods\" left out for every method", list);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<Route> read_route(const json::Value& value, const std::vector<std::string>& actions) {
  json::ObjectReader in(value, "route");
  Route route;
  route.methods = read_methods(in);
  const json::Value* path = in.required("path");
  route.path = reading::text_at(in, "path", path, limits::kRoutePathBytesMax);
  if (in.ok()) {
    if (Result<void> good = check_route_path(route.path); !good) {
      in.refuse(good.error(), path);
    }
  }
  const json::Value* action = in.required("action");
  route.action = reading::action_at(in, action);
  if (std::find(actions.begin(), actions.end(), route.action) == actions.end()) {
    in.refuse("action " + quoted(route.action) + ": expected one of the resource's actions",
              action);
  }
  const json::Value* identifier = in.required("identifier");
  route.identifier = reading::text_at(in, "identifier", identifier, limits::kIdentifierBytesMax);
  if (in.ok()) {
    if (Result<void> good = check_route_identifier(route.path, route.identifier); !good) {
      in.refuse(good.error(), identifier);
    }
  }
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return route;
}

std::vector<Route> read_routes(json::ObjectReader& in, const std::vector<std::string>& actions) {
  std::vector<Route> out;  // in their order: the first match decides
  reading::each(in, "routes", in.optional("routes"), limits::kRoutesMax,
                [&](const json::Value& item) {
                  if (auto read = reading::accept(in, read_route(item, actions), &item)) {
                    out.push_back(std::move(*read));
                  }
                });
  return out;
}

PermitJournal read_permits(json::ObjectReader& in) {
  const json::Value* value = in.optional("permits");
  switch (reading::choice(in, "permits", value, kPermits).value_or(Permits::kListed)) {
    case Permits::kCounted:
      reading::not_enforced(in, "permits: counted", value);
      return PermitJournal::kListed;
    case Permits::kDurable: return PermitJournal::kDurable;
    case Permits::kListed: return PermitJournal::kListed;
  }
  return PermitJournal::kListed;
}

json::Value to_json(const Route& route) {
  json::Value out{json::Object{}};
  if (!route.methods.empty()) {
    out.set("methods", reading::to_json(route.methods));
  }
  out.set("path", route.path);
  out.set("action", route.action);
  out.set("identifier", route.identifier);
  return out;
}

json::Value to_json(const EnforcementPoint& point) {
  return json::Value::object(
      {{"address", point.address.text()}, {"headers", word_of(kHeaderFamilies, point.headers)}});
}

template <class T>
void set_list(json::Value& out, std::string_view key, const std::vector<T>& list) {
  if (list.empty()) {
    return;
  }
  json::Value items{json::Array{}};
  for (const T& item : list) {
    items.push_back(to_json(item));
  }
  out.set(key, std::move(items));
}

}  // namespace

Result<ResourceDefinition> ResourceDefinition::parse(const json::Value& value) {
  json::ObjectReader in(value, "resource");
  std::optional<ResourceId> id = reading::required<ResourceId>(in, "id");
  std::string type = reading::type_at(in, in.required("type"));
  std::vector<std::string> actions = read_actions(in);
  std::optional<PrincipalId> resource_server = read_resource_server(in);
  std::string environment = reading::environment(in);
  const bool accept_asserted = in.optional_bool("accept_asserted").value_or(false);
  std::string origin = read_origin(in, id);
  std::vector<EnforcementPoint> points = read_enforcement_points(in);
  const auto algorithm = reading::choice(in, "signing_algorithm", in.optional("signing_algorithm"),
                                         kSigningAlgorithms);
  const PermitJournal permits = read_permits(in);
  const auto enforcement =
      reading::choice(in, "enforcement", in.optional("enforcement"), kEnforcements);
  const auto cached = reading::duration(in, "cache_when_down", Seconds{0}, kCacheWhenDownMax);
  std::vector<Route> routes = read_routes(in, actions);
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return ResourceDefinition{std::move(*id),
                            std::move(type),
                            std::move(actions),
                            std::move(resource_server),
                            std::move(environment),
                            accept_asserted,
                            std::move(origin),
                            std::move(points),
                            algorithm.value_or(SigningAlgorithm::kEs256),
                            permits,
                            enforcement.value_or(Enforcement::kEnforce),
                            cached.value_or(Seconds{0}),
                            std::move(routes)};
}

json::Value ResourceDefinition::to_json() const {
  json::Value out = json::Value::object(
      {{"id", id.text()}, {"type", type}, {"actions", reading::to_json(actions)}});
  if (resource_server) {
    out.set("resource_server", resource_server->text());
  }
  reading::set_text(out, "environment", environment);
  if (accept_asserted) {
    out.set("accept_asserted", true);
  }
  if (origin != origin_of(id)) {
    out.set("origin", origin);
  }
  set_list(out, "enforcement_points", enforcement_points);
  if (signing_algorithm != SigningAlgorithm::kEs256) {
    out.set("signing_algorithm", word_of(kSigningAlgorithms, signing_algorithm));
  }
  if (permits == PermitJournal::kDurable) {
    out.set("permits", "durable");
  }
  if (enforcement == Enforcement::kShadow) {
    out.set("enforcement", word_of(kEnforcements, enforcement));
  }
  if (cache_when_down != Seconds{0}) {
    out.set("cache_when_down", format_duration(cache_when_down));
  }
  set_list(out, "routes", routes);
  return out;
}

}  // namespace mandate
