// Every setting of `mandate serve`, one row each: what the file, the environment, the command line,
// their help and docs/configuration.md say of it all comes from here.
//
//   for (const Setting& setting : settings()) flag_of(setting);   // "--log-level", ...
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mandate/base/result.h"

namespace mandate::app {

struct ServeOptions {
  std::string data = "data";
  std::vector<std::string> listen = {"127.0.0.1:8181"};
  std::string issuer;
  std::vector<std::string> documents;
  std::string against;
  std::int64_t threads = 0;
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_client_ca;
  bool behind_tls_proxy = false;
  std::int64_t connections = 4096;
  std::int64_t connections_per_address = 1024;
  std::int64_t waiting = 512;
  std::int64_t requests_per_address = 10'000;
  std::int64_t requests_per_client = 10'000;
  std::int64_t snapshot_every = 10'000;
  bool accept_clock = false;
  std::string log_level = "info";
  std::string log_format = "auto";
  std::string log_access = "refused";
  std::string operator_listen;
};

// How a value is written: by the type of what it fills.
using Slot = std::variant<std::string ServeOptions::*, std::vector<std::string> ServeOptions::*,
                          std::int64_t ServeOptions::*, bool ServeOptions::*,
                          std::chrono::seconds ServeOptions::*>;

enum class Change : std::uint8_t { kReload, kRestart };  // what a new value waits for

struct Setting {
  std::string_view name;  // in the file, a section's name before the dot
  Slot slot;
  std::string_view takes;  // "HOST:PORT": for the help; with kWords the words, '|' between them
  std::string_view about;
  Change change = Change::kRestart;
  enum class Form : std::uint8_t { kText, kPath, kWords } form = Form::kText;
  std::int64_t min = 0;  // of a number; of a duration in seconds
  std::int64_t max = 0;
};

std::span<const Setting> settings();
const Setting* find_setting(std::string_view name);

std::string flag_of(const Setting& setting);         // "--log-level"
std::string environment_of(const Setting& setting);  // "MANDATE_LOG_LEVEL"
std::string default_of(const Setting& setting);

// One text a list's item; exactly one for everything else. The message says what was expected.
Result<void> set(const Setting& setting, const std::vector<std::string>& texts, ServeOptions& into);
// The value as it would be written; a list's items, in order.
std::vector<std::string> texts_of(const Setting& setting, const ServeOptions& options);
// For people: the items with ", " between them, "-" for nothing.
std::string shown(const Setting& setting, const ServeOptions& options);

}  // namespace mandate::app
