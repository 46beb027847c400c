// What a `Site` holds; for its own sources only: the keys, the record and journal as they are
// written before the server starts, and the tokens and proofs that its requests are made of.
//
//   std::string token = impl.subject_token(k);   impl.proof(impl.helpers[k], "GET", uri, token)
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "bench/frame/figure.h"
#include "bench/frame/load.h"
#include "bench/frame/site.h"
#include "mandate/base/bytes.h"
#include "mandate/base/system_clock.h"
#include "mandate/crypto/hash.h"
#include "mandate/crypto/system_random.h"
#include "mandate/ledger/tree.h"
#include "mandate/record/command.h"
#include "mandate/record/state.h"
#include "mandate/service/bootstrap.h"
#include "mandate/service/key_cache.h"
#include "mandate/store/data_directory.h"
#include "mandate/store/journal.h"
#include "mandate/store/key_files.h"
#include "mandate/store/sqlite_record.h"
#include "mandate/token/access_token.h"
#include "mandate/token/dpop.h"
#include "testing/temporary_folder.h"

namespace mandate::bench {

inline constexpr std::string_view kArchive = "https://archive.acme.example";
inline constexpr std::string_view kHubPerson = "human:hub";
inline constexpr std::string_view kHubAgent = "agent:hub";
inline constexpr std::uint32_t kIssued = 8'000;    // entries of issued tokens in the journal
inline constexpr std::uint32_t kSeenTokens = 100;  // of each kind that comes again

inline std::string tickets(std::uint32_t k) {
  return "https://tickets-" + std::to_string(k) + ".acme.example";
}
inline std::string numbered(std::string_view name, std::uint32_t k) {
  return std::string(name) + "-" + std::to_string(k);
}

inline json::Value object(std::initializer_list<json::Member> members) {
  return json::Value::object(members);
}

inline json::Array authority(std::uint32_t k, bool archive_alone) {
  json::Array locations = {std::string(kArchive)};
  if (!archive_alone) locations.emplace_back(tickets(k));
  return {object({{"type", "tickets"},
                  {"locations", std::move(locations)},
                  {"actions", json::Array{"read"}},
                  {"identifier", "queue/**"}})};
}

inline json::Value resource(std::string id, std::string server) {
  return object({{"id", std::move(id)},
                 {"type", "tickets"},
                 {"actions", json::Array{"read"}},
                 {"resource_server", std::move(server)},
                 {"accept_asserted", true},
                 {"environment", "prod"},
                 {"enforcement_points",
                  json::Array{object({{"address", "127.0.0.1"}, {"headers", "original"}})}},
                 {"routes", json::Array{object({{"methods", json::Array{"GET"}},
                                                {"path", "/queue/{queue}/{ticket}"},
                                                {"action", "read"},
                                                {"identifier", "queue/{queue}/{ticket}"}})}}});
}

inline std::string percent_encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned>(c));
    out += plain ? std::string(1, c) : hex;
  }
  return out;
}

struct Site::Impl {
  std::uint32_t clients;
  std::uint32_t descendants;
  SystemClock clock;
  crypto::SystemRandom random;
  test::TemporaryFolder folder;
  std::unique_ptr<store::FileSystem> files = store::posix_file_system();
  record::State state;
  std::vector<crypto::PrivateKey> services;
  std::vector<crypto::PrivateKey> helpers;
  crypto::PrivateKey operators = *must(crypto::PrivateKey::generate(crypto::KeyType::kP256));
  std::vector<std::string> seen_tokens;
  std::vector<std::string> api_tokens;
  std::unique_ptr<store::KeyFiles> keys;
  std::uint16_t port = free_port();
  std::string issuer = "http://127.0.0.1:" + std::to_string(port);
  const void* counts = nullptr;
  std::unique_ptr<Process> server;
  std::string nonce;
  std::uint64_t jti = 0;
  std::vector<std::string> issued;  // leaf hashes of entries: what a token of ours has as its jti
  std::size_t next_issued = 0;

  Impl(std::uint32_t of, std::uint32_t below_hub) : clients(of), descendants(below_hub) {
    make_keys();
    put_on_record();
    put_in_journal();
    start();
    for (std::uint32_t k = 0; k < std::min(clients, kSeenTokens); ++k) {
      seen_tokens.push_back(subject_token(k));
      api_tokens.push_back(api_token(k));
    }
  }
  ~Impl() { ::munmap(const_cast<void*>(counts), sizeof(SignatureCounts)); }

  std::string data() const { return folder.path() + "/data"; }
  std::string next_jti() { return "jti-" + std::to_string(++jti); }

  void make_keys() {
    for (std::uint32_t k = 0; k < clients; ++k) {
      services.push_back(*must(crypto::PrivateKey::generate(crypto::KeyType::kP256)));
      helpers.push_back(*must(crypto::PrivateKey::generate(crypto::KeyType::kP256)));
    }
  }

  json::Value principal(const std::string& id, std::uint32_t owner,
                        const crypto::PrivateKey* key) const {
    json::Value value = object({{"id", id}, {"owner", numbered("human:person", owner)}});
    if (key != nullptr) {
      value.set("authenticators", json::Array{object({{"jwk", key->public_key().to_jwk()}})});
    }
    return value;
  }

  json::Value below_hub(std::uint32_t i) const {
    return object({{"id", numbered("below", i)},
                   {"parent", "hub"},
                   {"delegate", numbered("agent:helper", i % clients)},
                   {"authority", authority(0, false)}});
  }
  // The rest of them, alike but for their names: for the server alone, nothing here looks at them.
  void put_below_hub(record::Record& record, record::Revision head) const {
    constexpr std::size_t kGroup = 4096;
    const Document one = *must(Document::parse(
        object({{"apiVersion", "mandate/v1"}, {"delegations", json::Array{below_hub(0)}}})));
    std::vector<std::string> entries;
    for (std::uint32_t i = 1; i < descendants; ++i) {
      DelegationDefinition definition = one.delegations.front();
      definition.id = *must(DelegationId::parse(numbered("below", i)));
      definition.delegate = *must(PrincipalId::parse(numbered("agent:helper", i % clients)));
      entries.push_back(
          record::serialise({clock.now(), "bench", record::Put{std::move(definition), {}}}));
      if (entries.size() < kGroup && i + 1 < descendants) continue;
      head = *must(record.append(head, entries));
      entries.clear();
    }
  }

  Document document() const {
    json::Array principals, resources, entitlements, delegations;
    resources.push_back(resource(std::string(kArchive), "service:tickets-0"));
    for (std::uint32_t k = 0; k < clients; ++k) {
      const std::string agent = numbered("agent:triage", k);
      const std::string helper = numbered("agent:helper", k);
      const std::string service = numbered("service:tickets", k);
      principals.push_back(object({{"id", numbered("human:person", k)}}));
      principals.push_back(principal(agent, k, nullptr));
      principals.push_back(principal(helper, k, &helpers[k]));
      principals.push_back(principal(service, k, &services[k]));
      resources.push_back(resource(tickets(k), service));
      entitlements.push_back(object({{"id", numbered("support", k)},
                                     {"principal", numbered("human:person", k)},
                                     {"authority", authority(k, false)},
                                     {"max_depth", 4}}));
      entitlements.push_back(object(
          {{"id", numbered("own", k)}, {"principal", service}, {"authority", authority(k, true)}}));
      delegations.push_back(object({{"id", numbered("triage", k)},
                                    {"delegator", numbered("human:person", k)},
                                    {"delegate", agent},
                                    {"authority", authority(k, false)},
                                    {"max_depth", 3}}));
      delegations.push_back(object({{"id", numbered("helps", k)},
                                    {"parent", numbered("triage", k)},
                                    {"delegate", helper},
                                    {"authority", authority(k, false)},
                                    {"max_depth", 2}}));
      delegations.push_back(object({{"id", numbered("onward", k)},
                                    {"parent", numbered("helps", k)},
                                    {"delegate", service},
                                    {"authority", authority(k, true)},
                                    {"max_depth", 1}}));
    }
    if (descendants > 0) {
      principals.push_back(object({{"id", std::string(kHubPerson)}}));
      principals.push_back(
          object({{"id", std::string(kHubAgent)}, {"owner", std::string(kHubPerson)}}));
      entitlements.push_back(object({{"id", "hub"},
                                     {"principal", std::string(kHubPerson)},
                                     {"authority", authority(0, false)},
                                     {"max_depth", 2}}));
      delegations.push_back(object({{"id", "hub"},
                                    {"delegator", std::string(kHubPerson)},
                                    {"delegate", std::string(kHubAgent)},
                                    {"authority", authority(0, false)},
                                    {"max_depth", 1}}));
      delegations.push_back(below_hub(0));
    }
    return *must(Document::parse(object({{"apiVersion", "mandate/v1"},
                                         {"principals", std::move(principals)},
                                         {"resources", std::move(resources)},
                                         {"entitlements", std::move(entitlements)},
                                         {"delegations", std::move(delegations)}})));
  }

  void put_on_record() {
    const auto data_directory = must(store::DataDirectory::open(*files, data(), "bench"));
    keys = std::make_unique<store::KeyFiles>(
        *must(store::load_or_make_keys(*files, data_directory->keys_folder(), random)));
    const record::ApplyOptions options{
        .prune = false, .name_authenticator = service::authenticator_id, .keep = {}};
    // As the first start does, and then everybody else.
    const Document first =
        *must(service::bootstrap_document(issuer, operators.public_key().to_jwk()));
    std::vector<std::string> entries;
    for (const Document& part : {first, document()}) {
      record::Plan plan = *must(record::plan_apply(state.view(), part, options, clock.now()));
      for (record::Change& change : plan.changes) {
        const record::Event event{clock.now(), "bench", std::move(change)};
        must(state.apply(event));
        entries.push_back(record::serialise(event));
      }
      state.publish();
    }
    auto record = store::SqliteRecord::open({.path = data_directory->record_path(), .vfs = {}});
    if (!record) give_up(record.error().detail);
    put_below_hub(**record, *must((*record)->append(0, entries)));
    must(store::mark_place(*files, *data_directory));
  }

  // A token's jti is its entry's leaf hash, and what follows from the token names that entry.
  void put_in_journal() {
    auto journal = store::SegmentJournal::open({.files = *files,
                                                .clock = clock,
                                                .folder = data() + "/journal",
                                                .host = issuer.substr(issuer.find("://") + 3),
                                                .run = "bench",
                                                .replay = {},
                                                .published = {}});
    if (!journal) give_up(journal.error().detail);
    for (std::uint32_t i = 0; i < kIssued; ++i) {
      std::string entry = R"({"n":)" + std::to_string(i) + R"(,"type":"issued"})";
      issued.push_back(encode_base64url(view(ledger::leaf_hash(entry))));
      must((*journal)->append(std::move(entry), {}));
    }
    (*journal)->stop();
  }

  void start() {
    const std::string count_file = folder.path() + "/counts";
    const int file = ::open(count_file.c_str(), O_RDWR | O_CREAT, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(SignatureCounts)) != 0) give_up("no file of counts");
    counts = ::mmap(nullptr, sizeof(SignatureCounts), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    server = std::make_unique<Process>(
        std::vector<std::string>{built("mandate"), "serve", "--data", data(), "--listen",
                                 "127.0.0.1:" + std::to_string(port), "--threads", "1",
                                 "--limits-requests-per-client", "0",
                                 "--limits-requests-per-address", "0"},
        std::vector<std::pair<std::string, std::string>>{
            {"LD_PRELOAD", built("bench/count_signatures.so")},
            {"MANDATE_SIGNATURE_COUNTS", count_file}},
        folder.path() + "/server.log");
    server->wait_for_line("ready ");
    // Past the second of its start: a proof of that second counts as one from before.
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  }

  std::string sign(const TokenClaims& claims) const {
    return token::sign_access_token(claims, issuer, keys->es256, crypto::Algorithm::kEs256);
  }
  std::string short_of(record::NodeKind kind, std::uint32_t index) const {
    return record::short_id({kind, index, {}});
  }
  std::string short_of_principal(const std::string& id) const {
    return short_of(record::NodeKind::kPrincipal, state.view().find_principal(id)->index);
  }

  TokenClaims claims(const std::string& subject, const std::string& client,
                     const crypto::PrivateKey& key, const std::string& audience) {
    const Instant now = std::chrono::floor<Seconds>(clock.now());
    return TokenClaims{.subject = *must(PrincipalId::parse(subject)),
                       .client_id = *must(PrincipalId::parse(client)),
                       .actors = {},
                       .audience = *must(ResourceId::parse(audience)),
                       .authority = {},
                       .jkt = key.public_key().thumbprint_base64url(),
                       .transaction = encode_base64url(random.bytes(16)),
                       .jti = issued[next_issued++ % issued.size()],
                       .issued_at = now,
                       .expires_at = now + Seconds(3000),
                       .lineage = {},
                       .rests_on = {short_of_principal(client)},
                       .revision = state.view().revision()};
  }

  // helper-k's token at tickets-k.
  std::string subject_token(std::uint32_t k) {
    const std::string person = numbered("human:person", k);
    const std::string helper = numbered("agent:helper", k);
    TokenClaims out = claims(person, helper, helpers[k], tickets(k));
    out.actors = {*must(PrincipalId::parse(helper)),
                  *must(PrincipalId::parse(numbered("agent:triage", k)))};
    out.authority = *must(Authority::parse(json::Value(authority(k, false))));
    out.lineage = {*must(DelegationId::parse(numbered("helps", k))),
                   *must(DelegationId::parse(numbered("triage", k)))};
    const auto root = state.view().find_entitlement(numbered("support", k));
    out.rests_on.push_back(short_of(record::NodeKind::kEntitlement, root->index));
    out.rests_on.push_back(short_of_principal(person));
    out.rests_on.push_back(short_of_principal(numbered("agent:triage", k)));
    return sign(out);
  }
  // helper-0's token at tickets-0 by a delegation below the hub.
  std::string hub_token() {
    const std::string helper = numbered("agent:helper", 0);
    TokenClaims out = claims(std::string(kHubPerson), helper, helpers[0], tickets(0));
    out.actors = {*must(PrincipalId::parse(helper)), *must(PrincipalId::parse(kHubAgent))};
    out.authority = *must(Authority::parse(json::Value(authority(0, false))));
    out.lineage = {*must(DelegationId::parse("below-0")), *must(DelegationId::parse("hub"))};
    out.rests_on.push_back(
        short_of(record::NodeKind::kEntitlement, state.view().find_entitlement("hub")->index));
    out.rests_on.push_back(short_of_principal(std::string(kHubPerson)));
    out.rests_on.push_back(short_of_principal(std::string(kHubAgent)));
    return sign(out);
  }
  // The first operator's, as its entitlement has it.
  std::string operator_token() {
    const std::string who(service::kOperatorId);
    TokenClaims out = claims(who, who, operators, issuer);
    const auto root = state.view().find_entitlement(std::string(service::kOperatorEntitlement));
    out.authority = state.view().entitlement(*root)->authority->whole();
    out.rests_on.push_back(short_of(record::NodeKind::kEntitlement, root->index));
    return sign(out);
  }
  // tickets-k's own token for the API.
  std::string api_token(std::uint32_t k) {
    const std::string service = numbered("service:tickets", k);
    return sign(claims(service, service, services[k], issuer));
  }

  std::string own_jwt(std::uint32_t k, std::string_view type) { return own_jwt(k, type, issuer); }
  std::string own_jwt(std::uint32_t k, std::string_view type, const std::string& audience) {
    const std::string id = numbered("service:tickets", k);
    const std::int64_t now = to_numeric_date(clock.now());
    return token::sign_jws(services[k], crypto::Algorithm::kEs256, type,
                           services[k].public_key().thumbprint_base64url(),
                           object({{"iss", id},
                                   {"sub", id},
                                   {"aud", audience},
                                   {"jti", next_jti()},
                                   {"iat", now},
                                   {"exp", now + 120}}));
  }

  std::string proof(const crypto::PrivateKey& key, std::string method, std::string uri,
                    std::string token = {}) {
    return token::make_proof(key, {.method = std::move(method),
                                   .uri = std::move(uri),
                                   .nonce = nonce,
                                   .access_token = std::move(token),
                                   .jti = next_jti(),
                                   .now = clock.now()});
  }

  std::string token_request(std::uint32_t k, const std::string& parameters) {
    return token_request(k, parameters, issuer);
  }
  std::string token_request(std::uint32_t k, const std::string& parameters, const std::string& at) {
    const std::string body =
        parameters +
        "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        "&client_assertion=" +
        own_jwt(k, "client-authentication+jwt", at) +
        "&client_id=" + percent_encoded(numbered("service:tickets", k)) +
        "&resource=" + percent_encoded(kArchive);
    return "POST /token HTTP/1.1\r\nHost: " + at.substr(at.find("://") + 3) +
           "\r\nContent-Type: application/x-www-form-urlencoded"
           "\r\nDPoP: " +
           proof(services[k], "POST", at + "/token") +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  // Nonces live for minutes; each batch begins with a new one.
  void renew_nonce() {
    nonce.clear();
    const std::string answer = send_one(port, token_request(0, "grant_type=client_credentials"));
    const std::size_t at = answer.find("DPoP-Nonce: ");
    if (at == std::string::npos) give_up("no nonce in " + answer);
    nonce = answer.substr(at + 12, answer.find('\r', at) - at - 12);
  }
};

}  // namespace mandate::bench
