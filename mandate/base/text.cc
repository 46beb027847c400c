#include "mandate/base/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "mandate/base/bytes.h"

namespace mandate {
namespace {

const utf8proc_uint8_t* units(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

bool unseen(utf8proc_int32_t point, Unseen what) {
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return true;
    case UTF8PROC_CATEGORY_ZS: return what == Unseen::kControlOrSpace;
    default:  // not an enum of ours
      return false;
  }
}

}  // namespace

Result<std::string> to_nfc(std::string_view text) {
  if (!is_utf8(text)) {
    return fail(Reason::kBadRequest, quoted(text) + " is not UTF-8");
  }
  if (std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; })) {
    return std::string(text);
  }
  utf8proc_uint8_t* mapped = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const utf8proc_ssize_t size =
      utf8proc_map(units(text), static_cast<utf8proc_ssize_t>(text.size()), &mapped, options);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (size < 0) {
    return fail(Reason::kBadRequest, quoted(text) + " has no normal form");
  }
  return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
}

std::string without_unseen(std::string_view text) {
  std::string seen;
  while (!text.empty()) {
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t read =
        utf8proc_iterate(units(text), static_cast<utf8proc_ssize_t>(text.size()), &point);
    const std::size_t used = read > 0 ? static_cast<std::size_t>(read) : 1;
    if (read <= 0 || unseen(point, Unseen::kControl)) {
      seen += '?';
    } else {
      seen += text.substr(0, used);
    }
    text.remove_prefix(used);
  }
  return seen;
}

bool has_unseen(std::string_view text, Unseen what) {
  while (!text.empty()) {
    if (const char c = text.front(); (c & 0x80) == 0) {  // ASCII, without the tables
      constexpr char kDelete = 0x7f;
      if (c < ' ' || c == kDelete || (c == ' ' && what == Unseen::kControlOrSpace)) return true;
      text.remove_prefix(1);
      continue;
    }
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t used =
        utf8proc_iterate(units(text), static_cast<utf8proc_ssize_t>(text.size()), &point);
    if (used <= 0 || unseen(point, what)) {
      return true;
    }
    text.remove_prefix(static_cast<std::size_t>(used));
  }
  return false;
}

}  // namespace mandate
