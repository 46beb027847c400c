// Values in fewer bytes than their types take, which read like these. For the state's nodes, of
// which there are millions: each fits in one line of the cache.
//
//   Compact<TeamHandle> owner;   if (owner) use(*owner);   // 4 bytes
//   PackedInstant not_after;     now < not_after           // 6
//   PackedLifetime lifetime;     std::optional<Seconds> at_most = lifetime;   // 3
#pragma once

#include <array>
#include <cassert>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>

#include "mandate/base/instant.h"
#include "mandate/record/node.h"

namespace mandate::record {

// A handle or none.
template <class H>
class Compact {
 public:
  constexpr Compact() = default;
  constexpr Compact(H handle) : word_(handle.index) {}
  constexpr Compact(std::optional<H> handle) : word_(handle ? handle->index : kNone) {}

  constexpr bool has_value() const { return word_ != kNone; }
  constexpr explicit operator bool() const { return has_value(); }
  // Precondition: has_value().
  constexpr H operator*() const { return H{word_}; }
  constexpr operator std::optional<H>() const {
    return has_value() ? std::optional<H>(**this) : std::nullopt;
  }
  friend constexpr bool operator==(Compact, Compact) = default;

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::uint32_t word_ = kNone;
};

// The low `kBytes` bytes of a number, at any address.
template <std::size_t kBytes>
class PackedNumber {
 public:
  static constexpr std::uint64_t kMax = (std::uint64_t{1} << (kBytes * 8)) - 1;
  constexpr PackedNumber() = default;
  // Precondition: at most kMax.
  constexpr explicit PackedNumber(std::uint64_t number) {
    assert(number <= kMax);
    for (std::size_t i = 0; i < kBytes; ++i) {
      bytes_[i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
  }
  constexpr std::uint64_t number() const {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < kBytes; ++i) number |= std::uint64_t{bytes_[i]} << (8 * i);
    return number;
  }

 private:
  std::array<std::uint8_t, kBytes> bytes_{};
};

inline constexpr std::int64_t kInstantMsMax = 253'402'300'799'999;  // RFC 3339's last

// The instants that RFC 3339 can write, and the two ends of time.
class PackedInstant {
 public:
  constexpr PackedInstant() = default;
  constexpr PackedInstant(Instant instant) : packed_(pack(instant)) {}
  constexpr operator Instant() const {
    const std::uint64_t number = packed_.number();
    if (number == kEnd) return kEndOfTime;
    if (number == kBeginning) return kBeginningOfTime;
    return Instant(Milliseconds(static_cast<std::int64_t>(number)));
  }
  friend constexpr bool operator==(PackedInstant a, Instant b) { return Instant(a) == b; }
  friend constexpr auto operator<=>(PackedInstant a, Instant b) {
    return Instant(a).time_since_epoch().count() <=> b.time_since_epoch().count();
  }

 private:
  using Packed = PackedNumber<6>;
  static constexpr std::uint64_t kEnd = Packed::kMax;
  static constexpr std::uint64_t kBeginning = Packed::kMax - 1;
  static constexpr Packed pack(Instant instant) {
    if (instant == kEndOfTime) return Packed(kEnd);
    if (instant == kBeginningOfTime) return Packed(kBeginning);
    return Packed(static_cast<std::uint64_t>(instant.time_since_epoch().count()));
  }
  Packed packed_{};
};

// A token's longest lifetime, or none: documents allow at most a day.
class PackedLifetime {
 public:
  static constexpr std::chrono::seconds kMax{PackedNumber<3>::kMax - 1};
  constexpr PackedLifetime() = default;
  // Precondition: 0 to kMax.
  constexpr PackedLifetime(std::optional<std::chrono::seconds> lifetime)
      : packed_(lifetime ? static_cast<std::uint64_t>(lifetime->count()) + 1 : 0) {}
  constexpr operator std::optional<std::chrono::seconds>() const {
    const std::uint64_t number = packed_.number();
    if (number == 0) return std::nullopt;
    return std::chrono::seconds(static_cast<std::int64_t>(number - 1));
  }
  friend constexpr bool operator==(PackedLifetime a, std::optional<std::chrono::seconds> b) {
    return std::optional<std::chrono::seconds>(a) == b;
  }

 private:
  PackedNumber<3> packed_;
};

}  // namespace mandate::record
