#include "apps/mandate/tls_files.h"

#include <sys/stat.h>

#include <utility>

#include "apps/mandate/identity.h"

namespace mandate::app {
namespace {

// What changes where a file is replaced or written to.
std::string identity_of(const std::string& path) {
  struct stat found {};
  if (path.empty() || ::stat(path.c_str(), &found) != 0) return {};
  return std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino) + ":" +
         std::to_string(found.st_size) + ":" + std::to_string(found.st_mtim.tv_sec) + "." +
         std::to_string(found.st_mtim.tv_nsec);
}

}  // namespace

Result<http::TlsMaterial> read_tls_material(const ServeOptions& options) {
  http::TlsMaterial material;
  const std::pair<const std::string&, std::string&> files[] = {
      {options.tls_certificate, material.certificate},
      {options.tls_key, material.key},
      {options.tls_client_ca, material.client_ca}};
  for (const auto& [path, text] : files) {
    if (path.empty()) continue;
    Result<std::string> read = read_file(path, limits::kPemBytesMax);
    if (!read) return fail(read.error());
    text = *std::move(read);
  }
  struct stat found {};
  if (::stat(options.tls_key.c_str(), &found) == 0 && (found.st_mode & S_IRWXO) != 0) {
    return fail(Reason::kBadRequest, options.tls_key +
                                         " may be used by everybody; expected a mode without "
                                         "rights for others, like 0640");
  }
  return material;
}

TlsFiles::TlsFiles(const ServeOptions& options, const Clock& clock,
                   std::unique_ptr<http::TlsServer> server)
    : clock_(clock),
      options_(options),
      server_(std::move(server)),
      in_force_(see()),
      seen_(in_force_) {}

Result<std::unique_ptr<TlsFiles>> TlsFiles::open(const ServeOptions& options, const Clock& clock) {
  Result<http::TlsMaterial> material = read_tls_material(options);
  if (!material) return fail(material.error());
  Result<std::unique_ptr<http::TlsServer>> server = http::TlsServer::load(*material, clock.now());
  if (!server) return fail(server.error());
  return std::unique_ptr<TlsFiles>(new TlsFiles(options, clock, *std::move(server)));
}

Result<void> TlsFiles::use(const ServeOptions& options) {
  Result<http::TlsMaterial> material = read_tls_material(options);
  if (!material) return fail(material.error());
  if (Result<void> loaded = server_->reload(*material, clock_.now()); !loaded) return loaded;
  options_ = options;
  in_force_ = seen_ = see();
  return {};
}

TlsFiles::Seen TlsFiles::see() const {
  return {identity_of(options_.tls_certificate), identity_of(options_.tls_key),
          identity_of(options_.tls_client_ca)};
}

void TlsFiles::look(Log& log) {
  const Seen now = see();
  const bool stands_still = now == std::exchange(seen_, now);
  if (!stands_still || now == in_force_) return;
  in_force_ = now;  // where it is refused too: it is said once
  Result<void> used = use(options_);
  if (used) {
    log.write(LogLevel::kInfo, "certificate reloaded",
              {{"not_after", format_rfc3339(server_->not_after())}});
  } else {
    log.write(LogLevel::kError, "certificate not reloaded, the old stays in force",
              {{"why", used.error().detail}});
  }
}

}  // namespace mandate::app
