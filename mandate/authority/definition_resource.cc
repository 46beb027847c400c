#include <algorithm>
#include <limits>
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

// A DNS name in lower case, or a URI: as a certificate's subjectAltName has it.
bool is_certificate_name(std::string_view name) {
  const auto is_dns = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (name.find("://") != std::string_view::npos) {
    return std::all_of(name.begin(), name.end(), is_visible);
  }
  return std::all_of(name.begin(), name.end(), is_dns) && name.front() != '.' &&
         name.find('.') != std::string_view::npos;
}

std::string certificate_name(json::ObjectReader& in) {
  const json::Value* value = in.optional("certificate");
  if (value == nullptr) {
    return {};
  }
  std::string name = reading::text_at(in, "certificate", value, limits::kUriBytesMax);
  if (!name.empty() && !is_certificate_name(name)) {
    in.refuse("certificate " + quoted(name) +
                  ": expected one DNS name in lower case, without wildcard, or one URI",
              value);
  }
  return name;
}

Result<EnforcementPoint> read_enforcement_point(const json::Value& value) {
  json::ObjectReader in(value, "enforcement point");
  EnforcementPoint point{reading::optional<IpAddress>(in, "address"), certificate_name(in),
                         std::nullopt, HeaderFamily::kOriginal};
  const auto user_id =
      in.optional_integer("user_id", 0, std::numeric_limits<std::uint32_t>::max() - 1);
  if (user_id) {
    point.user_id = static_cast<std::uint32_t>(*user_id);
  }
  const int told =
      (point.address ? 1 : 0) + (point.certificate.empty() ? 0 : 1) + (point.user_id ? 1 : 0);
  if (told != 1) {
    in.refuse("enforcement point: expected exactly one of address, certificate and user_id");
  }
  const auto headers = reading::choice(in, "headers", in.required("headers"), kHeaderFamilies);
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  point.headers = *headers;
  return point;
}

std::vector<EnforcementPoint> read_enforcement_points(json::ObjectReader& in) {
  std::vector<EnforcementPoint> out;
  reading::Unique unique("enforcement point");
  reading::each(in, "enforcement_points", in.optional("enforcement_points"),
                limits::kEnforcementPointsMax, [&](const json::Value& item) {
                  if (auto read = reading::accept(in, read_enforcement_point(item), &item)) {
                    unique.add(in, read->text(), item);
                    out.push_back(*read);
                  }
                });
  std::sort(out.begin(), out.end(), [](const EnforcementPoint& a, const EnforcementPoint& b) {
    return std::tuple(a.address, a.certificate, a.user_id) <
           std::tuple(b.address, b.certificate, b.user_id);
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
  json::Value out = json::Value::object({{"headers", word_of(kHeaderFamilies, point.headers)}});
  if (point.address) {
    out.set("address", point.address->text());
  }
  reading::set_text(out, "certificate", point.certificate);
  if (point.user_id) {
    out.set("user_id", std::int64_t{*point.user_id});
  }
  return out;
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

std::string EnforcementPoint::text() const {
  if (address) {
    return address->text();
  }
  return user_id ? "user " + std::to_string(*user_id) : certificate;
}

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
