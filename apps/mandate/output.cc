#include "apps/mandate/output.h"

#include <algorithm>

#include <cstdio>

#include "mandate/base/text.h"
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
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    safe += without_unseen(text.substr(0, end));
    if (end < text.size()) safe += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return safe;
}

}  // namespace mandate::app
