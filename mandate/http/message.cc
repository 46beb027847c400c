#include "mandate/http/message.h"

#include <algorithm>

namespace mandate::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string> header_values(const Headers& headers, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) values.push_back(value);
  }
  return values;
}

std::optional<std::string> header_value(const Headers& headers, std::string_view name) {
  std::vector<std::string> values = header_values(headers, name);
  if (values.size() != 1) return std::nullopt;
  return std::move(values.front());
}

}  // namespace mandate::http
