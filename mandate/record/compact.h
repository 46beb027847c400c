// Four bytes where std::optional takes eight or sixteen; reads like one. For the packed versions of
// the state's nodes, of which there are millions.
//
//   Compact<Seconds> lifetime;   if (lifetime) use(*lifetime);
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "mandate/record/node.h"

namespace mandate::record {

template <class T>
struct CompactForm;
template <class Tag>
struct CompactForm<Handle<Tag>> {
  static constexpr std::uint32_t pack(Handle<Tag> handle) { return handle.index; }
  static constexpr Handle<Tag> unpack(std::uint32_t word) { return {word}; }
};
template <>
struct CompactForm<std::chrono::seconds> {  // documents allow at most ten years, which fit
  static constexpr std::uint32_t pack(std::chrono::seconds duration) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(duration.count(), 0, UINT32_MAX - 1));
  }
  static constexpr std::chrono::seconds unpack(std::uint32_t word) {
    return std::chrono::seconds(word);
  }
};

template <class T>
class Compact {
 public:
  constexpr Compact() = default;
  constexpr Compact(T value) : word_(CompactForm<T>::pack(value)) {}
  constexpr Compact(std::optional<T> value) : word_(value ? CompactForm<T>::pack(*value) : kNone) {}

  constexpr bool has_value() const { return word_ != kNone; }
  constexpr explicit operator bool() const { return has_value(); }
  // Precondition: has_value().
  constexpr T operator*() const { return CompactForm<T>::unpack(word_); }
  constexpr operator std::optional<T>() const {
    return has_value() ? std::optional<T>(**this) : std::nullopt;
  }
  friend constexpr bool operator==(Compact, Compact) = default;

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::uint32_t word_ = kNone;
};

}  // namespace mandate::record
