// The server's TLS, kept as its files are: read at start, and again when one of them is replaced.
//
//   Result<std::unique_ptr<TlsFiles>> tls = TlsFiles::open(options, clock);
//   (*tls)->look(*log);   // once a second
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/mandate/settings.h"
#include "mandate/base/ports.h"
#include "mandate/http/tls/tls.h"

namespace mandate::app {

Result<http::TlsMaterial> read_tls_material(const ServeOptions& options);

class TlsFiles {
 public:
  static Result<std::unique_ptr<TlsFiles>> open(const ServeOptions& options, const Clock& clock);

  const http::TlsServer& server() const { return *server_; }
  // Other files, or the same ones again; what is refused leaves the old in force.
  Result<void> use(const ServeOptions& options);
  // Reads what was replaced once it has stood still for a look, so that a certificate and a key
  // that are written one after the other come together; logs what came of it, once.
  void look(Log& log);

 private:
  using Seen = std::vector<std::string>;
  TlsFiles(const ServeOptions& options, const Clock& clock,
           std::unique_ptr<http::TlsServer> server);
  Seen see() const;

  const Clock& clock_;
  ServeOptions options_;
  std::unique_ptr<http::TlsServer> server_;
  Seen in_force_;
  Seen seen_;
};

}  // namespace mandate::app
