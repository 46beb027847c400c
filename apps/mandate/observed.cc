// What operators see of a running server: its access log, its counters, and the listener of their
// own, which tells nobody's names.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "apps/mandate/running.h"
#include "mandate/http/server/route_table.h"
#include "mandate/http/server/wire.h"

namespace mandate::app {
namespace {

constexpr std::size_t kRequestIdBytesMax = 36;  // a UUID's; no key and no token is as short

// The caller's own where it can stand in a log; else empty.
std::string own_request_id(const http::Request& request) {
  std::string id = http::header_value(request.headers, "X-Request-ID").value_or("");
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  };
  const bool good = id.size() <= kRequestIdBytesMax && std::all_of(id.begin(), id.end(), is_plain);
  return good ? id : std::string();
}

// A method is whatever the peer wrote.
std::string_view known_method(std::string_view method) {
  for (std::string_view known : {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    if (method == known) return known;
  }
  return "other";
}

std::string peer_text(const Peer& peer) {
  if (peer.address) return peer.address->text();
  return peer.user_id ? "user " + std::to_string(*peer.user_id) : "";
}

double seconds_of(const std::string& file) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(file, error);
  if (error) return 0;
  const auto system = std::chrono::file_clock::to_sys(written);
  return std::chrono::duration<double>(system.time_since_epoch()).count();
}

// The size that a checkpoint names, on its second line; 0 where there is none yet.
double size_of(const Result<std::string>& checkpoint) {
  if (!checkpoint) return 0;
  const std::size_t line = checkpoint->find('\n');
  return line == std::string::npos ? 0 : std::strtod(checkpoint->c_str() + line + 1, nullptr);
}

}  // namespace

void Running::answer(const http::Request& request, http::Respond respond) {
  std::string id = own_request_id(request);
  if (id.empty()) id = run_ + "-" + std::to_string(++requests_);
  const auto began = std::chrono::steady_clock::now();
  http::Respond seen = [this, &request, respond = std::move(respond), id = std::move(id),
                        began](http::Response response) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    saw(request, response, id, took.count());
    if (http::header_values(response.headers, "X-Request-ID").empty()) {
      response.headers.emplace_back("X-Request-ID", id);
    }
    respond(std::move(response));
  };
  http::Routes* const routes = ready_.load(std::memory_order_acquire);
  if (routes == nullptr) return seen({503, {{"Retry-After", "1"}}, "starting\n"});
  // Which instant it is decides everything: without one, nothing is decided.
  if (clock_went_back() && request.target != "/healthz") {
    return seen({503, {{"Retry-After", "60"}}, "the clock went back\n"});
  }
  routes->handle(request, std::move(seen));
}

void Running::saw(const http::Request& request, const http::Response& response, std::string_view id,
                  double seconds) {
  const std::size_t route = http::route_of(request.target);
  metrics_.answered(route, response.status, response.reason, seconds);
  const bool refused = response.reason || response.status >= 400;
  if (!log_all_ && !(refused && log_refused_)) return;
  // The path itself may hold anything, its query too: the route's template stands for it.
  log_->write(LogLevel::kInfo, "request",
              {{"id", std::string(id)},
               {"peer", peer_text(request.peer)},
               {"method", std::string(known_method(request.method))},
               {"route", std::string(http::route_name(route))},
               {"status", std::to_string(response.status)},
               {"reason", response.reason ? std::string(name(*response.reason)) : ""},
               {"bytes_in", std::to_string(request.body.size())},
               {"bytes_out", std::to_string(response.body.size())},
               {"duration_us", std::to_string(static_cast<std::int64_t>(seconds * 1e6))}});
}

std::vector<Gauge> Running::gauges() const {
  const bool ready = ready_.load(std::memory_order_acquire) != nullptr;
  std::vector<Gauge> found = {
      {"mandate_ready", "1 where /readyz says so.", ready && health().empty() ? 1.0 : 0.0},
      {"mandate_log_lines_lost", "Lines that stderr was too slow for, since the start.",
       static_cast<double>(log_->lines_lost())}};
  if (!ready) return found;
  found.push_back({"mandate_http_connections_open", "Connections that are open now.",
                   static_cast<double>(server_->connections())});
  const double revision = static_cast<double>(state_.view().revision());
  found.push_back({"mandate_record_revision", "Where the record stands.", revision});
  found.push_back({"mandate_principals_discovered",
                   "Principals that a scan met, neither adopted nor dismissed yet.",
                   static_cast<double>(state_.discovered())});
  const std::uint32_t log = journal_->log_count();
  const std::string origin = journal_->origin(log);
  const std::string journal = logs_->name_of(origin).value_or("");
  const Result<ledger::Frontier> durable = journal_->frontier(log);
  const double entries = durable ? static_cast<double>(durable->size()) : 0;
  const std::string help = "Durable entries that no checkpoint covers yet; journal: its open log.";
  found.push_back({"mandate_log_unpublished_entries", help,
                   std::max(0.0, revision - size_of(logs_->read_checkpoint("record"))), "record"});
  found.push_back({"mandate_log_unpublished_entries", help,
                   std::max(0.0, entries - size_of(logs_->read_checkpoint(journal))), "journal"});
  for (const auto& [label, folder] : {std::pair<std::string, std::string>{"record", "record"},
                                      std::pair<std::string, std::string>{"journal", journal}}) {
    found.push_back({"mandate_checkpoint_timestamp_seconds",
                     "When the last checkpoint was written; none is where nothing happens.",
                     seconds_of(data_->log_folder() + "/" + folder + "/checkpoint"), label});
  }
  if (tls_) {
    found.push_back({"mandate_tls_certificate_expiry_timestamp_seconds",
                     "When the server's certificate ends.",
                     static_cast<double>(to_numeric_date(tls_->server().not_after()))});
  }
  return found;
}

http::Response Running::answer_operator(const http::Request& request) const {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (request.method != "GET") return {405, {{"Allow", "GET"}}, ""};
  if (path == "/metrics") {
    return {200, {{"Content-Type", "text/plain; version=0.0.4"}}, metrics_.text(gauges())};
  }
  const bool ready = ready_.load(std::memory_order_acquire) != nullptr;
  std::string wrong;
  if (path == "/readyz") wrong = ready ? health() : "starting";
  if (path != "/readyz" && path != "/healthz") return {404, {}, ""};
  return http::json_response(wrong.empty() ? 200 : 503,
                             json::Value::object({{"status", wrong.empty() ? "ok" : wrong}}));
}

Result<void> Running::listen_for_operators() {
  if (options_.operator_listen.empty()) return {};
  Result<http::ListenAddress> address = http::ListenAddress::parse(options_.operator_listen);
  if (!address) return fail(address.error());
  http::ServerOptions server;
  server.listen = {*address};
  server.connections_max = 64;
  server.body_bytes_max = 1024;
  Result<std::unique_ptr<http::Server>> started = http::Server::start(
      server, [this](const http::Request& request, std::function<void(http::Response)> respond) {
        respond(answer_operator(request));
      });
  if (!started) return fail(started.error());
  operator_server_ = *std::move(started);
  if (address->port == 0) address->port = operator_server_->port();
  log_->write(LogLevel::kInfo, "operators may ask", {{"at", address->text()}});
  return {};
}

}  // namespace mandate::app
