#include "mandate/json/structure.h"

#include <simdjson.h>

#include <algorithm>
#include <cassert>
#include <new>

namespace mandate::json {

// Stage 1 alone is not in simdjson's documented interface, but is a public virtual member of what
// its documented parsers hold (docs/decisions/0018).
struct StructuralIndex::Parser {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> implementation;
  std::size_t count = 0;
};

StructuralIndex::StructuralIndex() : parser_(std::make_unique<Parser>()) {}
StructuralIndex::~StructuralIndex() = default;
StructuralIndex::StructuralIndex(StructuralIndex&&) noexcept = default;
StructuralIndex& StructuralIndex::operator=(StructuralIndex&&) noexcept = default;

StructuralIndex::Status StructuralIndex::build(const char* text, std::size_t size) {
  constexpr std::size_t kBytesMax = std::size_t{1} << 30;
  assert(size < kBytesMax);
  auto& implementation = parser_->implementation;
  parser_->count = 0;
  if (implementation == nullptr || implementation->capacity() <= size) {
    const std::size_t capacity = std::max<std::size_t>(size + 1, 64 << 10);
    const simdjson::error_code error =
        implementation == nullptr
            ? simdjson::get_active_implementation()->create_dom_parser_implementation(
                  capacity, 1, implementation)
            : implementation->allocate(capacity, 1);
    if (error != simdjson::SUCCESS) throw std::bad_alloc();
  }
  switch (implementation->stage1(reinterpret_cast<const std::uint8_t*>(text), size,
                                 simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS:
      parser_->count = implementation->n_structural_indexes;
      return Status::kWhole;
    case simdjson::EMPTY: return Status::kWhole;
    case simdjson::UNCLOSED_STRING: return Status::kOpenString;
    default: return Status::kBadBytes;
  }
}

std::optional<std::size_t> StructuralIndex::unescape(const char* text, char* into) const {
  auto* out = reinterpret_cast<std::uint8_t*>(into);
  const std::uint8_t* end =
      parser_->implementation->parse_string(reinterpret_cast<const std::uint8_t*>(text), out);
  if (end == nullptr) return std::nullopt;
  return static_cast<std::size_t>(end - out);
}

std::span<const std::uint32_t> StructuralIndex::offsets() const {
  if (parser_->count == 0) return {};
  return {parser_->implementation->structural_indexes.get(), parser_->count};
}

}  // namespace mandate::json
