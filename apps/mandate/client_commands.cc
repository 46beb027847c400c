// Commands that talk to a server.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "apps/mandate/commands.h"
#include "apps/mandate/documents.h"
#include "apps/mandate/session.h"
#include "mandate/base/bytes.h"
#include "mandate/base/system_clock.h"
#include "mandate/crypto/system_random.h"
#include "mandate/http/form_decoding.h"
#include "mandate/report/path_view.h"
#include "mandate/service/path_proof.h"

namespace mandate::app {
namespace {

constexpr std::string_view kExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kAccessTokenType = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::string_view kJwtType = "urn:ietf:params:oauth:token-type:jwt";

void print_differences(const json::Value& answer) {
  const json::Value* list = answer.find("differences");
  const json::Value* dry_run = answer.find("dry_run");
  std::string text;
  if (list != nullptr && list->is_array()) {
    for (const json::Value& item : list->as_array()) {
      const std::string kind = text_at(item, "kind");
      const char sign = kind == "added" ? '+' : kind == "ended" ? '-' : '~';
      text += std::string(1, sign) + " " + text_at(item, "noun") + " " + text_at(item, "id") + "\n";
      const json::Value* before = item.find("before");
      const json::Value* after = item.find("after");
      if (kind == "changed" && before != nullptr && after != nullptr) {
        text += "    before " + json::canonical(*before) + "\n    after  " +
                json::canonical(*after) + "\n";
      }
    }
  }
  if (text.empty()) text = "nothing to do: the document is on record already\n";
  if (dry_run != nullptr) text += "(dry run: nothing was changed)\n";
  print(printable(text));
}

Result<std::string> plural(std::string noun) {
  if (!noun.ends_with('s')) noun += 's';
  for (std::string_view list :
       {"principals", "teams", "resources", "entitlements", "delegations", "trusted_issuers"}) {
    if (noun == list) return noun;
  }
  return fail(Reason::kBadRequest, "there is no list " + mandate::quoted(noun) +
                                       "; expected principals, teams, resources, entitlements, "
                                       "delegations or trusted_issuers");
}

void print_stops(const json::Value& answer, const RevokeOptions& options) {
  const json::Value* stops = answer.find("stops");
  std::vector<std::pair<std::string, std::string>> lines;  // owner, what
  if (stops != nullptr && stops->is_array()) {
    for (const json::Value& stop : stops->as_array()) {
      lines.emplace_back(text_at(stop, "owner"), text_at(stop, "kind") + " " + text_at(stop, "id"));
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text = options.dry_run ? "would stop:\n" : "stopped:\n";
  std::string owner;
  for (const auto& [who, what] : lines) {
    if (who != owner || text.ends_with(":\n"))
      text += "  " + (who.empty() ? "(no owner)" : who) + "\n";
    owner = who;
    text += "    " + what + "\n";
  }
  if (lines.empty()) text += "  " + options.kind + " " + options.id + "\n";
  const json::Value* more = answer.find("more");
  if (more != nullptr && more->is_integer() && more->as_integer() > 0) {
    text += "  and " + std::to_string(more->as_integer()) + " more\n";
  }
  if (options.dry_run) text += "(dry run: nothing was changed)\n";
  print(printable(text));
}

// Actor, subject, what is asked for: the form of `token`.
Result<ApiClient::Form> token_form(ApiClient& api, const TokenOptions& options) {
  ApiClient::Form form;
  const bool exchange = !options.subject_token_file.empty() || !options.delegation.empty();
  form.emplace_back("grant_type", exchange ? std::string(kExchangeGrant) : "client_credentials");
  if (!options.subject_token_file.empty()) {
    Result<std::string> subject = read_file(options.subject_token_file, limits::kJwtBytesMax);
    if (!subject) return fail(subject.error());
    while (!subject->empty() && (subject->back() == '\n' || subject->back() == '\r')) {
      subject->pop_back();
    }
    form.emplace_back("subject_token", *subject);
    form.emplace_back("subject_token_type", std::string(kAccessTokenType));
  } else if (exchange) {
    Result<json::Value> statement =
        api.call("GET", "/delegations/" + http::encode_segment(options.delegation) + "/statement",
                 std::nullopt);
    if (!statement) return fail(statement.error());
    form.emplace_back("subject_token", text_at(*statement, "statement"));
    form.emplace_back("subject_token_type", std::string(kJwtType));
  }
  if (exchange) {
    form.emplace_back("actor_token", api.actor_token());
    form.emplace_back("actor_token_type", std::string(kJwtType));
  }
  const std::pair<const char*, const std::string*> optional[] = {
      {"resource", &options.resource},
      {"scope", &options.scope},
      {"authorization_details", &options.authorization_details},
      {"delegation_id", &options.delegation_id}};
  for (const auto& [name, value] : optional) {
    if (!value->empty()) form.emplace_back(name, *value);
  }
  if (!options.hop_grant_file.empty()) {
    Result<std::string> hop = read_file(options.hop_grant_file, limits::kJwtBytesMax);
    if (!hop) return fail(hop.error());
    while (!hop->empty() && hop->back() == '\n') hop->pop_back();
    form.emplace_back("hop_grant", *hop);
  }
  return form;
}

// Unverified: for the proof's URL only; the server verifies the token.
std::string audience_of(const std::string& token) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == std::string::npos || first == last) return {};
  Result<std::string> claims = decode_base64url(token.substr(first + 1, last - first - 1));
  if (!claims) return {};
  const Result<json::Value> parsed = json::parse(*claims);
  return parsed ? text_at(*parsed, "aud") : std::string();
}

Result<json::Value> question_of(const CheckOptions& options, const std::string& nonce,
                                const Clock& clock, Random& random) {
  json::Value properties = json::Value::object({});
  if (!options.location.empty()) properties.set("location", options.location);
  json::Value context = json::Value::object({});
  if (!options.client_address.empty()) context.set("client_address", options.client_address);
  if (!options.access_token_file.empty()) {
    Result<std::string> token = read_file(options.access_token_file, limits::kJwtBytesMax);
    if (!token) return fail(token.error());
    while (!token->empty() && token->back() == '\n') token->pop_back();
    context.set("access_token", *token);
    if (!options.actor_identity.empty()) {
      Result<Identity> actor = read_identity(options.actor_identity);
      if (!actor) return fail(actor.error());
      const std::string url =
          options.request_url.empty() ? audience_of(*token) + "/" : options.request_url;
      const ApiClient holder("", "-", "", *std::move(actor), clock, random);
      context.set("dpop", json::Value::object(
                              {{"proof", holder.proof(options.request_method, url, nonce, *token)},
                               {"htm", options.request_method},
                               {"htu", url}}));
    }
  }
  return json::Value::object(
      {{"subject", json::Value::object({{"type", "user"}, {"id", options.subject}})},
       {"action", json::Value::object({{"name", options.action}})},
       {"resource",
        json::Value::object(
            {{"type", options.type}, {"id", options.id}, {"properties", std::move(properties)}})},
       {"context", std::move(context)}});
}

Result<std::vector<ledger::NoteVerifier>> read_keys(ApiClient& api, const std::string& file) {
  Result<std::string> text =
      file.empty() ? api.get_public("/log/keys") : read_file(file, limits::kJsonBytesMax);
  if (!text) return fail(text.error());
  return parse_keys(*text);
}

Result<json::Value> path_question(const PathOptions& options) {
  Result<std::string> what = read_given(options.what, limits::kJwtBytesMax);
  if (!what) return fail(what.error());
  what->erase(what->find_last_not_of("\r\n") + 1);
  std::string key = "jti";
  if (options.transaction) {
    key = "txn";
  } else if (const std::size_t dot = what->find('.'); dot != std::string::npos) {
    const std::string header = decode_base64url(what->substr(0, dot)).value_or("");
    key = header.find("receipt+jwt") != std::string::npos ? "receipt" : "token";
  }
  return json::Value::object({{key, *std::move(what)}});
}

void print_decision(bool permitted, const json::Value& context) {
  const std::string reason = text_at(context, "reason");
  std::string text = permitted ? "permit" : "deny";
  if (permitted && !reason.empty()) text += " in shadow, else deny";
  if (!reason.empty()) text += ": " + reason;
  if (const std::string detail = text_at(context, "reason_detail"); !detail.empty()) {
    text += ": " + detail;
  }
  std::string delegations;
  const json::Value* list = context.find("delegations");
  for (std::size_t i = 0; list != nullptr && list->is_array() && i < list->as_array().size(); ++i) {
    const json::Value& id = list->as_array()[i];
    if (id.is_string()) delegations += (delegations.empty() ? "" : " <- ") + id.as_string();
  }
  if (!delegations.empty()) text += "\ndelegations " + delegations;
  text +=
      "\nauthority " + text_at(context, "authority") + "\nreceipt " + text_at(context, "receipt");
  print(printable(text) + "\n");
}

}  // namespace

int apply(const Connection& connection, const ApplyOptions& options) {
  Result<json::Value> document = read_document(options.file);
  if (!document) return report(document.error(), connection.format);
  auto session = connect(connection);
  if (!session) return session.error();
  std::string query = options.dry_run ? "?dry_run=true" : "";
  if (options.prune) query += query.empty() ? "?prune=true" : "&prune=true";
  ApiClient& api = *(*session)->api;
  if (!options.dry_run && connection.format == Format::kText) {
    // The difference first, then the change.
    Result<json::Value> preview = api.call(
        "POST", "/apply?dry_run=true" + std::string(options.prune ? "&prune=true" : ""), *document);
    if (!preview) return refused(**session, preview.error(), connection.format);
  }
  Result<json::Value> answer = api.call("POST", "/apply" + query, *document);
  if (!answer) return refused(**session, answer.error(), connection.format);
  if (connection.format == Format::kJson) {
    print_json(*answer);
  } else {
    print_differences(*answer);
  }
  return kExitDone;
}

int get(const Connection& connection, const GetOptions& options) {
  Result<std::string> list = plural(options.noun);
  if (!list) return report(list.error(), connection.format);
  auto session = connect(connection);
  if (!session) return session.error();
  std::string target = "/" + *list;
  if (!options.id.empty()) target += "/" + http::encode_segment(options.id);
  Result<json::Value> answer = (*session)->api->call("GET", target, std::nullopt);
  if (!answer) return refused(**session, answer.error(), connection.format);
  const json::Value* shown = answer->find(options.id.empty() ? "items" : "definition");
  print_json(connection.format == Format::kJson || shown == nullptr ? *answer : *shown);
  return kExitDone;
}

int grant(const Connection& connection, const GrantOptions& options) {
  json::Array locations;
  for (const std::string& location : options.locations) locations.emplace_back(location);
  json::Array actions;
  for (const std::string& action : options.actions) actions.emplace_back(action);
  json::Value permission = json::Value::object({{"type", options.type},
                                                {"locations", std::move(locations)},
                                                {"actions", std::move(actions)}});
  if (!options.identifier.empty()) permission.set("identifier", options.identifier);
  json::Value delegation =
      json::Value::object({{"id", options.id},
                           {"delegate", options.delegate},
                           {"authority", json::Value::array({std::move(permission)})},
                           {"max_depth", options.max_depth}});
  const std::pair<const char*, const std::string*> optional[] = {
      {"delegator", &options.delegator},   {"parent", &options.parent},
      {"not_before", &options.not_before}, {"not_after", &options.not_after},
      {"purpose", &options.purpose},       {"max_token_lifetime", &options.max_token_lifetime}};
  for (const auto& [name, value] : optional) {
    if (!value->empty()) delegation.set(name, *value);
  }
  const json::Value document = json::Value::object(
      {{"apiVersion", "mandate/v1"}, {"delegations", json::Value::array({std::move(delegation)})}});
  auto session = connect(connection);
  if (!session) return session.error();
  Result<json::Value> answer =
      (*session)->api->call("POST", options.dry_run ? "/apply?dry_run=true" : "/apply", document);
  if (!answer) return refused(**session, answer.error(), connection.format);
  if (connection.format == Format::kJson) {
    print_json(*answer);
  } else {
    print_differences(*answer);
  }
  return kExitDone;
}

int revoke(const Connection& connection, const RevokeOptions& options) {
  auto session = connect(connection);
  if (!session) return session.error();
  json::Value body = json::Value::object({{"kind", options.kind}, {"id", options.id}});
  if (options.dry_run) body.set("dry_run", true);
  Result<json::Value> answer = (*session)->api->call("POST", "/revocations", body);
  if (!answer) return refused(**session, answer.error(), connection.format);
  if (connection.format == Format::kJson) {
    print_json(*answer);
  } else {
    print_stops(*answer, options);
  }
  return kExitDone;
}

int suspend(const Connection& connection, const std::string& principal, bool suspended) {
  auto session = connect(connection);
  if (!session) return session.error();
  Result<json::Value> answer = (*session)->api->call(
      "POST", "/suspensions",
      json::Value::object({{"principal", principal}, {"suspended", suspended}}));
  if (!answer) return refused(**session, answer.error(), connection.format);
  if (connection.format == Format::kJson) {
    print_json(*answer);
  } else {
    print(printable((suspended ? "suspended " : "resumed ") + principal + "\n"));
  }
  return kExitDone;
}

int token(const Connection& connection, const TokenOptions& options) {
  auto session = connect(connection);
  if (!session) return session.error();
  ApiClient& api = *(*session)->api;
  Result<ApiClient::Form> form = token_form(api, options);
  Result<json::Value> answer = form ? api.token(*form) : Result<json::Value>(fail(form.error()));
  if (!answer) return refused(**session, answer.error(), connection.format);
  const std::string access_token = text_at(*answer, "access_token");
  // It goes into a header and onto a terminal: RFC 6750 section 2.1's characters and no others.
  if (access_token.empty() ||
      access_token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~+/=") != std::string::npos) {
    return report(
        {Reason::kRecordUnavailable, Place::kRequest,
         "the server's answer holds no access_token; expected one (RFC 6749 section 5.1)"},
        connection.format);
  }
  if (!options.request_url.empty()) {
    const std::string method = options.request_method.empty() ? "GET" : options.request_method;
    const std::string proof = api.proof(method, options.request_url, api.nonce(), access_token);
    if (connection.format == Format::kJson) {
      answer->set("dpop", proof);
      print_json(*answer);
    } else {
      print("Authorization: DPoP " + access_token + "\nDPoP: " + proof + "\n");
    }
    return kExitDone;
  }
  if (connection.format == Format::kJson) {
    print_json(*answer);
  } else {
    print(access_token + "\n");
  }
  return kExitDone;
}

int check(const Connection& connection, const CheckOptions& options) {
  auto session = connect(connection);
  if (!session) return session.error();
  Session& own = **session;
  json::Value why;
  const auto ask = [&] {
    return question_of(options, own.api->nonce(), own.clock, own.random)
        .and_then([&](const json::Value& question) {
          return own.api->call("POST", "/access/v1/evaluation", question);
        })
        .map([&](json::Value answer) {
          const json::Value* context = answer.find("context");
          why = context != nullptr ? *context : json::Value();
          return answer;
        });
  };
  Result<json::Value> answer = ask();
  // Right after the server's start; the nonce came with our own token.
  if (answer && text_at(why, "reason") == name(Reason::kNonceRequired)) answer = ask();
  if (!answer) return refused(own, answer.error(), connection.format);
  const json::Value* decision = answer->find("decision");
  const bool permitted = decision != nullptr && decision->is_bool() && decision->as_bool();
  if (connection.format == Format::kJson) {
    print_json(*answer);
  } else {
    print_decision(permitted, why);
  }
  return permitted ? kExitDone : kExitRefused;
}

int path(const Connection& connection, const PathOptions& options) {
  auto session = connect(connection);
  if (!session) return session.error();
  ApiClient& api = *(*session)->api;
  const Result<json::Value> question = path_question(options);
  if (!question) return report(question.error(), connection.format);
  Result<json::Value> answer = api.call("POST", "/path", *question);
  // The entry that a receipt promises is durable within milliseconds, a checkpoint covers it within
  // a second.
  const auto is_early = [&] {
    if (answer) return service::awaits_checkpoint(*answer);
    return question->find("receipt") != nullptr && api.refused() && api.refused()->status == 404;
  };
  for (int attempt = 0; is_early() && attempt < 20; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    answer = api.call("POST", "/path", *question);
  }
  if (!answer) return refused(**session, answer.error(), connection.format);
  Result<std::vector<ledger::NoteVerifier>> keys = read_keys(api, options.keys_file);
  if (!keys) return report(keys.error(), connection.format);
  Result<json::Value> verified = service::verify_path(*question, *answer, *keys);
  if (!verified) return report(verified.error(), connection.format);
  switch (connection.format) {
    case Format::kNdjson:
    case Format::kJson: print_json(*verified); break;
    case Format::kGraphviz: print(report::path_graphviz(*verified)); break;
    case Format::kText: print(report::path_text(*verified)); break;
    case Format::kOcsf:
    case Format::kSarif:
    case Format::kHtml:
    case Format::kGraphml:
      return report({Reason::kBadRequest, Place::kRequest,
                     "a path has no such form; expected --output text, json or dot"},
                    connection.format);
  }
  const json::Value* good = verified->find("verified");
  return good != nullptr && good->is_bool() && good->as_bool() ? kExitDone : kExitRefused;
}

}  // namespace mandate::app
