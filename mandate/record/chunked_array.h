// An array that only grows, whose items never move: chunks double in size, so few pointers reach
// all of it. One writer appends; any thread reads what it has heard of (a size, a handle, an index
// slot).
//
//   ChunkedArray<Node<Team>> nodes;   nodes.emplace(...);   nodes[0]
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "mandate/base/large_pages.h"

namespace mandate::record {

template <class T>
class ChunkedArray {
 public:
  ChunkedArray() = default;
  ChunkedArray(const ChunkedArray&) = delete;
  ChunkedArray& operator=(const ChunkedArray&) = delete;
  ~ChunkedArray() {
    static_assert(std::is_trivially_destructible_v<T>);
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      release_large(chunks_[i].load(std::memory_order_relaxed), bytes_of(i), alignof(T));
    }
  }

  std::uint32_t size() const { return size_.load(std::memory_order_acquire); }

  // Precondition: index < size().
  const T& operator[](std::uint32_t index) const { return *find(index); }
  T& operator[](std::uint32_t index) { return *find(index); }

  template <class... Arguments>
  T& emplace(Arguments&&... arguments) {
    const std::uint32_t index = size_.load(std::memory_order_relaxed);
    assert(index < kSizeMax);
    const Where where = locate(index);
    if (where.offset == 0) {  // untouched pages of a large chunk take no memory
      void* chunk = allocate_large(bytes_of(where.chunk), alignof(T));
      chunks_[where.chunk].store(static_cast<T*>(chunk), std::memory_order_release);
    }
    T* item = new (find(index)) T{std::forward<Arguments>(arguments)...};
    size_.store(index + 1, std::memory_order_release);
    return *item;
  }

 private:
  static constexpr unsigned kFirstBits = 8;
  static constexpr std::uint32_t kSizeMax = UINT32_MAX - (1u << kFirstBits);
  struct Where {
    std::size_t chunk;
    std::size_t offset;
  };
  static constexpr std::size_t bytes_of(std::size_t chunk) {
    return sizeof(T) << (kFirstBits + chunk);  // NOLINT(bugprone-sizeof-expression): also pointers
  }
  // Chunk k holds 2^(k + kFirstBits) items, so index + 2^kFirstBits has the chunk as its top bit.
  static Where locate(std::uint32_t index) {
    const std::uint32_t shifted = index + (1u << kFirstBits);
    const std::uint32_t top = std::bit_floor(shifted);
    return {static_cast<unsigned>(std::countr_zero(top)) - kFirstBits, shifted - top};
  }
  T* find(std::uint32_t index) const {
    const Where where = locate(index);
    return chunks_[where.chunk].load(std::memory_order_acquire) + where.offset;
  }

  std::array<std::atomic<T*>, 32 - kFirstBits> chunks_{};
  std::atomic<std::uint32_t> size_{0};
};

}  // namespace mandate::record
