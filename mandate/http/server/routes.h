// From HTTP requests to use cases and back: which path is what, how a body is read, how a reply
// looks.
//
//   Routes routes(service, {.issuer = "https://mandate.acme.example", .read_log = ...});
//   routes.handle(request, [](Response response) { ... });
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/http/message.h"
#include "mandate/service/service.h"

namespace mandate::http {

using Respond = std::function<void(Response)>;

struct RoutesOptions {
  std::string issuer;
  // A file of the logs, by its path below `/log/`: checkpoints, tiles. Nothing: there is none.
  std::function<std::optional<std::string>(std::string_view path)> read_log;
  // Nothing wrong: empty; else what is.
  std::function<std::string()> health;
};

// How large a body may be there: documents and questions 1 MiB, forms less, the rest very little.
std::size_t body_bytes_max(std::string_view target);

// Decisions, what ends something, health and what is public come first; issuance and the rest of
// management wait for their turn.
bool may_wait(std::string_view target);
// What an enforcement point asks: it speaks for many, so no rate of an address bounds it.
bool is_decision(std::string_view target);

class Routes {
 public:
  Routes(service::Service& service, RoutesOptions options);
  // Calls `respond` once, maybe on another thread. The request must live until then.
  void handle(const Request& request, Respond respond);

 private:
  struct Path;
  void oauth(const Request& request, const Path& path, Respond respond);
  void authzen(const Request& request, const Path& path, Respond respond);
  void forward_auth(const Request& request, const Path& path, Respond respond);
  void management(const Request& request, const Path& path, Respond respond);
  void management_read(const Request& request, const Path& path, const Respond& respond);
  void log_file(const Request& request, const Path& path, const Respond& respond);
  bool well_known(const Request& request, const Path& path, const Respond& respond);
  service::Done api_done(Respond respond) const;
  Response refuse(Error error) const;

  service::Service& service_;
  RoutesOptions options_;
};

}  // namespace mandate::http
