// Memory that is given back only when the State dies: ids, spans and versions, which readers may
// hold for as long. Used by the one writer; what it returned may be read by all.
//
//   const char* id = arena.text("agent:triage");   text_at(id) == "agent:triage"
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mandate::record {

class Arena {
 public:
  void* allocate(std::size_t bytes, std::size_t alignment) {
    std::size_t start = (used_ + alignment - 1) / alignment * alignment;
    if (blocks_.empty() || start + bytes > size_) {
      size_ = std::max(kBlockBytes, bytes);
      blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(size_));
      start = 0;  // new[] of bytes is aligned for every ordinary type
    }
    used_ = start + bytes;
    return blocks_.back().get() + start;
  }

  // The bytes behind their length (16 bits), so that a node keeps one pointer for its id.
  const char* text(std::string_view bytes) {
    assert(bytes.size() <= UINT16_MAX);
    auto length = static_cast<std::uint16_t>(bytes.size());
    char* at = static_cast<char*>(allocate(sizeof length + bytes.size(), 1));
    std::memcpy(at, &length, sizeof length);
    if (!bytes.empty()) std::memcpy(at + sizeof length, bytes.data(), bytes.size());
    return at;
  }

  template <class T>
  std::span<const T> copy(const std::vector<T>& items) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (items.empty()) return {};
    void* at = allocate(items.size() * sizeof(T), alignof(T));
    std::memcpy(at, items.data(), items.size() * sizeof(T));
    return {static_cast<const T*>(at), items.size()};
  }

  template <class T, class... Arguments>
  const T* make(Arguments&&... arguments) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Arguments>(arguments)...};
  }

 private:
  static constexpr std::size_t kBlockBytes = 64 << 10;
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::size_t size_ = 0;  // of the last block
  std::size_t used_ = 0;
};

inline std::string_view text_at(const char* at) {
  std::uint16_t length = 0;
  std::memcpy(&length, at, sizeof length);
  return {at + sizeof length, length};
}

}  // namespace mandate::record
