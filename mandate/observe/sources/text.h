// What log lines say in many ways, read one way: times, addresses, user agents.
//
//   *log_time("2022-09-15 13:45:24.000") == *log_time("2022-09-15T13:45:24Z")
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/base/instant.h"
#include "mandate/json/projection.h"
#include "mandate/observe/activity.h"

namespace mandate::observe {

// RFC 3339, with 'T' or a space, any number of fractional digits, and UTC where no zone is named.
std::optional<Instant> log_time(std::string_view text);

// The first of the members that tells a time; `kUntimed` where none is there, and none where what
// is there is no time.
std::optional<Instant> record_time(std::initializer_list<const json::Slot*> members);

// "Sep 14, 2022, 8:31:45 AM", in UTC; the second comma may be missing.
std::optional<Instant> date_in_words(std::string_view text);

// Written like an IP address, valid or not: other sources are names of services.
bool is_address_like(std::string_view source);

// An address without its port, and where it is IPv6 without brackets.
std::string_view host_of(std::string_view address);

// By what user agents say of themselves; unknown where there is none.
AgentKind agent_kind(std::string_view agent);

// The kinds of the user agents that came lately: few programs write most of a log.
class Agents {
 public:
  // agent_kind(agent).
  AgentKind kind(std::string_view agent);

 private:
  static constexpr std::size_t kSlots = 64;
  struct Slot {
    std::string agent;
    AgentKind kind = AgentKind::kUnknown;
  };
  std::array<Slot, kSlots> slots_;
};

// What a user agent is, without what changes from call to call: "Boto3", "aws-sdk-go-v2".
std::string_view agent_product(std::string_view agent);

// How many bytes of UTF-8 text stay, at most so many, where no character is cut.
std::size_t whole_characters(std::string_view text, std::size_t bytes_max);

// `name` is that of an EC2 instance: the session name that an instance's role sessions carry.
bool is_instance_id(std::string_view name);

// A group or role that is called after administrators ("Org Admins", "owners@x.example"), in words:
// all that many logs say of what a right is over.
bool is_named_for_admins(std::string_view name);

// The same but for upper and lower case, in ASCII.
bool is_same_name(std::string_view a, std::string_view b);

// Behind the last '@'; empty where there is none.
std::string_view domain_of(std::string_view mail);

}  // namespace mandate::observe
