// Patterns in uses that several rules look for: a machine's schedule, the network of an address.
//
//   is_clockwork(use.sample)             five runs or more, at even distances
//   network_of("203.0.113.9") == "203.0"
#pragma once

#include <string>
#include <string_view>

#include "mandate/observe/finding.h"
#include "mandate/observe/summary.h"

namespace mandate::observe::rules {

inline constexpr Milliseconds kDay = std::chrono::hours(24);

// Whether the runs (events close together are one) lie at even distances, as no person's do.
bool is_clockwork(const Sample& sample);

// Whether it is in use at nearly every hour of the day, over more than two days.
bool is_round_the_clock(const Use& use);

// By a program and not on its behalf, with success, from an address.
bool is_program_use(const Use& use);

// The first half of an IPv4 address, the first two groups of an IPv6 address; empty for addresses
// that are not the Internet's own (RFC 1918, 4193, 6598, loopback, link-local) and for names.
std::string network_of(std::string_view address);

// Adds those events of the sample that happened after `when` to the evidence; says how many.
std::size_t cite_after(Finding& finding, const Sample& sample, Instant when);

}  // namespace mandate::observe::rules
