#include "mandate/observe/sources/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace mandate::observe {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Which bytes are of a kind: one load tells.
class Bytes {
 public:
  constexpr explicit Bytes(std::string_view bytes) {
    for (const char c : bytes) is_[static_cast<unsigned char>(c)] = true;
  }
  constexpr bool has(char c) const { return is_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> is_{};
};
constexpr Bytes kHex("0123456789abcdefABCDEF");
constexpr Bytes kAddress("0123456789abcdefABCDEF.:");
constexpr Bytes kProductEnds("/ ;(]_");

// The number of `digits` digits at the front, taken off; -1 where there is none.
int take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[i])) return -1;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// What stands behind the seconds: fraction and zone.
std::optional<Milliseconds> take_fraction_and_zone(std::string_view text) {
  Milliseconds added{0};
  if (take(text, ".,")) {
    int unit = 100;
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), unit /= 10) {
      added += Milliseconds(unit * (text.front() - '0'));
    }
  }
  if (text.empty() || text == "Z" || text == "z" || text == " UTC") return added;
  const bool is_east = text.front() == '+';
  if (!take(text, "+-")) return std::nullopt;
  const int hours = take_number(text, 2);
  take(text, ":");
  const int minutes = take_number(text, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !text.empty()) return std::nullopt;
  const Milliseconds zone = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return is_east ? added - zone : added + zone;
}

}  // namespace

std::optional<Instant> log_time(std::string_view text) {
  const int year = take_number(text, 4);
  if (year < 1970 || !take(text, "-")) return std::nullopt;
  const int month = take_number(text, 2);
  if (!take(text, "-")) return std::nullopt;
  const int day = take_number(text, 2);
  if (month < 1 || day < 1 || !take(text, "Tt ")) return std::nullopt;
  const int hour = take_number(text, 2);
  if (!take(text, ":")) return std::nullopt;
  const int minute = take_number(text, 2);
  if (!take(text, ":")) return std::nullopt;
  const int second = take_number(text, 2);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return std::nullopt;
  }
  const std::optional<Milliseconds> rest = take_fraction_and_zone(text);
  if (!rest) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + *rest;
}

std::optional<Instant> record_time(std::initializer_list<const json::Slot*> members) {
  bool is_absent = true;
  for (const json::Slot* member : members) {
    if (const std::optional<Instant> time = log_time(member->string())) return time;
    is_absent = is_absent && member->kind == json::SlotKind::kAbsent;
  }
  return is_absent ? std::optional(kUntimed) : std::nullopt;
}

std::optional<Instant> date_in_words(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::size_t kLetters = 3;
  const std::size_t month = kMonths.find(text.substr(0, kLetters));
  if (text.size() < kLetters || month % kLetters != 0) return std::nullopt;
  text.remove_prefix(kLetters);
  auto number = [&text](std::string_view before) {
    if (!take(text, before)) return -1;
    const bool has_two = text.size() > 1 && is_digit(text[0]) && is_digit(text[1]);
    return take_number(text, has_two ? 2 : 1);
  };
  const int day = number(" ");
  if (!take(text, ",") || !take(text, " ")) return std::nullopt;
  const int year = take_number(text, 4);
  take(text, ",");
  const int hour = number(" ");
  const int minute = number(":");
  const int second = number(":");
  const bool is_night = text == " AM";
  const std::chrono::year_month_day date{
      std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month / kLetters + 1)),
      std::chrono::day(static_cast<unsigned>(day))};
  constexpr int kNoon = 12;
  if (year < 1970 || !date.ok() || hour < 1 || hour > kNoon || minute < 0 || minute > 59 ||
      second < 0 || second > 60 || (!is_night && text != " PM")) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(hour % kNoon + (is_night ? 0 : kNoon)) +
         std::chrono::minutes(minute) + std::chrono::seconds(second);
}

bool is_address_like(std::string_view source) {
  bool has_separator = false;
  for (const char c : source) {
    if (!kAddress.has(c)) return false;
    has_separator = has_separator || c == '.' || c == ':';
  }
  return has_separator;
}

std::string_view host_of(std::string_view address) {
  if (address.starts_with('[')) return address.substr(1, address.find(']') - 1);
  const std::size_t colon = address.find(':');
  const bool has_port = colon != std::string_view::npos && colon == address.rfind(':');
  return has_port ? address.substr(0, colon) : address;
}

AgentKind agent_kind(std::string_view agent) {
  if (agent.starts_with('[')) agent.remove_prefix(1);
  if (agent.empty()) return AgentKind::kUnknown;
  // What it says first; the rest is versions.
  const std::string_view front = agent.substr(0, agent.find(')'));
  auto has = [front](std::string_view part) {
    return ::memmem(front.data(), front.size(), part.data(), part.size()) != nullptr;
  };
  if (agent.starts_with("Mozilla") || agent.starts_with("Opera/")) return AgentKind::kInteractive;
  if (agent.starts_with("signin.") || agent.starts_with("console.") ||
      agent.find("Console/") < agent.find(' ')) {
    return AgentKind::kInteractive;
  }
  if (agent.starts_with("AWS Internal") || agent.ends_with(".amazonaws.com") ||
      has("aws-internal")) {
    return AgentKind::kPlatform;
  }
  if (agent.starts_with("aws-cli/") || agent.starts_with("AWSPowerShell")) return AgentKind::kShell;
  return AgentKind::kSoftware;
}

AgentKind Agents::kind(std::string_view agent) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (agent.size() < kWord) return agent_kind(agent);
  std::uint64_t front = 0;
  std::uint64_t back = 0;
  std::memcpy(&front, agent.data(), kWord);
  std::memcpy(&back, agent.data() + agent.size() - kWord, kWord);
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  constexpr int kTopBits = 32;
  Slot& slot = slots_[((front ^ back) + agent.size()) * kOdd >> kTopBits & (kSlots - 1)];
  if (slot.agent != agent) slot = {std::string(agent), agent_kind(agent)};
  return slot.kind;
}

std::string_view agent_product(std::string_view agent) {
  constexpr std::size_t kBytesMax = 40;
  if (agent.starts_with('[')) agent.remove_prefix(1);
  const auto ends = [](char c) { return kProductEnds.has(c); };
  const auto end = std::find_if(agent.begin(), agent.end(), ends);
  agent = agent.substr(0, static_cast<std::size_t>(end - agent.begin()));
  return agent.substr(0, whole_characters(agent, kBytesMax));
}

std::size_t whole_characters(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text.size();
  std::size_t bytes = bytes_max;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return bytes;
}

bool is_instance_id(std::string_view name) {
  constexpr std::size_t kShort = 10;
  constexpr std::size_t kLong = 19;
  return (name.size() == kShort || name.size() == kLong) && name.starts_with("i-") &&
         std::all_of(name.begin() + 2, name.end(), [](char c) { return kHex.has(c); });
}

bool is_named_for_admins(std::string_view name) {
  constexpr std::string_view kWords[] = {"admin",  "admins",     "administrator", "administrators",
                                         "owners", "superuser",  "superusers",    "superadmin",
                                         "root",   "superadmins"};
  const std::string_view local = name.substr(0, name.find('@'));
  std::string word;
  auto ends = [&word, &kWords] {
    const bool is_known = std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
    word.clear();
    return is_known;
  };
  for (const char c : local) {
    const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (low >= 'a' && low <= 'z') {
      word += low;
    } else if (ends()) {
      return true;
    }
  }
  return ends();
}

bool is_same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view domain_of(std::string_view mail) {
  const std::size_t at = mail.rfind('@');
  return at == std::string_view::npos ? std::string_view() : mail.substr(at + 1);
}

}  // namespace mandate::observe
