// A large file, cut into pieces that threads read side by side: between two records, as its
// beginning shows what stands between records. Reading shows whether each cut was one.
//
//   std::vector<FileCut> cuts = cut_file(*file);   // empty: to be read as a whole
#pragma once

#include <cstdint>
#include <vector>

#include "apps/mandate/input_files.h"
#include "mandate/json/record_stream.h"

namespace mandate::app {

struct FileCut {
  std::uint64_t end = 0;
  json::RecordStream::Piece piece;  // with its beginning
};

inline constexpr std::uint64_t kPieceBytes = 16 << 20;

std::vector<FileCut> cut_file(const WholeFile& file, std::uint64_t piece_bytes = kPieceBytes);

}  // namespace mandate::app
