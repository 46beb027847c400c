#include "fuzz/support/whole_service.h"

#include <algorithm>
#include <future>

#include "fuzz/support/finding.h"
#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"
#include "mandate/service/bootstrap.h"
#include "mandate/service/key_cache.h"
#include "mandate/token/dpop.h"
#include "mandate/token/jws.h"
#include "testing/jwt_forge.h"

namespace mandate::fuzz {
namespace {

constexpr std::string_view kOrigin = "mandate.acme.example/log/journal/0000000001";
constexpr std::string_view kNonceRunKey = "thirty-two bytes, new each start";
constexpr std::string_view kTicket = "/queue/eu/17";
constexpr std::chrono::seconds kAnswerWithin{20};
constexpr std::string_view kForm = "Content-Type: application/x-www-form-urlencoded\nDPoP: <proof:";
constexpr std::string_view kAsserted =
    "&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    "&client_assertion=<assertion:";

void require(bool holds, std::string_view what) {
  if (!holds) found(what);
}

// What the rest of the world applies: keys go in by name.
constexpr std::string_view kDocument = R"(
apiVersion: mandate/v1
teams: [{id: "team:support", members: ["human:kim@acme.example"]}]
principals:
  - {id: "human:maria@acme.example"}
  - {id: "human:kim@acme.example"}
  - id: "agent:triage"
    owner: "team:support"
    environment: prod
    authenticators: [{jwk: KEY-triage}]
  - id: "service:tickets"
    owner: "team:support"
    environment: prod
    authenticators: [{jwk: KEY-tickets}]
resources:
  - id: "https://tickets.acme.example"
    type: tickets
    actions: [read, comment, close]
    resource_server: "service:tickets"
    environment: prod
    origin: "https://tickets.acme.example"
    enforcement_points: [{address: "127.0.0.1", headers: original}]
    routes:
      - methods: [GET]
        path: "/queue/{queue}/{ticket}"
        action: read
        identifier: "queue/{queue}/{ticket}"
  - id: "https://open.acme.example"
    type: files
    actions: [read]
    resource_server: "service:tickets"
    accept_asserted: true
    origin: "https://open.acme.example"
    enforcement_points: [{address: "10.0.0.7", headers: forwarded}]
entitlements:
  - id: maria-tickets
    principal: "human:maria@acme.example"
    max_depth: 4
    authority:
      - type: tickets
        locations: ["https://tickets.acme.example"]
        actions: [read, comment, close]
      - {type: files, locations: ["https://open.acme.example"], actions: [read]}
  - id: tickets-own
    principal: "service:tickets"
    max_depth: 1
    authority: [{type: files, locations: ["https://open.acme.example"], actions: [read]}]
delegations:
  - id: triage-reads
    delegator: "human:maria@acme.example"
    delegate: "agent:triage"
    max_depth: 3
    authority:
      - type: tickets
        locations: ["https://tickets.acme.example"]
        actions: [read, comment]
        identifier: "queue/eu/*"
)";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  require(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

// What Beast lets through, as the server has set it up.
bool is_let_in(const http::Request& request) {
  constexpr std::string_view kMark = "!#$%&'*+-.^_`|~";
  const auto is_token = [&](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || kMark.find(c) != kMark.npos;
    });
  };
  const auto is_visible = [](std::string_view text, char least) {
    return std::none_of(text.begin(), text.end(), [&](char c) {
      return (static_cast<unsigned char>(c) < static_cast<unsigned char>(least) && c != '\t') ||
             c == 0x7f;
    });
  };
  std::size_t bytes = request.target.size();
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !is_visible(value, ' ')) return false;
    bytes += name.size() + value.size() + 4;
  }
  return is_token(request.method) && request.target.starts_with('/') &&
         request.target.find('\t') == std::string::npos && is_visible(request.target, '!') &&
         request.headers.size() < 100 && bytes < limits::kHttpHeadBytesMax &&
         request.body.size() <= http::body_bytes_max(request.target);
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string member(const http::Response& response, std::string_view name) {
  const Result<json::Value> body = json::parse(response.body);
  require(response.status == 200 && body && body->find(name) != nullptr, response.body);
  return body->find(name)->as_string();
}

}  // namespace

Result<record::Journal::Place> MemoryJournal::append(std::string entry, Done done) {
  const Result<json::Value> value = json::parse(entry);
  require(value && json::canonical(*value) == entry, "a journal entry is not canonical JSON");
  require(entry.size() <= limits::kLogEntryBytesMax, "a journal entry is larger than a log holds");
  {
    const std::lock_guard lock(mutex_);
    const Digest leaf = ledger::leaf_hash(entry);
    entries_.emplace(leaf, std::move(entry));
  }
  if (done) done({});
  return Place{std::string(kOrigin), "run"};
}

std::optional<std::string> MemoryJournal::origin_of(const Digest& leaf) {
  const std::lock_guard lock(mutex_);
  if (entries_.count(leaf) == 0) return std::nullopt;
  return std::string(kOrigin);
}

std::optional<service::JournalReader::Found> MemoryJournal::find(const Digest& leaf) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(leaf);
  if (found == entries_.end()) return std::nullopt;
  return Found{found->second, std::string(kOrigin), 0, ""};
}

std::vector<service::JournalReader::Found> MemoryJournal::of_transaction(std::string_view txn,
                                                                         std::size_t max) {
  const std::lock_guard lock(mutex_);
  std::vector<Found> found;
  for (const auto& [leaf, entry] : entries_) {
    if (found.size() == max) break;
    if (entry.find(txn) != std::string::npos) {
      found.push_back({entry, std::string(kOrigin), 0, ""});
    }
  }
  return found;
}

struct WholeService::Party {
  std::string id;
  crypto::PrivateKey key;
  std::string api_token = {};
};

WholeService::WholeService() : zones_(SystemTimeZones::load().value()) {
  const auto add = [this](std::string name, std::string id) {
    std::string seed = name;
    seed.resize(32, '.');
    parties_.emplace(name, Party{std::move(id), *crypto::PrivateKey::from_ed25519_seed(seed), {}});
  };
  add("triage", "agent:triage");
  add("tickets", "service:tickets");
  add("operator", std::string(service::kOperatorId));
  const auto jwk = [this](std::string_view name) { return party(name).key.public_key().to_jwk(); };
  const Document bootstrap = service::bootstrap_document(issuer_, jwk("operator")).value();
  world_ = std::make_unique<test::World>(json::canonical(bootstrap.to_json()),
                                         service::authenticator_id);
  std::string document(kDocument);
  for (std::string_view name : {"triage", "tickets"}) {
    document = replaced(document, "KEY-" + std::string(name), json::canonical(jwk(name)));
  }
  world_->apply(document);
  record_ = std::make_unique<test::MemoryRecord>(world_->entries());
  keys_ = std::make_unique<service::SigningKeys>(service::SigningKeys{
      .es256 = test::test_key("server"),
      .rs256 = test::test_key("rsa"),
      .receipt =
          ledger::NoteSigner::make("mandate.acme.example/receipt",
                                   *crypto::PrivateKey::from_ed25519_seed(std::string(32, 'r')))
              .value(),
      .nonce_run_key = std::string(kNonceRunKey)});
  sequencer_ = std::make_unique<service::Sequencer>(*record_, world_->state(), clock_);
  service_ = std::make_unique<service::Service>(
      service::Dependencies{.issuer = issuer_,
                            .run_started = clock_.now() - Seconds{10},
                            .state = world_->state(),
                            .sequencer = *sequencer_,
                            .journal = journal_,
                            .uses = uses_,
                            .journal_reader = journal_,
                            .clock = clock_,
                            .random = random_,
                            .zones = zones_,
                            .keys = *keys_,
                            .key_source = key_source_,
                            .log = log_,
                            .counters = counters_});
  routes_ = std::make_unique<http::Routes>(
      *service_, http::RoutesOptions{.issuer = issuer_,
                                     .read_log =
                                         [](std::string_view path) {
                                           return path == "record/checkpoint"
                                                      ? std::optional<std::string>("a checkpoint\n")
                                                      : std::nullopt;
                                         },
                                     .health = {}});
  sign_in();
  made_at_ = world_->view().revision();
}

// Everybody's tokens, as clients get them.
void WholeService::sign_in() {
  for (auto& [name, party] : parties_) {
    const std::string form = "POST /token\n" + std::string(kForm) + name + ">\n\n";
    party.api_token = member(ask(form + "grant_type=client_credentials&resource=" + issuer_ +
                                 std::string(kAsserted) + name + ">")
                                 ->response,
                             "access_token");
  }
  statement_ = member(ask("GET /delegations/triage-reads/statement\n"
                          "Authorization: DPoP <api:triage>\nDPoP: <proof:triage>\n\n")
                          ->response,
                      "statement");
  token_ = member(
      ask("POST /token\n" + std::string(kForm) +
          "triage>\n\ngrant_type=urn:ietf:params:oauth:grant-type:token-exchange"
          "&subject_token=<statement>&subject_token_type=urn:ietf:params:oauth:token-type:jwt"
          "&actor_token=<actor:triage>&actor_token_type=urn:ietf:params:oauth:token-type:jwt"
          "&resource=" +
          std::string(kTickets) + std::string(kAsserted) + "triage>")
          ->response,
      "access_token");
}

WholeService::~WholeService() { sequencer_->stop(); }

bool WholeService::is_fresh() const {
  constexpr std::size_t kEntriesMax = 2000;
  return world_->view().revision() == made_at_ && journal_.size() < kEntriesMax;
}

const WholeService::Party& WholeService::party(std::string_view name) const {
  return parties_.find(name)->second;
}

std::string WholeService::proof(const Party& by, std::string_view uri, std::string_view token) {
  const bool is_use = uri.starts_with(kTickets);
  return token::make_proof(
      by.key, {.method = is_use ? "GET" : method_,
               .uri = std::string(uri),
               .nonce = token::NonceIssuer(std::string(kNonceRunKey)).issue(clock_.now()),
               .access_token = std::string(token),
               .jti = "jti-" + std::to_string(++ids_),
               .now = clock_.now()});
}

// Empty for what is no gap.
std::string WholeService::gap(std::string_view name) {
  const Party& triage = party("triage");
  if (name == "token") return token_;
  if (name == "statement") return statement_;
  if (name == "use") return proof(triage, std::string(kTickets) + std::string(kTicket), token_);
  const std::string id = "jti-" + std::to_string(++ids_);
  if (name == "hop") {
    const Party& to = party("tickets");
    const std::int64_t now = to_numeric_date(clock_.now());
    json::Value header = json::Value::object(
        {{"alg", "EdDSA"}, {"typ", "hop-grant+jwt"}, {"jwk", triage.key.public_key().to_jwk()}});
    json::Value claims = json::Value::object(
        {{"iss", triage.id},
         {"aud", issuer_},
         {"ath", encode_base64url(view(crypto::sha256(token_)))},
         {"sub", to.id},
         {"cnf", json::Value::object({{"jkt", to.key.public_key().thumbprint_base64url()}})},
         {"authorization_details",
          json::Value::array({json::Value::object(
              {{"type", "tickets"}, {"actions", json::Value::array({"read"})}})})},
         {"jti", id},
         {"iat", now},
         {"exp", now + 60}});
    return token::sign_jws(triage.key, crypto::Algorithm::kEdDsa, std::move(header), claims);
  }
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return "";
  const auto who = parties_.find(name.substr(colon + 1));
  if (who == parties_.end()) return "";
  const std::string_view what = name.substr(0, colon);
  const Party& by = who->second;
  if (what == "api") return by.api_token;
  if (what == "proof") return proof(by, issuer_ + path_, is_authorized_ ? by.api_token : "");
  if (what == "assertion") {
    return test::client_assertion(by.id, issuer_, clock_.now(), id, by.key).signed_by(by.key);
  }
  if (what == "actor") {
    return test::actor_token(by.id, issuer_, clock_.now(), id, by.key).signed_by(by.key);
  }
  return "";
}

std::string WholeService::fill(std::string_view text) {
  std::string filled;
  while (true) {
    const std::size_t open = text.find('<');
    filled += text.substr(0, open);
    if (open == std::string_view::npos) return filled;
    const std::size_t close = text.find('>', open);
    const std::string made =
        close == std::string_view::npos ? "" : gap(text.substr(open + 1, close - open - 1));
    filled += made.empty() ? "<" : made;
    text.remove_prefix(made.empty() ? open + 1 : close + 1);
  }
}

std::optional<Asked> WholeService::ask(std::string_view text) {
  is_authorized_ = text.find("\nAuthorization:") != std::string_view::npos;
  const std::string_view first = take_line(text);
  const std::size_t space = first.find(' ');
  Asked asked;
  asked.request.peer.address = *IpAddress::parse("127.0.0.1");
  asked.request.method = method_ = std::string(first.substr(0, space));
  asked.request.target = space == first.npos ? "" : fill(first.substr(space + 1));
  path_ = asked.request.target.substr(0, asked.request.target.find('?'));
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
    const std::size_t colon = line.find(": ");
    if (colon == line.npos) return std::nullopt;
    std::string name(line.substr(0, colon));
    std::string value = fill(line.substr(colon + 2));
    if (line.starts_with(":peer: ")) {
      const Result<IpAddress> peer = IpAddress::parse(line.substr(7));
      if (!peer) return std::nullopt;
      asked.request.peer.address = *peer;
      continue;
    }
    asked.request.headers.emplace_back(std::move(name), std::move(value));
  }
  asked.request.body = fill(text);
  if (!is_let_in(asked.request)) return std::nullopt;
  asked.response = send(asked.request);
  return asked;
}

http::Response WholeService::send(const http::Request& request) {
  std::promise<http::Response> promise;
  std::atomic<int> answers{0};
  routes_->handle(request, [&](http::Response response) {
    require(++answers == 1, "answered twice");
    promise.set_value(std::move(response));
  });
  std::future<http::Response> answer = promise.get_future();
  require(answer.wait_for(kAnswerWithin) == std::future_status::ready, "no answer");
  return answer.get();
}

}  // namespace mandate::fuzz
