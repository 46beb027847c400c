#include "apps/mandate/output.h"

#include <cstdio>

namespace mandate::app {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_json(const json::Value& value) { print(json::pretty(value) + "\n"); }

void note(std::string_view text) {
  const std::string line = "mandate: " + printable(text) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int report(const Error& error, Format format) {
  const bool could_not = error.reason == Reason::kRecordUnavailable ||
                         error.reason == Reason::kStateTooOld ||
                         error.reason == Reason::kEntitlementUnknown;
  if (format == Format::kJson) {
    print_json(json::Value::object({{"error", name(error.reason)}, {"detail", error.detail}}));
  }
  // A server's description begins with the reason already.
  const std::string reason(name(error.reason));
  note(error.detail.starts_with(reason + ": ") ? error.detail : reason + ": " + error.detail);
  return could_not ? kExitCouldNot : kExitRefused;
}

std::string printable(std::string_view text) {
  std::string safe;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    safe += (byte < 0x20 && c != '\n') || byte == 0x7f ? '?' : c;
  }
  return safe;
}

}  // namespace mandate::app
