// Memory for arrays that grow to millions: from the size of a large page on it lies in large pages
// where the system has them, so that reading it at random does not wait for the translation of each
// address too. What is not touched takes none.
//
//   void* memory = allocate_large(bytes, 64);   release_large(memory, bytes, 64);
#pragma once

#include <cstddef>

namespace mandate {

inline constexpr std::size_t kLargePageBytes = std::size_t{2} << 20;

// `alignment`: a power of two, at most kLargePageBytes.
void* allocate_large(std::size_t bytes, std::size_t alignment);
// With what it was allocated with; nothing is done for nullptr.
void release_large(void* memory, std::size_t bytes, std::size_t alignment) noexcept;

}  // namespace mandate
