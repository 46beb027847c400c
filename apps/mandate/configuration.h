// What `mandate serve` runs with: its file, the environment and the command line over the defaults,
// in that order, the last one wins. Everything that is wrong is told at once, each with its place.
//
//   Configured configured = configure(given);
//   configured.errors   // {"/etc/mandate.yaml:7: unknown key \"lisen\"; did you mean \"listen\"?"}
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/mandate/settings.h"

namespace mandate::app {

struct Given {
  std::string file;  // --config or MANDATE_CONFIG; empty: none
  std::map<std::string, std::vector<std::string>, std::less<>> flags;  // by setting
  std::map<std::string, std::string, std::less<>> environment;         // MANDATE_..., by name
};

struct Configured {
  ServeOptions options;
  // Where each setting comes from: "default", "/etc/mandate.yaml:7", "MANDATE_LISTEN", "--listen".
  std::map<std::string_view, std::string> origins;
  std::vector<std::string> errors;  // empty: the options may be used

  const std::string& origin(std::string_view setting) const { return origins.at(setting); }
  void refuse(std::string_view setting, const std::string& detail) {
    errors.push_back(origin(setting) + ": " + detail);
  }
};

Configured configure(const Given& given);

// The process's variables that begin with MANDATE_.
std::map<std::string, std::string, std::less<>> mandate_environment();

// What a reload changes: the reloadable settings of `from` that differ come into `into`; the others
// are named.
struct Reloaded {
  std::vector<std::string> changed;
  std::vector<std::string> need_restart;
};
Reloaded take_reloadable(const ServeOptions& from, ServeOptions& into);

}  // namespace mandate::app
