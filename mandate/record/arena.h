// Memory that is given back only when the State dies: ids, spans and versions, which readers may
// hold for as long. Used by the one writer; what it returned may be read by all. A place in it is
// also a number (`Place`), half as large as a pointer: it lies in pieces that double in size.
//
//   Arena::Place at = arena.text("agent:triage");   arena.text_at(at) == "agent:triage"
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "mandate/base/large_pages.h"

namespace mandate::record {

class Arena {
 public:
  using Place = std::uint32_t;  // in units from the beginning; 0: nothing
  struct Room {
    void* memory;
    Place place;
  };

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      release_large(pieces_[i].load(std::memory_order_relaxed), bytes_of(i), kUnitBytes);
    }
  }

  // Aligned to a unit. Precondition: fits in the first piece.
  Room allocate(std::size_t bytes) {
    assert(bytes <= kFirstUnits * kUnitBytes);
    const std::uint64_t units = (bytes + kUnitBytes - 1) / kUnitBytes;
    Where where = locate(next_);
    if (where.unit + units > units_of(where.piece)) {  // nothing lies in two pieces
      next_ += units_of(where.piece) - where.unit;
      where = locate(next_);
    }
    assert(next_ + units <= kUnitsMax);
    std::atomic<char*>& piece = pieces_[where.piece];
    if (piece.load(std::memory_order_relaxed) == nullptr) {
      piece.store(static_cast<char*>(allocate_large(bytes_of(where.piece), kUnitBytes)),
                  std::memory_order_release);
    }
    const auto place = static_cast<Place>(next_);
    next_ += units;
    return {at(place), place};
  }

  // Precondition: of this arena, and not 0.
  char* at(Place place) const {
    const Where where = locate(place);
    return pieces_[where.piece].load(std::memory_order_acquire) + where.unit * kUnitBytes;
  }

  // The bytes behind their length (16 bits); of no bytes 0.
  Place text(std::string_view bytes) {
    assert(bytes.size() <= UINT16_MAX);
    if (bytes.empty()) return 0;
    const auto length = static_cast<std::uint16_t>(bytes.size());
    const Room room = allocate(sizeof length + bytes.size());
    std::memcpy(room.memory, &length, sizeof length);
    std::memcpy(static_cast<char*>(room.memory) + sizeof length, bytes.data(), bytes.size());
    return room.place;
  }
  std::string_view text_at(Place place) const {
    if (place == 0) return {};
    const char* bytes = at(place);
    std::uint16_t length = 0;
    std::memcpy(&length, bytes, sizeof length);
    return {bytes + sizeof length, length};
  }

  template <class T>
  std::span<const T> copy(const std::vector<T>& items) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= kUnitBytes);
    if (items.empty()) return {};
    void* memory = allocate(items.size() * sizeof(T)).memory;
    std::memcpy(memory, items.data(), items.size() * sizeof(T));
    return {static_cast<const T*>(memory), items.size()};
  }

  template <class T, class... Arguments>
  Place make(Arguments&&... arguments) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kUnitBytes);
    const Room room = allocate(sizeof(T));
    new (room.memory) T{std::forward<Arguments>(arguments)...};
    return room.place;
  }
  template <class T>
  const T& made_at(Place place) const {
    return *std::launder(reinterpret_cast<const T*>(at(place)));
  }

 private:
  static constexpr std::size_t kUnitBytes = 8;
  static constexpr unsigned kFirstBits = 14;  // of units: 128 KiB, which no definition exceeds
  static constexpr std::uint64_t kFirstUnits = std::uint64_t{1} << kFirstBits;
  static constexpr std::uint64_t kUnitsMax = UINT32_MAX - kFirstUnits;  // 32 GiB
  struct Where {
    std::size_t piece;
    std::size_t unit;
  };
  static constexpr std::uint64_t units_of(std::size_t piece) { return kFirstUnits << piece; }
  static constexpr std::size_t bytes_of(std::size_t piece) { return units_of(piece) * kUnitBytes; }
  // Piece k has 2^(k + kFirstBits) units, so unit + 2^kFirstBits has the piece as its top bit.
  static Where locate(std::uint64_t unit) {
    const std::uint64_t shifted = unit + kFirstUnits;
    const auto top = static_cast<unsigned>(std::bit_width(shifted)) - 1;
    return {top - kFirstBits, shifted - (std::uint64_t{1} << top)};
  }

  std::array<std::atomic<char*>, 33 - kFirstBits> pieces_{};
  std::uint64_t next_ = 1;  // the writer's
};

}  // namespace mandate::record
