#include "mandate/service/management.h"

#include <memory>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/json/reader.h"
#include "mandate/record/command.h"
#include "mandate/record/discovery.h"
#include "mandate/service/bootstrap.h"
#include "mandate/service/document_check.h"
#include "mandate/service/sequencer.h"

namespace mandate::service {
namespace {

// The list of a document that a kind of node stands in.
std::optional<record::NodeKind> kind_of_list(std::string_view noun) {
  using record::NodeKind;
  for (NodeKind kind : {NodeKind::kPrincipal, NodeKind::kTeam, NodeKind::kResource,
                        NodeKind::kEntitlement, NodeKind::kDelegation, NodeKind::kTrustedIssuer}) {
    if (noun == std::string(name(kind)) + "s") return kind;
  }
  return std::nullopt;
}

// The action that changing an object takes, by what changes.
std::string_view action_for(std::string_view noun) {
  if (noun == "entitlement") return "entitle";
  if (noun == "delegation") return "grant";
  if (noun == "trusted_issuer") return "trust";
  if (noun == "guardrails") return "guard";
  if (noun == "resource") return "protect";
  return "register";
}

// An object's identifier has one segment for its id: what would split it is percent-encoded.
std::string segment(std::string_view id) {
  std::string text;
  for (char c : id) {
    if (c == '/') {
      text += "%2F";
    } else if (c == '%') {
      text += "%25";
    } else {
      text += c;
    }
  }
  return text;
}

json::Value difference_body(const record::Difference& difference) {
  json::Value body = json::Value::object(
      {{"kind", name(difference.kind)}, {"noun", difference.noun}, {"id", difference.id}});
  if (difference.before) body.set("before", *difference.before);
  if (difference.after) body.set("after", *difference.after);
  return body;
}

json::Value differences_body(const std::vector<record::Difference>& differences,
                             record::Revision revision) {
  json::Array list;
  for (const record::Difference& difference : differences) {
    list.push_back(difference_body(difference));
  }
  return json::Value::object(
      {{"differences", std::move(list)}, {"revision", static_cast<std::int64_t>(revision)}});
}

// Before anything is planned: whoever manages nothing learns nothing from how a plan is refused.
Result<void> check_manages(Core& core, const record::View& view, const Operator& who, Instant now) {
  const TokenClaims& claims = who.caller.token.claims();
  const auto lineage = live_lineage(view, claims, now);
  if (!lineage) return fail(lineage.error());
  const Authority at_issuer = claims.authority.at(core.issuer_resource);
  for (const Permission& permission : at_issuer.permissions()) {
    if (*lineage && permission.type == kManagementType) return {};
  }
  return fail(Reason::kOutsideAuthority, "the token holds no right of type \"mandate\"");
}

// Law 1 for management too: rights at the issuer are written by whoever holds as much there. Else
// the right to write one delegation would be the right to everything.
Result<void> check_within_writer(Core& core, const record::View& view, const Operator& who,
                                 const record::Difference& difference) {
  const json::Value* list = difference.after ? difference.after->find("authority") : nullptr;
  if (list == nullptr) return {};
  Result<Authority> written = Authority::parse(*list);
  if (!written) return fail(written.error());
  const Authority at_issuer = written->at(core.issuer_resource);
  if (at_issuer.empty()) return {};
  const TokenClaims& claims = who.caller.token.claims();
  const Result<Authority> held =
      decision::lineage_of(view, claims)
          .and_then([&](const decision::Lineage& lineage) {
            return decision::authority_of(view, lineage);
          })
          .and_then([&](const Authority& now) { return now.attenuated_by(claims.authority); });
  if (!held) return fail(held.error());
  if (at_issuer.within(*held)) return {};
  return fail(Reason::kOutsideAuthority,
              difference.noun + " " + quoted(difference.id) +
                  " holds rights at the issuer that its writer does not hold");
}

Result<void> check_differences(Core& core, const record::View& view, const Operator& who,
                               const std::vector<record::Difference>& differences, Instant now) {
  for (const record::Difference& difference : differences) {
    const std::string_view action = difference.kind == record::DifferenceKind::kEnded
                                        ? std::string_view("revoke")
                                        : action_for(difference.noun);
    Result<void> may = check_operator(core, view, who, kManagementType, action, difference.noun,
                                      difference.id, now);
    if (may) may = check_within_writer(core, view, who, difference);
    if (!may) return may;
  }
  return {};
}

// The server's own keys have commands of their own, which leave it with one to sign with.
Result<void> check_not_server(const record::View& view, record::NodeKind kind,
                              std::string_view id) {
  bool own = kind == record::NodeKind::kPrincipal && id == kIssuerPrincipal;
  if (kind == record::NodeKind::kAuthenticator) {
    const auto handle = view.find_authenticator(id);
    const auto* key = handle ? view.authenticator(*handle) : nullptr;
    own = key != nullptr && view.id(key->principal) == kIssuerPrincipal;
  }
  if (!own) return {};
  return fail(Reason::kBadRequest, Place::kConflict,
              quoted(id) + " is this server itself; expected `mandate keys`");
}

// Nobody ends its own access: what would take that back again may be lost with it.
Result<void> check_not_self(const Operator& who, std::string_view principal) {
  if (who.caller.token.claims().client_id.text() != principal) return {};
  return fail(Reason::kBadRequest, Place::kConflict,
              quoted(principal) + " is the caller itself; expected another operator to do this");
}

void run(Core& core, std::shared_ptr<Operator> who, Sequencer::Command plan, Done done,
         std::function<json::Value(const Committed&)> body, bool takes_long = false) {
  auto answer = [&core, who, done = std::move(done),
                 body = std::move(body)](const Result<Committed>& committed) {
    if (!committed) return done(refuse(core, committed.error(), who->entry));
    Reply reply;
    reply.body = body(*committed);
    done(std::move(reply));
  };
  core.deps.sequencer.submit(
      who->caller.token.claims().client_id.text(), std::move(plan),
      [&core, answer = std::move(answer), takes_long](Result<Committed> committed) {
        if (!takes_long) return answer(committed);
        // Before previews that wait: somebody contains an incident and is to hear that it is done.
        core.background.post_first(
            [answer, committed = std::move(committed)] { answer(committed); });
      });
}

// What the first start made and documents need not repeat; pruning leaves it alone.
std::vector<std::string> kept_ids(const Core& core) {
  return {std::string(kOperatorId),      std::string(kOperatorTeam),
          std::string(kOperatorOwner),   std::string(kOperatorEntitlement),
          std::string(kIssuerPrincipal), core.issuer_resource.text()};
}

std::string id_at(const record::View& view, record::NodeKind kind, std::uint32_t index) {
  using record::NodeKind;
  switch (kind) {
    case NodeKind::kPrincipal: return std::string(view.id(record::PrincipalHandle{index}));
    case NodeKind::kTeam: return std::string(view.id(record::TeamHandle{index}));
    case NodeKind::kResource: return std::string(view.id(record::ResourceHandle{index}));
    case NodeKind::kEntitlement: return std::string(view.id(record::EntitlementHandle{index}));
    case NodeKind::kDelegation: return std::string(view.id(record::DelegationHandle{index}));
    case NodeKind::kAuthenticator: return std::string(view.id(record::AuthenticatorHandle{index}));
    case NodeKind::kTrustedIssuer: return std::string(view.id(record::TrustedIssuerHandle{index}));
    case NodeKind::kToken:
    case NodeKind::kTransaction: break;
  }
  return {};
}

struct Target {
  record::NodeKind kind;
  std::string id;
  bool dry_run = false;
};

Result<Target> parse_target(const json::Value& body) {
  json::ObjectReader in(body, "the request");
  const std::string kind = in.required_string("kind");
  const std::string id = in.required_string("id");
  const bool dry_run = in.optional_bool("dry_run").value_or(false);
  if (Result<void> whole = in.finish(); !whole) return fail(whole.error());
  const auto parsed = record::parse_node_kind(kind);
  if (!parsed || *parsed == record::NodeKind::kTeam || *parsed == record::NodeKind::kResource) {
    return fail(Reason::kBadRequest, "kind " + quoted(kind) +
                                         "; expected token, transaction, delegation, entitlement, "
                                         "authenticator, principal or trusted_issuer");
  }
  return Target{*parsed, id, dry_run};
}

constexpr std::size_t kStopsListedMax = 1000;

json::Value stops_body(const record::WhatStops& stops, record::Revision revision) {
  json::Array list;
  for (const record::Stop& stop : stops.stops) {
    list.push_back(
        json::Value::object({{"kind", name(stop.kind)}, {"id", stop.id}, {"owner", stop.owner}}));
  }
  return json::Value::object({{"stops", std::move(list)},
                              {"more", static_cast<std::int64_t>(stops.more)},
                              {"revision", static_cast<std::int64_t>(revision)}});
}

}  // namespace

std::optional<Operator> operator_of(Core& core, const ApiCall& call, const record::View& view,
                                    Instant now, const Done& done) {
  auto caller = authenticate_caller(core, call, view, now);
  if (!caller) {
    Reply reply = refuse_unknown(core, caller.error().error);
    reply.dpop_nonce = caller.error().dpop_nonce;
    done(std::move(reply));
    return std::nullopt;
  }
  json::Value entry = json::Value::object({{"at", call.method + " " + call.path},
                                           {"client_id", caller->token.claims().client_id.text()},
                                           {"jti", caller->token.claims().jti}});
  return Operator{*std::move(caller), std::move(entry)};
}

Result<void> check_operator(Core& core, const record::View& view, const Operator& who,
                            std::string_view type, std::string_view action, std::string_view noun,
                            std::string_view id, Instant now) {
  Result<Identifier> identifier = Identifier::parse(std::string(noun) + "/" + segment(id));
  if (!identifier) return fail(identifier.error());
  const AccessRequest request{.type = std::string(type),
                              .location = core.issuer_resource,
                              .action = std::string(action),
                              .identifier = *identifier,
                              .facts = {},
                              .client_address = std::nullopt};
  decision::Decision decision = decision::decide(
      view, now, core.deps.zones, request,
      {.token = &who.caller.token, .possession = &who.caller.possession, .subject = std::nullopt});
  if (decision.refusal) return fail(*std::move(decision.refusal));
  return {};
}

void apply_endpoint(Core& core, const ApiCall& call, const json::Value& document, bool dry_run,
                    bool prune, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  std::optional<Operator> who = operator_of(core, call, view, now, done);
  if (!who) return;
  if (Result<void> manages = check_manages(core, view, *who, now); !manages) {
    return done(refuse(core, manages.error(), who->entry));
  }
  Result<Document> parsed = Document::parse(document);
  Result<void> fits;
  if (parsed) fits = check_document(*parsed, core.deps.issuer, core.deps.zones);
  if (!parsed || !fits) {
    return done(refuse(core, parsed ? fits.error() : parsed.error(), who->entry));
  }
  auto owned = std::make_shared<Document>(*std::move(parsed));
  auto shared = std::make_shared<Operator>(*std::move(who));
  // Planned and authorised on the same state, so that nothing changes between the two.
  Sequencer::Command plan = [&core, shared, owned, prune](const record::View& at,
                                                          Instant when) -> Result<record::Plan> {
    Result<record::Plan> planned = record::plan_apply(
        at, *owned,
        {.prune = prune, .name_authenticator = authenticator_id, .keep = kept_ids(core)}, when);
    if (!planned) return planned;
    Result<void> may = check_differences(core, at, *shared, planned->differences, when);
    if (!may) return fail(may.error());
    return planned;
  };
  if (!dry_run) {
    return run(core, shared, std::move(plan), std::move(done), [](const Committed& committed) {
      return differences_body(committed.differences, committed.revision);
    });
  }
  Result<record::Plan> planned = plan(view, now);
  if (!planned) return done(refuse(core, planned.error(), shared->entry));
  Reply reply;
  reply.body = differences_body(planned->differences, view.revision());
  reply.body.set("dry_run", true);
  done(std::move(reply));
}

void get_endpoint(Core& core, const ApiCall& call, std::string_view noun, std::string_view id,
                  Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  std::optional<Operator> who = operator_of(core, call, view, now, done);
  if (!who) return;
  const auto kind = kind_of_list(noun);
  std::string normal(id);
  if (kind == record::NodeKind::kResource) {
    normal =
        ResourceId::parse(id).map([](const ResourceId& r) { return r.text(); }).value_or(normal);
  }
  Result<void> may = check_operator(core, view, *who, kManagementType, "read",
                                    kind ? name(*kind) : noun, normal, now);
  if (!may) return done(refuse(core, may.error(), who->entry));
  const std::optional<json::Value> definition =
      kind ? view.definition(*kind, normal) : std::nullopt;
  if (!definition) {
    return done(refuse(
        core, {Reason::kBadRequest, Place::kPath, std::string(noun) + " has no " + quoted(id)},
        who->entry));
  }
  Reply reply;
  reply.body = json::Value::object(
      {{"definition", *definition}, {"revision", static_cast<std::int64_t>(view.revision())}});
  done(std::move(reply));
}

void list_endpoint(Core& core, const ApiCall& call, std::string_view noun, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  std::optional<Operator> who = operator_of(core, call, view, now, done);
  if (!who) return;
  const auto kind = kind_of_list(noun);
  Result<void> may = check_operator(core, view, *who, kManagementType, "read",
                                    kind ? name(*kind) : noun, "all", now);
  if (may && !kind) {
    may = fail(Reason::kBadRequest, Place::kPath, "there is no list " + quoted(noun));
  }
  if (!may) return done(refuse(core, may.error(), who->entry));
  json::Array items;
  for (std::uint32_t i = 0; i < view.count(*kind); ++i) {
    if (std::optional<json::Value> definition = view.definition(*kind, id_at(view, *kind, i))) {
      items.push_back(*std::move(definition));
    }
  }
  Reply reply;
  reply.body = json::Value::object(
      {{"items", std::move(items)}, {"revision", static_cast<std::int64_t>(view.revision())}});
  done(std::move(reply));
}

void revoke_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  std::optional<Operator> who = operator_of(core, call, view, now, done);
  if (!who) return;
  Result<Target> target = parse_target(body);
  if (!target) return done(refuse(core, target.error(), who->entry));
  auto shared = std::make_shared<Operator>(*std::move(who));
  const auto may = [&core, shared, target = *target](const record::View& at, Instant when) {
    Result<void> allowed = check_operator(core, at, *shared, kManagementType, "revoke",
                                          name(target.kind), target.id, when);
    const bool principal = target.kind == record::NodeKind::kPrincipal && !target.dry_run;
    if (allowed && principal) allowed = check_not_self(*shared, target.id);
    if (allowed && !target.dry_run) allowed = check_not_server(at, target.kind, target.id);
    return allowed;
  };
  if (Result<void> allowed = may(view, now); !allowed) {
    return done(refuse(core, allowed.error(), shared->entry));
  }
  const bool held =
      target->kind != record::NodeKind::kToken && target->kind != record::NodeKind::kTransaction;
  // What stops is listed from the state before, and looks at every node there is: it keeps neither
  // the revocation waiting nor the next one.
  const auto stops = [view, now, held, target = *target]() -> Result<record::WhatStops> {
    if (!held) return record::WhatStops();
    return record::what_stops(view, target.kind, target.id, now, kStopsListedMax);
  };
  if (target->dry_run) {
    return core.background.post([&core, shared, stops, view, done = std::move(done)] {
      Result<record::WhatStops> listed = stops();
      if (!listed) return done(refuse(core, listed.error(), shared->entry));
      Reply reply;
      reply.body = stops_body(*listed, view.revision());
      reply.body.set("dry_run", true);
      done(std::move(reply));
    });
  }
  // No token lives past this, so neither does the memory of its revocation.
  std::optional<Instant> until;
  if (!held) until = now + std::chrono::hours(25);
  Sequencer::Command plan = [may, target = *target, until](const record::View& at,
                                                           Instant when) -> Result<record::Plan> {
    if (Result<void> allowed = may(at, when); !allowed) return fail(allowed.error());
    return record::plan_revoke(at, target.kind, target.id, until);
  };
  run(
      core, shared, std::move(plan), std::move(done),
      [stops](const Committed& committed) {
        return stops_body(stops().value_or(record::WhatStops()), committed.revision);
      },
      true);
}

void suspend_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  std::optional<Operator> who = operator_of(core, call, view, now, done);
  if (!who) return;
  json::ObjectReader in(body, "the request");
  Result<PrincipalId> principal = PrincipalId::parse(in.required_string("principal"));
  const bool suspended = in.optional_bool("suspended").value_or(true);
  Result<void> whole = in.finish();
  if (whole && !principal) whole = fail(principal.error());
  if (!whole) return done(refuse(core, whole.error(), who->entry));
  auto shared = std::make_shared<Operator>(*std::move(who));
  Sequencer::Command plan = [&core, shared, id = *principal, suspended](
                                const record::View& at, Instant when) -> Result<record::Plan> {
    Result<void> may =
        check_operator(core, at, *shared, kManagementType, "suspend", "principal", id.text(), when);
    if (may && suspended) may = check_not_self(*shared, id.text());
    // After a restore everybody is suspended, and may be resumed.
    if (may && suspended) may = check_not_server(at, record::NodeKind::kPrincipal, id.text());
    if (!may) return fail(may.error());
    return suspended ? record::plan_suspend(at, id) : record::plan_resume(at, id);
  };
  run(core, shared, std::move(plan), std::move(done), [](const Committed& committed) {
    return differences_body(committed.differences, committed.revision);
  });
}

namespace {

struct Seen {
  std::vector<PrincipalId> principals;
  bool dry_run = false;
};

Result<Seen> parse_seen(const json::Value& body) {
  json::ObjectReader in(body, "the request");
  Seen seen;
  for (const std::string& text : in.strings("principals", kDiscoveriesMax, true)) {
    Result<PrincipalId> id = PrincipalId::parse(text);
    if (!id) return fail(id.error());
    seen.principals.push_back(*std::move(id));
  }
  seen.dry_run = in.optional_bool("dry_run").value_or(false);
  if (Result<void> whole = in.finish(); !whole) return fail(whole.error());
  return seen;
}

}  // namespace

void discover_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  std::optional<Operator> who = operator_of(core, call, view, now, done);
  if (!who) return;
  Result<Seen> seen = parse_seen(body);
  if (!seen) return done(refuse(core, seen.error(), who->entry));
  auto shared = std::make_shared<Operator>(*std::move(who));
  auto discovery = std::make_shared<record::Discovery>(std::move(seen->principals));
  // Of those on record, too: who may not put an id there does not learn whether it is.
  Sequencer::Command plan = [&core, shared, discovery](const record::View& at,
                                                       Instant when) -> Result<record::Plan> {
    for (const PrincipalId& id : discovery->seen()) {
      Result<void> may =
          check_operator(core, at, *shared, kManagementType, "scan", "principal", id.text(), when);
      if (!may) return fail(may.error());
    }
    record::Plan planned = discovery->plan(at);
    if (!planned.changes.empty() &&
        core.deps.state.discovered() + planned.changes.size() > kDiscoveredMax) {
      return fail(Reason::kLimitExceeded,
                  "there would be more than " + std::to_string(kDiscoveredMax) +
                      " discovered principals; expected some to be adopted or dismissed first");
    }
    return planned;
  };
  // Refused before the writer's turn, and most of the looking done.
  Result<record::Plan> planned = plan(view, now);
  if (!planned) return done(refuse(core, planned.error(), shared->entry));
  if (!seen->dry_run) {
    return run(core, shared, std::move(plan), std::move(done), [](const Committed& committed) {
      return differences_body(committed.differences, committed.revision);
    });
  }
  Reply reply;
  reply.body = differences_body(planned->differences, view.revision());
  reply.body.set("dry_run", true);
  done(std::move(reply));
}

void may_read_log_endpoint(Core& core, const ApiCall& call, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  std::optional<Operator> who = operator_of(core, call, view, now, done);
  if (!who) return;
  Result<void> may = check_operator(core, view, *who, kAuditType, "read", "log", "tiles", now);
  if (!may) return done(refuse(core, may.error(), who->entry));
  done(Reply{});
}

}  // namespace mandate::service
