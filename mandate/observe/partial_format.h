// What writer and reader of partials agree on beside the members of rows: the format's number, and
// how much stands on one line.
//
//   if (format != partial_format::kNumber) refuse(...);
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mandate::observe::partial_format {

inline constexpr std::int64_t kNumber = 1;
inline constexpr std::size_t kEntryBytes = 16;
inline constexpr std::size_t kEventsBytes = 4096 * kEntryBytes;  // on a line, before base64url
inline constexpr std::size_t kInventoryBytes = 512 << 10;        // on a line, before base64url

// Kinds of lines, in their order in the file; `use` lines follow their credential's, and
// `operation` lines their use's.
inline constexpr std::array<std::string_view, 17> kKinds = {
    "partial", "log",        "foreign", "problem",   "remark",    "inventory",
    "name",    "credential", "use",     "operation", "principal", "issued_with",
    "issue",   "change",     "fact",    "events",    "end"};

// What a reader takes.
inline constexpr std::size_t kLineBytesMax = 4 << 20;
inline constexpr std::size_t kLinesMax = 200'000'000;
inline constexpr std::size_t kNamesMax = 10'000'000;  // of files
inline constexpr std::size_t kNameBytesMax = 16 << 10;
inline constexpr std::size_t kDepthMax = 8;

static_assert(2 * kInventoryBytes < kLineBytesMax && 2 * kEventsBytes < kLineBytesMax);

}  // namespace mandate::observe::partial_format
