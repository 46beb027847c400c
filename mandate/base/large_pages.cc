#include "mandate/base/large_pages.h"

#include <sys/mman.h>

#include <new>

namespace mandate {
namespace {

std::align_val_t alignment_of(std::size_t bytes, std::size_t alignment) {
  return std::align_val_t{bytes < kLargePageBytes ? alignment : kLargePageBytes};
}

}  // namespace

void* allocate_large(std::size_t bytes, std::size_t alignment) {
  void* memory = ::operator new(bytes, alignment_of(bytes, alignment));
  // Advice: where the system has none to give, the memory is as good, and slower.
  if (bytes >= kLargePageBytes) ::madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

void release_large(void* memory, std::size_t bytes, std::size_t alignment) noexcept {
  ::operator delete(memory, alignment_of(bytes, alignment));
}

}  // namespace mandate
