#include "apps/mandate/configuration.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "apps/mandate/identity.h"
#include "apps/mandate/nearest.h"
#include "mandate/base/bytes.h"
#include "mandate/http/server/listening.h"
#include "mandate/json/value.h"

namespace mandate::app {
namespace {

constexpr std::string_view kPrefix = "MANDATE_";
constexpr std::size_t kFileBytesMax = 256 << 10;

// Variables of the other commands, and of the programs beside this one.
constexpr std::string_view kOtherVariables[] = {
    "MANDATE_CONFIG", "MANDATE_SERVER", "MANDATE_ISSUER", "MANDATE_IDENTITY",
    "MANDATE_CA",     "MANDATE_BIN",    "MANDATE_SHARED"};

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const Setting& setting : settings()) names.emplace_back(setting.name);
  return names;
}

std::string unknown(std::string_view what, std::string_view word,
                    const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  return "unknown " + std::string(what) + " " + mandate::quoted(word) +
         (near.empty() ? "; see `mandate serve --help`"
                       : "; did you mean " + mandate::quoted(near) + "?");
}

// A scalar as the environment and the command line would write it.
std::optional<std::string> scalar(const json::Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  if (value.is_integer()) return std::to_string(value.as_integer());
  return std::nullopt;
}

class FileReader {
 public:
  FileReader(std::string file, Configured& into) : file_(std::move(file)), into_(into) {}

  void read() {
    Result<std::string> text = read_file(file_, kFileBytesMax);
    if (!text) return into_.errors.push_back(text.error().detail);
    Result<json::Value> value = json::parse_yaml(*text, {.bytes_max = kFileBytesMax});
    if (!value) return into_.errors.push_back(in_line(value.error().detail));
    if (value->is_null()) return;
    if (!value->is_object()) return refuse(1, "expected settings, like `listen: 127.0.0.1:8181`");
    section(*value, "");
  }

 private:
  // The reader's own "line N: ..." as FILE:N.
  std::string in_line(const std::string& detail) const {
    constexpr std::string_view kLine = "line ";
    if (!detail.starts_with(kLine)) return file_ + ": " + detail;
    return file_ + ":" + detail.substr(kLine.size());
  }
  void refuse(std::uint32_t line, const std::string& detail) {
    into_.errors.push_back(place(line) + ": " + detail);
  }
  std::string place(std::uint32_t line) const { return file_ + ":" + std::to_string(line); }

  static bool is_section(const std::string& name) {
    return std::any_of(settings().begin(), settings().end(), [&](const Setting& setting) {
      return setting.name.starts_with(name + ".");
    });
  }

  void section(const json::Value& value, const std::string& prefix) {
    for (const json::Member& member : value.as_object()) {
      const std::string name = prefix + member.key;
      if (const Setting* setting = find_setting(name)) {
        take(*setting, member);
      } else if (!is_section(name)) {
        refuse(member.line, unknown("key", name, all_names()));
      } else if (member.value.is_object()) {
        section(member.value, name + ".");
      } else {
        refuse(member.line, mandate::quoted(name) + " is " +
                                std::string(json::kind_name(member.value)) +
                                "; expected its settings, indented below it");
      }
    }
  }

  void take(const Setting& setting, const json::Member& member) {
    std::vector<std::string> texts;
    const json::Array alone{member.value};
    for (const json::Value& item : member.value.is_array() ? member.value.as_array() : alone) {
      std::optional<std::string> text = scalar(item);
      if (!text) {
        return refuse(member.line, std::string(setting.name) + " is " +
                                       std::string(json::kind_name(item)) + "; expected " +
                                       std::string(setting.takes));
      }
      texts.push_back(setting.form == Setting::Form::kPath ? beside(*text) : *text);
    }
    into_.origins[setting.name] = place(member.line);
    if (Result<void> done = set(setting, texts, into_.options); !done) {
      refuse(member.line, done.error().detail);
    }
  }

  // Paths of a file are relative to it, wherever the server is started.
  std::string beside(const std::string& path) const {
    if (path.empty()) return path;
    return (std::filesystem::path(file_).parent_path() / path).lexically_normal().string();
  }

  const std::string file_;
  Configured& into_;
};

// A list's items in one variable, with commas between them.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (end > 0) items.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return items;
}

void take_environment(const Given& given, Configured& into) {
  std::vector<std::string> known(std::begin(kOtherVariables), std::end(kOtherVariables));
  for (const Setting& setting : settings()) {
    const std::string name = environment_of(setting);
    known.push_back(name);
    const auto found = given.environment.find(name);
    if (found == given.environment.end()) continue;
    into.origins[setting.name] = name;
    const bool is_list =
        std::holds_alternative<std::vector<std::string> ServeOptions::*>(setting.slot);
    const std::vector<std::string> texts =
        is_list ? split(found->second) : std::vector<std::string>{found->second};
    if (Result<void> done = set(setting, texts, into.options); !done) {
      into.refuse(setting.name, done.error().detail);
    }
  }
  // A slip is refused; what is no slip is another's: Kubernetes names a service's ports like that.
  for (const auto& [name, value] : given.environment) {
    const bool is_known = std::find(known.begin(), known.end(), name) != known.end();
    const auto is_slip = [&name = name](const std::string& other) {
      return distance(name, other) == 1;
    };
    if (is_known || std::none_of(known.begin(), known.end(), is_slip)) continue;
    into.errors.push_back(name + ": " + unknown("variable", name, known));
  }
}

void take_flags(const Given& given, Configured& into) {
  for (const Setting& setting : settings()) {
    const auto found = given.flags.find(setting.name);
    if (found == given.flags.end()) continue;
    into.origins[setting.name] = flag_of(setting);
    if (Result<void> done = set(setting, found->second, into.options); !done) {
      into.refuse(setting.name, done.error().detail);
    }
  }
}

// What only holds of several settings together.
void check_together(Configured& configured) {
  const ServeOptions& options = configured.options;
  const bool has_tls = !options.tls_certificate.empty();
  if (has_tls != !options.tls_key.empty()) {
    configured.refuse(has_tls ? "tls.certificate" : "tls.key",
                      "expected tls.certificate and tls.key together");
  }
  if (!has_tls && !options.tls_client_ca.empty()) {
    configured.refuse("tls.client_ca", "expected tls.certificate with tls.client_ca");
  }
  if (options.listen.empty()) configured.refuse("listen", "expected at least one address");
  for (const std::string& text : options.listen) {
    Result<http::ListenAddress> address = http::ListenAddress::parse(text);
    if (!address) {
      configured.refuse("listen", "listen " + address.error().detail);
    } else if (!has_tls && !options.behind_tls_proxy && !address->is_local()) {
      configured.refuse("listen", "listen " + mandate::quoted(text) +
                                      " would take plain HTTP from other machines; expected "
                                      "tls.certificate and tls.key, an address of loopback, or "
                                      "behind_tls_proxy where a proxy ends TLS");
    }
  }
  if (options.operator_listen.empty()) return;
  Result<http::ListenAddress> address = http::ListenAddress::parse(options.operator_listen);
  if (!address) {
    configured.refuse("operator.listen", "operator.listen " + address.error().detail);
  } else if (!address->is_local() && !options.behind_tls_proxy) {
    configured.refuse("operator.listen",
                      "operator.listen " + mandate::quoted(options.operator_listen) +
                          " is plain HTTP for other machines; expected an address of loopback, or "
                          "behind_tls_proxy where a proxy ends TLS");
  }
}

}  // namespace

Configured configure(const Given& given) {
  Configured configured;
  for (const Setting& setting : settings()) configured.origins[setting.name] = "default";
  if (!given.file.empty()) FileReader(given.file, configured).read();
  take_environment(given, configured);
  take_flags(given, configured);
  check_together(configured);
  return configured;
}

std::map<std::string, std::string, std::less<>> mandate_environment() {
  std::map<std::string, std::string, std::less<>> found;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (!text.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

Reloaded take_reloadable(const ServeOptions& from, ServeOptions& into) {
  Reloaded reloaded;
  for (const Setting& setting : settings()) {
    const std::vector<std::string> texts = texts_of(setting, from);
    if (texts == texts_of(setting, into)) continue;
    // On and off are no new values: what is not there at start has no place to come to.
    const bool appears = texts == std::vector<std::string>{""} ||
                         texts_of(setting, into) == std::vector<std::string>{""};
    const bool is_switch =
        appears && setting.form == Setting::Form::kPath && setting.name != "tls.client_ca";
    if (setting.change == Change::kRestart || is_switch) {
      reloaded.need_restart.emplace_back(setting.name);
      continue;
    }
    reloaded.changed.emplace_back(setting.name);
    (void)set(setting, texts, into);  // it was accepted once
  }
  return reloaded;
}

}  // namespace mandate::app
