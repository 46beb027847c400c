// One record of a structural index: its members that a projection wants, and where it ends. Of what
// is passed over only the brackets are looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mandate/json/projection.h"

namespace mandate::json {

class Walk {
 public:
  enum class End : std::uint8_t {
    kWhole,
    kOpen,  // the tokens end before the record does
    kMalformed,
    kTooDeep,
    kEnvelope,  // a member of `envelopes` holds an array of objects: `token` is its first
  };

  // Precondition: text[tokens.back() of the index past the end] is '\0' and may be read.
  Walk(const char* text, std::span<const std::uint32_t> tokens, std::size_t token)
      : text_(text), first_(tokens.data()), at_(first_ + token), end_(first_ + tokens.size()) {}

  // The object at the token. `envelopes` may be null.
  End record(const Projection& wanted, const Projection* envelopes, std::span<Slot> slots);
  // Passes over the value at the token.
  End skip();
  // Where reading stopped: past the value where it is whole.
  std::size_t token() const { return static_cast<std::size_t>(at_ - first_); }

 private:
  char peek() const { return text_[*at_]; }
  End failed() const { return at_ == end_ ? End::kOpen : End::kMalformed; }
  End object(std::uint16_t node, bool is_top);
  End array(std::uint16_t node);
  End value(std::uint16_t node);
  bool is_envelope(std::string_view name) const;

  const char* text_;
  const std::uint32_t* first_;
  const std::uint32_t* at_;
  const std::uint32_t* end_;
  const Projection* wanted_ = nullptr;
  const Projection* envelopes_ = nullptr;
  std::span<Slot> slots_;
};

}  // namespace mandate::json
