// An authority as a record keeps a million of them: what permissions say beside their identifier
// (their terms) stands once for all that say it, so that one with an identifier of its own is a
// pointer and the identifier. It is read where it lies, in memory that its owner never moves.
//
//   StoredAuthority::Part part{&terms, "queue/7"};   // terms: a Permission without identifier
//   const StoredAuthority* stored =
//       StoredAuthority::make(memory_of(StoredAuthority::size_of({&part, 1})), {&part, 1});
//   stored->permits(request, inputs);   stored->whole() == Authority of that permission
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "mandate/authority/authority.h"

namespace mandate {

class StoredAuthority {
 public:
  struct Part {
    const Permission* terms = nullptr;           // outlives what is made of it
    std::optional<std::string_view> identifier;  // the text of a Pattern
    friend bool operator==(const Part&, const Part&) = default;
  };

  // In bytes.
  static std::size_t size_of(std::span<const Part> parts);
  // In that much memory, aligned as this class is. Precondition: the parts are those of an
  // Authority, in its order.
  static const StoredAuthority* make(void* memory, std::span<const Part> parts);

  std::size_t size() const { return size_; }
  // Precondition: index < size().
  Part operator[](std::size_t index) const;

  // Asks the memory for it: it will be read soon.
  void read_ahead() const { __builtin_prefetch(this); }
  Coverage permits(const AccessRequest& request, const ConstraintInputs& inputs) const;
  // As a value: to meet it with another, or to write it.
  Authority whole() const;
  friend bool operator==(const StoredAuthority& stored, const Authority& authority);

 private:
  explicit StoredAuthority(std::size_t size) : size_(size) {}
  struct Slot {
    const Permission* terms;
    std::uint32_t text_at;  // from the object's beginning; 0: every identifier
    std::uint32_t text_bytes;
  };
  const Slot* slots() const { return reinterpret_cast<const Slot*>(this + 1); }

  std::size_t size_;
};

// Whether two permissions differ in their identifier at most.
bool same_terms(const Permission& a, const Permission& b);

}  // namespace mandate
