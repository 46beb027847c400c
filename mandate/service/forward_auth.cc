// Forward-auth: the question of a proxy that knows only HTTP. The resource is in the URL, the proxy
// must be on the resource's list, and only the header family its entry names is read (WIRE.md).
#include <algorithm>
#include <optional>
#include <utility>

#include "mandate/authority/route.h"
#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"
#include "mandate/json/object_text.h"
#include "mandate/service/decision_point.h"

namespace mandate::service {
namespace {

constexpr Seconds kAssertionLifetime{60};

// The original request, as the proxy's own headers tell it.
struct Original {
  std::string method;
  std::string target;
  IpAddress client_address;
};

Result<std::string> one_header(const ForwardAuthCall& call, std::string_view name) {
  const std::string* found = nullptr;
  for (const auto& [key, value] : call.headers) {
    if (key != name) continue;
    if (found != nullptr) {
      return fail(Reason::kBadRequest, "header " + quoted(name) + " is there twice; expected one");
    }
    found = &value;
  }
  if (found == nullptr || found->empty()) {
    return fail(Reason::kBadRequest,
                "header " + quoted(name) + " is missing; expected it from the enforcement point");
  }
  return *found;
}

// The last hop of X-Forwarded-For is the one that the proxy itself saw.
std::string last_of(const std::string& list) {
  const std::size_t comma = list.rfind(',');
  std::string last = comma == std::string::npos ? list : list.substr(comma + 1);
  const std::size_t begin = last.find_first_not_of(" \t");
  const std::size_t end = last.find_last_not_of(" \t");
  return begin == std::string::npos ? std::string() : last.substr(begin, end - begin + 1);
}

Result<Original> read_original(const ForwardAuthCall& call, HeaderFamily family) {
  const bool forwarded = family == HeaderFamily::kForwarded;
  Result<std::string> method =
      one_header(call, forwarded ? "x-forwarded-method" : "x-original-method");
  if (!method) return fail(method.error());
  Result<std::string> target = one_header(call, forwarded ? "x-forwarded-uri" : "x-original-uri");
  if (!target) return fail(target.error());
  Result<std::string> address = one_header(call, forwarded ? "x-forwarded-for" : "x-real-ip");
  if (!address) return fail(address.error());
  Result<IpAddress> parsed = IpAddress::parse(forwarded ? last_of(*address) : *address);
  if (!parsed) return fail(Reason::kBadRequest, "client address: " + parsed.error().detail);
  return Original{*method, *target, *parsed};
}

bool is_proven_by(const EnforcementPoint& point, const Peer& peer) {
  if (point.address) return point.address == peer.address;
  if (point.user_id) return point.user_id == peer.user_id;
  if (!peer.certificate) return false;
  const std::vector<std::string>& names = peer.certificate->names;
  return std::find(names.begin(), names.end(), point.certificate) != names.end();
}

// What is proven by a key counts before what is merely where somebody sits.
const EnforcementPoint* find_point(const ForwardAuthCall& call,
                                   const ResourceDefinition& resource) {
  const EnforcementPoint* found = nullptr;
  for (const EnforcementPoint& point : resource.enforcement_points) {
    if (!is_proven_by(point, call.peer)) continue;
    if (found == nullptr || !point.certificate.empty()) found = &point;
  }
  return found;
}

std::string text_of(const Peer& peer) {
  if (peer.address) return quoted(peer.address->text());
  return peer.user_id ? "user " + std::to_string(*peer.user_id) : "the peer";
}

// Ids may hold any letter; a header holds visible ASCII.
std::string header_safe(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string safe;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%' && c != ',') {
      safe += c;
    } else {
      safe += '%';
      safe += kDigits[byte >> 4];
      safe += kDigits[byte & 15];
    }
  }
  return safe;
}

std::string lineage_text(const Core& core, const Decided& decided) {
  std::string text;
  for (const std::string& id : names_of(core, decided).delegations) {
    if (!text.empty()) text += ", ";
    text += header_safe(id);
  }
  // In one's own right: every promised header stands on every 200, or a proxy's placeholder would.
  return text.empty() ? "-" : text;
}

// A signed statement for the upstream, about this one request.
std::string assertion(Core& core, const Decided& decided, const Original& original, Instant now) {
  const TokenClaims& claims = *decided.claims();
  std::string out;
  json::ObjectText text(out);
  if (!claims.actors.empty()) text.raw("act", token::act_text(claims.actors));
  text.text("aud", decided.request.location.text());
  text.text("client_id", claims.client_id.text());
  if (decided.shadowed) text.text("enforcement", "shadow");
  text.number("exp", to_numeric_date(now + kAssertionLifetime));
  text.text("htm", original.method);
  text.number("iat", to_numeric_date(now));
  text.text("iss", core.deps.issuer);
  text.text("jti", encode_base64url(core.deps.random.bytes(16)));
  text.begin_array("lineage");
  for (const DelegationId& delegation : claims.lineage) text.add_item(delegation.text());
  text.end_array();
  text.text("sub", claims.subject.text());
  text.text("txn", claims.transaction);
  text.text("uri", original.target);
  text.end();
  const crypto::PrivateKey& key = core.issuer_keys(now).es256;
  return token::sign_jws(key, crypto::Algorithm::kEs256, "mandate-assertion+jwt",
                         key.public_key().thumbprint_base64url(), out);
}

Reply permitted(Core& core, const Decided& decided, const Original& original,
                const std::string& receipt, Instant now) {
  const TokenClaims& claims = *decided.claims();
  Reply reply;
  reply.receipt = receipt;
  reply.headers = {{"Mandate-Subject", header_safe(claims.subject.text())},
                   {"Mandate-Actor", header_safe(claims.client_id.text())},
                   {"Mandate-Lineage", lineage_text(core, decided)},
                   {"Mandate-Transaction", claims.transaction},
                   {"Mandate-Receipt", receipt},
                   {"Mandate-Assertion", assertion(core, decided, original, now)},
                   {"Mandate-Enforcement", decided.shadowed ? "shadow" : "enforce"}};
  if (decided.shadowed) {
    reply.headers.emplace_back("Mandate-Reason", name(decided.decision.refusal->reason));
  }
  // nginx's own word for how long it may keep an answer; 0 keeps nothing.
  reply.headers.emplace_back("X-Accel-Expires", std::to_string(decided.max_age.count()));
  return reply;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

Result<AccessRequest> make_request(const ResourceDefinition& resource, const Original& original) {
  Result<RouteMatch> route = match_route(resource, original.method, path_of(original.target));
  if (!route) return fail(route.error());
  AccessRequest request{.type = resource.type,
                        .location = resource.id,
                        .action = route->action,
                        .identifier = route->identifier,
                        .facts = {},
                        .client_address = original.client_address};
  json::Value captures = json::Value::object({});
  for (const auto& [capture, value] : route->captures) captures.set(capture, value);
  if (Result<void> added = request.facts.add("resource.properties", captures); !added) {
    return fail(added.error());
  }
  return request;
}

// What the entry tells of the request; of a query, which may hold anything, the digest only.
json::Value inputs_of(const Original& original) {
  const std::string_view path = path_of(original.target);
  json::Value inputs =
      json::Value::object({{"method", quoted(original.method)}, {"path", quoted(path)}});
  if (path.size() < original.target.size()) {
    const std::string query = original.target.substr(path.size() + 1);
    inputs.set("query_sha256", encode_base64url(view(crypto::sha256(query))));
  }
  return inputs;
}

}  // namespace

void forward_auth_endpoint(Core& core, const ForwardAuthCall& call, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  Result<ResourceId> id = ResourceId::parse(call.resource);
  const auto handle = id ? view.find_resource(id->text()) : std::nullopt;
  const record::Resource* resource = handle ? view.resource(*handle) : nullptr;
  // To whom nothing is listed, nothing is on record.
  const EnforcementPoint* point = resource != nullptr && resource->status == record::Status::kActive
                                      ? find_point(call, *resource->definition)
                                      : nullptr;
  if (point == nullptr) {
    return done(refuse_unknown(
        core, {Reason::kClientAuthenticationFailed, Place::kClient,
               text_of(call.peer) + " is not an enforcement point of " + quoted(call.resource)}));
  }
  const ResourceDefinition& definition = *resource->definition;
  // Until a token has proven who asks, it is strangers who ask through the proxy: counted, not
  // listed.
  Result<Original> original = read_original(call, point->headers);
  if (!original) return done(refuse_unknown(core, original.error()));
  const std::string uri = definition.origin + std::string(path_of(original->target));
  // The connection's certificate is the enforcement point's, never the actor's.
  const std::optional<PeerCertificate> none;
  auto presented =
      verify_presented(core, {call.authorization, call.dpop, original->method, uri, none}, now);
  if (!presented) {
    Reply reply = refuse_unknown(core, presented.error().error);
    reply.dpop_nonce = presented.error().dpop_nonce;
    return done(std::move(reply));
  }
  Decided decided{.instant = now,
                  .request = {.type = definition.type,
                              .location = definition.id,
                              .action = {},
                              .identifier = std::nullopt,
                              .facts = {},
                              .client_address = original->client_address},
                  .decision = {},
                  .token = presented->token,
                  .asked_by = "enforcement point " + point->text(),
                  .subject = std::nullopt,
                  .inputs = inputs_of(*original),
                  .uses = {presented->use},
                  .durable = definition.permits == PermitJournal::kDurable};
  Result<AccessRequest> request = make_request(definition, *original);
  if (request) {
    decided.request = *std::move(request);
    decided.decision = decide(
        core, view, decided.request,
        {.token = &presented->token, .possession = &presented->possession, .subject = std::nullopt},
        now);
  } else {
    decided.decision.refusal = request.error();
    decided.decision.revision = view.revision();
  }
  set_enforcement(view, definition, true, decided);
  journal_and_answer(core, std::move(decided),
                     [&core, done, now, original = *original](const Decided& answered,
                                                              const std::string& receipt) {
                       if (answered.permitted()) {
                         return done(permitted(core, answered, original, receipt, now));
                       }
                       Reply reply;
                       reply.error = answered.decision.refusal;
                       reply.receipt = receipt;
                       done(std::move(reply));
                     });
}

}  // namespace mandate::service
