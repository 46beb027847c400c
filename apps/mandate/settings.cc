#include "apps/mandate/settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "mandate/base/bytes.h"
#include "mandate/base/instant.h"

namespace mandate::app {
namespace {

using Options = ServeOptions;
using Form = Setting::Form;
constexpr std::size_t kTextBytesMax = 4096;
constexpr std::size_t kItemsMax = 64;

const std::array kSettings = {
    Setting{.name = "data",
            .slot = &Options::data,
            .takes = "DIR",
            .about = "folder of everything that is kept; made when missing",
            .form = Form::kPath},
    Setting{.name = "listen",
            .slot = &Options::listen,
            .takes = "ADDRESS:PORT|unix:PATH",
            .about = "where to listen; may repeat. Port 0 takes a free one"},
    Setting{.name = "issuer",
            .slot = &Options::issuer,
            .takes = "URL",
            .about = "this server's name in tokens; default: where it listens"},
    Setting{.name = "apply",
            .slot = &Options::documents,
            .takes = "FILE",
            .about = "documents to apply at start; may repeat",
            .form = Form::kPath},
    Setting{.name = "against",
            .slot = &Options::against,
            .takes = "FILE",
            .about = "a checkpoint of the record kept elsewhere; a record that does not reach it "
                     "is refused",
            .form = Form::kPath},
    Setting{.name = "threads",
            .slot = &Options::threads,
            .takes = "COUNT",
            .about = "threads that answer; 0: one a core",
            .max = 256},
    Setting{.name = "tls.certificate",
            .slot = &Options::tls_certificate,
            .takes = "FILE",
            .about = "PEM: the server's certificate, then its chain; makes every TCP address TLS",
            .change = Change::kReload,
            .form = Form::kPath},
    Setting{.name = "tls.key",
            .slot = &Options::tls_key,
            .takes = "FILE",
            .about = "PEM: the certificate's private key, without a passphrase",
            .change = Change::kReload,
            .form = Form::kPath},
    Setting{.name = "tls.client_ca",
            .slot = &Options::tls_client_ca,
            .takes = "FILE",
            .about = "PEM: authorities of client certificates, which enforcement points may show",
            .change = Change::kReload,
            .form = Form::kPath},
    Setting{.name = "behind_tls_proxy",
            .slot = &Options::behind_tls_proxy,
            .takes = "BOOL",
            .about = "permit plain HTTP beyond this machine: only where a proxy there ends TLS"},
    Setting{.name = "limits.connections",
            .slot = &Options::connections,
            .takes = "COUNT",
            .about = "connections at once; idle ones end to make room",
            .min = 1,
            .max = 1'000'000},
    Setting{.name = "limits.connections_per_address",
            .slot = &Options::connections_per_address,
            .takes = "COUNT",
            .about = "connections at once from one address; a proxy counts as one",
            .min = 1,
            .max = 1'000'000},
    Setting{.name = "limits.waiting",
            .slot = &Options::waiting,
            .takes = "COUNT",
            .about = "requests of each thread that wait while decisions go first; more get 503",
            .min = 1,
            .max = 1'000'000},
    Setting{.name = "limits.requests_per_address",
            .slot = &Options::requests_per_address,
            .takes = "COUNT",
            .about = "requests a second from one address, decisions apart; 0: any number",
            .max = 1'000'000},
    Setting{.name = "limits.requests_per_client",
            .slot = &Options::requests_per_client,
            .takes = "COUNT",
            .about = "requests a second of one client, decisions apart; 0: any number",
            .max = 1'000'000},
    Setting{.name = "snapshot_every",
            .slot = &Options::snapshot_every,
            .takes = "COUNT",
            .about = "changes of the record between two snapshots, which make a start short",
            .min = 1,
            .max = 1'000'000'000},
    Setting{.name = "accept_clock",
            .slot = &Options::accept_clock,
            .takes = "true|false",
            .about = "start although the record's last entry is of a time to come: its clock was "
                     "wrong, and this one is right"},
    Setting{.name = "log.level",
            .slot = &Options::log_level,
            .takes = "debug|info|warning|error",
            .about = "the least that is logged",
            .change = Change::kReload,
            .form = Form::kWords},
    Setting{.name = "log.format",
            .slot = &Options::log_format,
            .takes = "auto|json|text",
            .about = "one JSON object a line, or text; auto: text on a terminal",
            .form = Form::kWords},
    Setting{.name = "log.access",
            .slot = &Options::log_access,
            .takes = "all|refused|none",
            .about = "which requests have a line: route, status, reason, duration, request id",
            .change = Change::kReload,
            .form = Form::kWords},
    Setting{.name = "operator.listen",
            .slot = &Options::operator_listen,
            .takes = "ADDRESS:PORT",
            .about = "where /metrics, /healthz and /readyz are; a port alone is one of loopback; "
                     "default: nowhere"},
};

std::string replaced(std::string text, std::string_view from, char to) {
  for (char& c : text) c = from.find(c) != std::string_view::npos ? to : c;
  return text;
}

template <class... Each>
struct Overloaded : Each... {
  using Each::operator()...;
};
template <class... Each>
Overloaded(Each...) -> Overloaded<Each...>;

tl::unexpected<Error> expected(const Setting& setting, std::string_view text, std::string what) {
  return fail(Reason::kBadRequest,
              std::string(setting.name) + " " + quoted(text) + "; expected " + std::move(what));
}

Result<void> check_text(const Setting& setting, std::string_view text) {
  if (text.size() > kTextBytesMax || text.find('\0') != std::string_view::npos) {
    return expected(setting, text, "at most " + std::to_string(kTextBytesMax) + " bytes of text");
  }
  if (setting.form != Form::kWords) return {};
  std::string_view rest = setting.takes;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('|'), rest.size());
    if (rest.substr(0, end) == text) return {};
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string words(setting.takes);
  for (std::size_t at = 0; (at = words.find('|', at)) != std::string::npos;) {
    words.replace(at, 1, words.find('|', at + 1) == std::string::npos ? " or " : ", ");
  }
  return expected(setting, text, words);
}

Result<std::int64_t> number(const Setting& setting, std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < setting.min ||
      value > setting.max) {
    return expected(
        setting, text,
        "a number from " + std::to_string(setting.min) + " to " + std::to_string(setting.max));
  }
  return value;
}

Result<Seconds> duration(const Setting& setting, std::string_view text) {
  Result<Seconds> value = parse_duration(text);
  if (!value || value->count() < setting.min || value->count() > setting.max) {
    return expected(setting, text,
                    "a duration from " + format_duration(Seconds(setting.min)) + " to " +
                        format_duration(Seconds(setting.max)) + ", like 30s or 5m");
  }
  return value;
}

Result<bool> truth(const Setting& setting, std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return expected(setting, text, "true or false");
}

Result<void> set_list(const Setting& setting, const std::vector<std::string>& texts,
                      std::vector<std::string>& into) {
  if (texts.size() > kItemsMax) {
    return fail(Reason::kLimitExceeded, std::string(setting.name) + ": expected at most " +
                                            std::to_string(kItemsMax) + " items");
  }
  for (const std::string& text : texts) {
    if (Result<void> ok = check_text(setting, text); !ok) return ok;
  }
  into = texts;
  return {};
}

}  // namespace

std::span<const Setting> settings() { return kSettings; }

const Setting* find_setting(std::string_view name) {
  const auto found = std::find_if(kSettings.begin(), kSettings.end(),
                                  [&](const Setting& setting) { return setting.name == name; });
  return found == kSettings.end() ? nullptr : &*found;
}

std::string flag_of(const Setting& setting) {
  return "--" + replaced(std::string(setting.name), "._", '-');
}

std::string environment_of(const Setting& setting) {
  std::string name = "MANDATE_" + replaced(std::string(setting.name), ".", '_');
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return name;
}

std::string default_of(const Setting& setting) { return shown(setting, ServeOptions()); }

Result<void> set(const Setting& setting, const std::vector<std::string>& texts,
                 ServeOptions& into) {
  if (const auto* list = std::get_if<std::vector<std::string> Options::*>(&setting.slot)) {
    return set_list(setting, texts, into.**list);
  }
  if (texts.size() != 1) {
    return fail(Reason::kBadRequest, std::string(setting.name) + ": expected one value, not " +
                                         std::to_string(texts.size()));
  }
  const std::string& text = texts.front();
  const auto keep = [&](auto slot) {
    return [&into, slot](auto value) { into.*slot = std::move(value); };
  };
  return std::visit(
      Overloaded{
          [&](std::string Options::*slot) {
            return check_text(setting, text).map([&] { into.*slot = text; });
          },
          [&](std::int64_t Options::*slot) { return number(setting, text).map(keep(slot)); },
          [&](bool Options::*slot) { return truth(setting, text).map(keep(slot)); },
          [&](Seconds Options::*slot) { return duration(setting, text).map(keep(slot)); },
          [&](std::vector<std::string> Options::*) { return Result<void>(); },
      },
      setting.slot);
}

std::vector<std::string> texts_of(const Setting& setting, const ServeOptions& options) {
  using Texts = std::vector<std::string>;
  return std::visit(
      Overloaded{
          [&](std::string Options::*slot) { return Texts{options.*slot}; },
          [&](std::int64_t Options::*slot) { return Texts{std::to_string(options.*slot)}; },
          [&](bool Options::*slot) { return Texts{options.*slot ? "true" : "false"}; },
          [&](Seconds Options::*slot) { return Texts{format_duration(options.*slot)}; },
          [&](std::vector<std::string> Options::*slot) { return options.*slot; },
      },
      setting.slot);
}

std::string shown(const Setting& setting, const ServeOptions& options) {
  std::string text;
  for (const std::string& item : texts_of(setting, options)) {
    text += (text.empty() ? "" : ", ") + item;
  }
  return text.empty() ? "-" : text;
}

}  // namespace mandate::app
