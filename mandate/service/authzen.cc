// AuthZEN Authorization API 1.0: evaluation and evaluations. The caller is a resource server and
// may ask about its own resources only.
#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/base/text.h"
#include "mandate/json/reader.h"
#include "mandate/service/decision_point.h"

namespace mandate::service {
namespace {

constexpr std::size_t kEvaluationsMax = 100;

// A well-formed question; whether it may be asked and what the answer is come later.
struct Question {
  std::string subject_type;
  std::string subject_id;
  std::string action;
  std::string resource_type;
  std::optional<std::string> location;
  Identifier identifier;
  Facts facts;
  json::Value inputs;
  std::optional<IpAddress> client_address;
  std::optional<std::string> access_token;
  std::optional<std::string> proof;
  std::string proof_method;
  std::string proof_uri;
};

Result<std::string> text_member(const json::Value& object, std::string_view what,
                                std::string_view key) {
  const json::Value* value = object.find(key);
  if (value == nullptr || !value->is_string() || value->as_string().empty()) {
    return fail(Reason::kBadRequest, std::string(what) + "." + std::string(key) + " is " +
                                         (value ? std::string(kind_name(*value)) : "missing") +
                                         "; expected a string that is not empty");
  }
  return value->as_string();
}

// A name: it stands in entries and in what people read, so it is short, and its characters are
// seen.
Result<std::string> name_member(const json::Value& object, std::string_view what,
                                std::string_view key) {
  Result<std::string> text = text_member(object, what, key);
  if (!text) return text;
  const std::string member = std::string(what) + "." + std::string(key);
  if (text->size() > limits::kUriBytesMax) {
    return fail(Reason::kLimitExceeded,
                member + " has more than " + std::to_string(limits::kUriBytesMax) + " bytes");
  }
  if (has_unseen(*text, Unseen::kControl)) {
    return fail(Reason::kBadRequest,
                member + " " + quoted(*text) + "; expected no control or format character");
  }
  return text;
}

Result<const json::Value*> object_member(const json::Value& body, std::string_view key) {
  const json::Value* value = body.find(key);
  if (value == nullptr || !value->is_object()) {
    return fail(Reason::kBadRequest, std::string(key) + " is " +
                                         (value ? std::string(kind_name(*value)) : "missing") +
                                         "; expected an object");
  }
  return value;
}

// `properties` of a member, or `context`: its leaves become facts, and inputs of the entry.
Result<void> add_facts(Question& question, std::string_view prefix, const json::Value* value) {
  if (value == nullptr) return {};
  if (!value->is_object()) {
    return fail(Reason::kBadRequest, std::string(prefix) + " is " + std::string(kind_name(*value)) +
                                         "; expected an object");
  }
  question.inputs.set(prefix, *value);
  return question.facts.add(prefix, *value);
}

Result<void> read_proof(Question& question, const json::Value& context) {
  const json::Value* token = context.find("access_token");
  const json::Value* dpop = context.find("dpop");
  if (token == nullptr && dpop == nullptr) return {};
  if (token == nullptr) {
    return fail(Reason::kBadRequest, "context.dpop stands without context.access_token");
  }
  if (!token->is_string()) {
    return fail(Reason::kBadRequest, "context.access_token is " + std::string(kind_name(*token)) +
                                         "; expected a string");
  }
  question.access_token = token->as_string();
  if (dpop == nullptr) return {};
  Result<std::string> proof = text_member(*dpop, "context.dpop", "proof");
  Result<std::string> method = text_member(*dpop, "context.dpop", "htm");
  Result<std::string> uri = text_member(*dpop, "context.dpop", "htu");
  for (const Result<std::string>* part : {&proof, &method, &uri}) {
    if (!*part) return fail(part->error());
  }
  question.proof = *proof;
  question.proof_method = *method;
  question.proof_uri = *uri;
  return {};
}

Result<void> read_context(Question& question, const json::Value& body) {
  const json::Value* context = body.find("context");
  if (context == nullptr) return {};
  json::Value plain = *context;
  if (plain.is_object()) {
    // Neither the token nor its proof may reach a fact or an entry.
    std::erase_if(plain.as_object(), [](const json::Member& member) {
      return member.key == "access_token" || member.key == "dpop";
    });
  }
  if (Result<void> added = add_facts(question, "context", &plain); !added) return added;
  if (const json::Value* address = context->find("client_address")) {
    Result<IpAddress> parsed = IpAddress::parse(address->is_string() ? address->as_string() : "");
    if (!parsed)
      return fail(Reason::kBadRequest, "context.client_address: " + parsed.error().detail);
    question.client_address = *parsed;
  }
  return read_proof(question, *context);
}

Result<Question> parse_question(const json::Value& body) {
  if (!body.is_object()) {
    return fail(Reason::kBadRequest,
                "the body is " + std::string(kind_name(body)) + "; expected an object");
  }
  Result<const json::Value*> subject = object_member(body, "subject");
  if (!subject) return fail(subject.error());
  Result<const json::Value*> action = object_member(body, "action");
  if (!action) return fail(action.error());
  Result<const json::Value*> resource = object_member(body, "resource");
  if (!resource) return fail(resource.error());
  Result<std::string> subject_type = name_member(**subject, "subject", "type");
  Result<std::string> subject_id = name_member(**subject, "subject", "id");
  Result<std::string> action_name = name_member(**action, "action", "name");
  Result<std::string> resource_type = name_member(**resource, "resource", "type");
  Result<std::string> resource_id = text_member(**resource, "resource", "id");
  for (const Result<std::string>* part :
       {&subject_type, &subject_id, &action_name, &resource_type, &resource_id}) {
    if (!*part) return fail(part->error());
  }
  Result<Identifier> identifier = Identifier::parse(*resource_id);
  if (!identifier) return fail(Reason::kBadRequest, "resource.id: " + identifier.error().detail);
  Question question{*subject_type,
                    *subject_id,
                    *action_name,
                    *resource_type,
                    std::nullopt,
                    *identifier,
                    {},
                    json::Value::object({}),
                    std::nullopt,
                    std::nullopt,
                    std::nullopt,
                    {},
                    {}};
  const json::Value* properties = (*resource)->find("properties");
  if (properties != nullptr && properties->find("location") != nullptr) {
    Result<std::string> location = name_member(*properties, "resource.properties", "location");
    if (!location) return fail(location.error());
    question.location = *location;
  }
  Result<void> added = add_facts(question, "resource.properties", properties);
  if (added) added = add_facts(question, "subject.properties", (*subject)->find("properties"));
  if (added) added = add_facts(question, "action.properties", (*action)->find("properties"));
  if (added) added = read_context(question, body);
  if (!added) return fail(added.error());
  return question;
}

Decided refused(const Question& question, ResourceId location, const PrincipalId& caller,
                const record::View& view, Instant now, Error error) {
  Decided decided{.instant = now,
                  .request = {.type = question.resource_type,
                              .location = std::move(location),
                              .action = question.action,
                              .identifier = question.identifier,
                              .facts = {},
                              .client_address = question.client_address},
                  .decision = {},
                  .token = std::nullopt,
                  .asked_by = caller.text(),
                  .subject = question.subject_id,
                  .inputs = question.inputs,
                  .uses = {},
                  .durable = false};
  decided.decision.refusal = std::move(error);
  decided.decision.revision = view.revision();
  return decided;
}

// The resource that is meant: the named one, or the caller's only one of that type.
Result<record::ResourceHandle> find_resource(const record::View& view, const Question& question,
                                             record::PrincipalHandle caller) {
  std::vector<record::ResourceHandle> own;
  for (std::uint32_t i = 0; i < view.count(record::NodeKind::kResource); ++i) {
    const record::ResourceHandle handle{i};
    const record::Resource* resource = view.resource(handle);
    if (resource != nullptr && resource->status == record::Status::kActive &&
        resource->resource_server == caller &&
        resource->definition->type == question.resource_type) {
      own.push_back(handle);
    }
  }
  if (question.location) {
    Result<ResourceId> id = ResourceId::parse(*question.location);
    if (!id) return fail(Reason::kBadRequest, "resource.properties.location: " + id.error().detail);
    std::erase_if(own,
                  [&](record::ResourceHandle handle) { return view.id(handle) != id->text(); });
  } else if (own.size() > 1) {
    return fail(Reason::kBadRequest, "the caller has " + std::to_string(own.size()) +
                                         " resources of type " + quoted(question.resource_type) +
                                         "; expected resource.properties.location");
  }
  if (own.empty()) {
    return fail(Reason::kOutsideAuthority, "the caller has no resource of type " +
                                               quoted(question.resource_type) +
                                               " there; a resource server asks about itself only");
  }
  return own.front();
}

// A proof once verified serves every item of one request that presents the same pair for the same
// request of the actor's.
struct SeenPair {
  std::string token;
  std::string proof;
  std::string method;
  std::string uri;
  tl::expected<Presented, CallerFailure> presented;
};

tl::expected<Presented, CallerFailure> verify_question(Core& core, const Question& question,
                                                       const ResourceDefinition& resource,
                                                       std::vector<SeenPair>& seen, Instant now) {
  auto failure = [](Reason reason, Place place, std::string detail) {
    return tl::unexpected<CallerFailure>(
        CallerFailure{Error{reason, place, std::move(detail)}, std::nullopt});
  };
  if (!question.proof) {
    return failure(Reason::kProofOfPossession, Place::kAccessToken,
                   "context.access_token stands without context.dpop; expected its proof");
  }
  const Result<std::string> uri = token::normalise_htu(question.proof_uri);
  const Result<std::string> origin = token::normalise_htu(resource.origin + "/");
  if (!uri || !origin || !uri->starts_with(*origin)) {
    return failure(Reason::kBadRequest, Place::kDpopProof,
                   "context.dpop.htu " + quoted(question.proof_uri) +
                       " is not at the resource's origin " + quoted(resource.origin));
  }
  for (const SeenPair& pair : seen) {
    if (pair.token == *question.access_token && pair.proof == *question.proof &&
        pair.method == question.proof_method && pair.uri == question.proof_uri) {
      return pair.presented;
    }
  }
  auto presented = verify_pair(core, *question.access_token, *question.proof, question.proof_method,
                               question.proof_uri, now);
  seen.push_back({*question.access_token, *question.proof, question.proof_method,
                  question.proof_uri, presented});
  return presented;
}

// AuthZEN leaves subject types open: `user` without one of our prefixes means a human.
Result<PrincipalId> subject_of(const Question& question) {
  Result<PrincipalId> as_is = PrincipalId::parse(question.subject_id);
  if (as_is || question.subject_type != "user") return as_is;
  return PrincipalId::parse("human:" + question.subject_id);
}

Decided decide_question(Core& core, const record::View& view, const Caller& caller,
                        const Question& question, std::vector<SeenPair>& seen, Instant now) {
  const PrincipalId& asker = caller.token.claims().client_id;
  Result<record::ResourceHandle> handle = find_resource(view, question, caller.handle);
  if (!handle) {
    Result<ResourceId> named = ResourceId::parse(question.location.value_or(core.deps.issuer));
    return refused(question, named.value_or(core.issuer_resource), asker, view, now,
                   handle.error());
  }
  const ResourceDefinition& resource = *view.resource(*handle)->definition;
  Decided decided = refused(question, resource.id, asker, view, now, Error{});
  decided.request.facts = question.facts;
  decided.durable = resource.permits == PermitJournal::kDurable;
  Result<PrincipalId> subject = subject_of(question);
  if (!subject) {
    decided.decision.refusal =
        Error{Reason::kBadRequest, Place::kRequest, "subject.id: " + subject.error().detail};
    return decided;
  }
  decided.subject = subject->text();
  decision::Evidence evidence;
  evidence.subject = *subject;
  std::optional<Presented> presented;
  if (question.access_token) {
    auto verified = verify_question(core, question, resource, seen, now);
    if (!verified) {
      decided.decision.refusal = verified.error().error;
      decided.dpop_nonce = verified.error().dpop_nonce;
      set_enforcement(view, resource, true, decided);
      return decided;
    }
    presented = *std::move(verified);
    decided.uses.push_back(presented->use);
    decided.token = presented->token;
    evidence.token = &presented->token;
    evidence.possession = &presented->possession;
  }
  decided.decision = decide(core, view, decided.request, evidence, now);
  set_enforcement(view, resource, presented.has_value(), decided);
  return decided;
}

json::Value answer_body(const Core& core, const Decided& decided, std::string_view receipt) {
  const decision::Decision& decision = decided.decision;
  json::Value context = json::Value::object({});
  if (decision.refusal) {
    context.set("reason", name(decision.refusal->reason));
    context.set("reason_detail", outside_detail(*decision.refusal));
  }
  context.set("authority", name(decision.authority));
  const decision::Names names = names_of(core, decided);
  json::Array delegations(names.delegations.begin(), names.delegations.end());
  json::Array rests_on(names.rests_on.begin(), names.rests_on.end());
  context.set("delegations", std::move(delegations));
  context.set("rests_on", std::move(rests_on));
  context.set("revision", static_cast<std::int64_t>(decision.revision));
  if (decided.enforcement == Enforcement::kShadow) context.set("enforcement", "shadow");
  context.set("max_age", static_cast<std::int64_t>(decided.max_age.count()));
  context.set("receipt", receipt);
  // For the actor, who proves again with it; a header would be the caller's own nonce.
  if (decided.dpop_nonce) context.set("dpop_nonce", *decided.dpop_nonce);
  return json::Value::object({{"decision", decided.permitted()}, {"context", std::move(context)}});
}

Reply refused_caller(Core& core, CallerFailure failure) {
  Reply reply = refuse_unknown(core, std::move(failure.error));
  reply.dpop_nonce = std::move(failure.dpop_nonce);
  return reply;
}

json::Value bad_item(const Error& error, const std::string& receipt) {
  return json::Value::object(
      {{"decision", false},
       {"context", json::Value::object({{"error", json::Value::object({{"status", 400},
                                                                       {"message", error.detail}})},
                                        {"reason", name(error.reason)},
                                        {"reason_detail", error.detail},
                                        {"receipt", receipt}})}});
}

enum class Semantic { kExecuteAll, kDenyOnFirstDeny, kPermitOnFirstPermit };

Result<Semantic> parse_semantic(const json::Value& body) {
  const json::Value* options = body.find("options");
  const json::Value* word = options ? options->find("evaluations_semantic") : nullptr;
  if (word == nullptr) return Semantic::kExecuteAll;
  const std::string text = word->is_string() ? word->as_string() : std::string();
  if (text == "execute_all") return Semantic::kExecuteAll;
  if (text == "deny_on_first_deny") return Semantic::kDenyOnFirstDeny;
  if (text == "permit_on_first_permit") return Semantic::kPermitOnFirstPermit;
  return fail(Reason::kBadRequest, "options.evaluations_semantic " + quoted(text) +
                                       "; expected execute_all, deny_on_first_deny or "
                                       "permit_on_first_permit");
}

// An item's member overrides the default as a whole object (AuthZEN 1.0 section 7.1.1).
json::Value with_defaults(const json::Value& body, const json::Value& item) {
  if (!item.is_object()) return item;
  json::Value whole = item;
  for (std::string_view key : {"subject", "action", "resource", "context"}) {
    const json::Value* fallback = body.find(key);
    if (item.find(key) == nullptr && fallback != nullptr) whole.set(key, *fallback);
  }
  return whole;
}

// Answers of one request, given together when the last one is there.
struct Gathering {
  std::mutex mutex;
  json::Array answers;
  std::size_t missing = 0;
  Done done;
};

void put_answer(const std::shared_ptr<Gathering>& gathering, std::size_t index,
                json::Value answer) {
  bool last = false;
  {
    const std::lock_guard lock(gathering->mutex);
    gathering->answers[index] = std::move(answer);
    last = --gathering->missing == 0;
  }
  if (!last) return;
  Reply reply;
  reply.body = json::Value::object({{"evaluations", std::move(gathering->answers)}});
  gathering->done(std::move(reply));
}

using Outcome = tl::expected<Decided, Error>;

std::vector<Outcome> decide_all(Core& core, const record::View& view, const Caller& caller,
                                const json::Value& body, const json::Array& items,
                                Semantic semantic, Instant now) {
  std::vector<Outcome> outcomes;
  std::vector<SeenPair> seen;
  for (const json::Value& item : items) {
    Result<Question> question = parse_question(with_defaults(body, item));
    if (question) {
      outcomes.emplace_back(decide_question(core, view, caller, *question, seen, now));
    } else {
      outcomes.emplace_back(tl::unexpected<Error>(question.error()));
    }
    const bool permitted = outcomes.back() && outcomes.back()->permitted();
    if (semantic == Semantic::kDenyOnFirstDeny && !permitted) break;
    if (semantic == Semantic::kPermitOnFirstPermit && permitted) break;
  }
  return outcomes;
}

}  // namespace

void evaluation_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  auto caller = authenticate_caller(core, call, view, now);
  if (!caller) return done(refused_caller(core, caller.error()));
  Result<Question> question = parse_question(body);
  if (!question) {
    json::Value entry = json::Value::object(
        {{"at", call.path}, {"client_id", caller->token.claims().client_id.text()}});
    return done(refuse(core, question.error(), std::move(entry)));
  }
  std::vector<SeenPair> seen;
  journal_and_answer(core, decide_question(core, view, *caller, *question, seen, now),
                     [&core, done](const Decided& decided, const std::string& receipt) {
                       Reply reply;
                       reply.body = answer_body(core, decided, receipt);
                       done(std::move(reply));
                     });
}

void evaluations_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done) {
  const json::Value* items = body.find("evaluations");
  if (items == nullptr || (items->is_array() && items->as_array().empty())) {
    return evaluation_endpoint(core, call, body, std::move(done));
  }
  const Instant now = core.now();
  const record::View view = core.view();
  auto caller = authenticate_caller(core, call, view, now);
  if (!caller) return done(refused_caller(core, caller.error()));
  Result<Semantic> semantic = parse_semantic(body);
  if (semantic && !items->is_array()) {
    semantic = fail(Reason::kBadRequest,
                    "evaluations is " + std::string(kind_name(*items)) + "; expected an array");
  }
  if (semantic && items->as_array().size() > kEvaluationsMax) {
    semantic = fail(Reason::kLimitExceeded, std::to_string(items->as_array().size()) +
                                                " evaluations; expected at most " +
                                                std::to_string(kEvaluationsMax));
  }
  if (!semantic) {
    json::Value entry = json::Value::object(
        {{"at", call.path}, {"client_id", caller->token.claims().client_id.text()}});
    return done(refuse(core, semantic.error(), std::move(entry)));
  }
  std::vector<Outcome> outcomes =
      decide_all(core, view, *caller, body, items->as_array(), *semantic, now);
  auto gathering = std::make_shared<Gathering>();
  gathering->answers.resize(outcomes.size());
  gathering->missing = outcomes.size();
  gathering->done = std::move(done);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i]) {
      const Error& error = outcomes[i].error();
      json::Value entry =
          json::Value::object({{"at", call.path},
                               {"client_id", caller->token.claims().client_id.text()},
                               {"item", static_cast<std::int64_t>(i)}});
      put_answer(gathering, i, bad_item(error, core.journalist.refusal(error, std::move(entry))));
      continue;
    }
    journal_and_answer(core, *std::move(outcomes[i]),
                       [&core, gathering, i](const Decided& decided, const std::string& receipt) {
                         put_answer(gathering, i, answer_body(core, decided, receipt));
                       });
  }
}

}  // namespace mandate::service
