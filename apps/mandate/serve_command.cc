// `mandate serve`: reads its configuration, runs until it is told to stop, and reads the
// configuration again when it is told to (SIGHUP).
#include <csignal>

#include "apps/mandate/commands.h"
#include "apps/mandate/configuration.h"
#include "apps/mandate/documents.h"
#include "apps/mandate/running.h"

namespace mandate::app {
namespace {

int refuse(const Configured& configured) {
  for (const std::string& error : configured.errors) note(error);
  return kExitUsage;
}

// Everything that a start would read, so that what is wrong is told before.
Configured configure_and_check(const Given& given) {
  Configured configured = configure(given);
  for (const std::string& document : configured.options.documents) {
    if (Result<json::Value> read = read_document(document); !read) {
      configured.refuse("apply", read.error().detail);
    }
  }
  if (configured.errors.empty() && !configured.options.tls_certificate.empty()) {
    const SystemClock clock;
    if (Result<void> tls = TlsFiles::open(configured.options, clock).map([](const auto&) {});
        !tls) {
      configured.refuse("tls.certificate", tls.error().detail);
    }
  }
  return configured;
}

json::Value to_json(const Configured& configured) {
  json::Array rows;
  for (const Setting& setting : settings()) {
    const std::vector<std::string> texts = texts_of(setting, configured.options);
    rows.push_back(
        json::Value::object({{"name", setting.name},
                             {"value", json::Value(json::Array(texts.begin(), texts.end()))},
                             {"from", configured.origin(setting.name)},
                             {"flag", flag_of(setting)},
                             {"environment", environment_of(setting)},
                             {"takes", setting.takes},
                             {"default", default_of(setting)},
                             {"reload", setting.change == Change::kReload},
                             {"about", setting.about}}));
  }
  return json::Value::object({{"settings", std::move(rows)}});
}

}  // namespace

int check_config(const Given& given, Format format) {
  const Configured configured = configure_and_check(given);
  if (!configured.errors.empty()) return refuse(configured);
  if (format == Format::kJson) {
    print_json(to_json(configured));
    return kExitDone;
  }
  for (const Setting& setting : settings()) {
    print(std::string(setting.name) + " = " + printable(shown(setting, configured.options)) +
          "  (" + configured.origin(setting.name) + ")\n");
  }
  return kExitDone;
}

int serve(const Given& given) {
  // Before any thread: every thread then leaves these to the wait below.
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  for (int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);  // errors are values
  const Configured configured = configure(given);
  if (!configured.errors.empty()) return refuse(configured);
  Running running(configured.options);
  if (Result<void> started = running.start(); !started) {
    report(started.error(), Format::kText);
    return kExitCouldNot;
  }
  print("ready " + running.issuer() + "\n");
  for (int signal = SIGHUP; signal == SIGHUP;) {
    sigwait(&signals, &signal);
    if (signal == SIGHUP) running.reload(configure(given));
  }
  running.stop();
  return kExitDone;
}

}  // namespace mandate::app
