// The documents of an inventory's file, whichever way it is written: one JSON value, a JSON array,
// NDJSON, several YAML documents. Each comes with its place; what cannot be read is said and passed
// over.
//
//   DocumentReader reader(0, text);
//   reader.read([&](const json::Value& value) { ... reader.place_of(value) ... }, skipped);
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/json/value.h"
#include "mandate/observe/finding.h"

namespace mandate::observe {

// In one of the files given: what evidence is made of.
struct InventoryPlace {
  std::uint32_t file = 0;    // number of the file, in the order of giving
  std::uint32_t line = 0;    // from 1
  std::uint64_t offset = 0;  // of the line's beginning, or of the record's in NDJSON
};

struct SkippedDocument {
  InventoryPlace place;
  std::string reason;
};

class DocumentReader {
 public:
  // `text` is the whole file, decompressed; it must outlive the reader.
  DocumentReader(std::uint32_t file, std::string_view text);

  // Calls `take` for each document; items of a top-level array are documents.
  void read(const std::function<void(const json::Value&)>& take,
            std::vector<SkippedDocument>& skipped);
  // Of a value of the document that `take` holds.
  InventoryPlace place_of(const json::Value& value) const;

 private:
  bool read_json(const std::function<void(const json::Value&)>& take);
  bool read_lines(const std::function<void(const json::Value&)>& take,
                  std::vector<SkippedDocument>& skipped);
  void read_yaml(const std::function<void(const json::Value&)>& take,
                 std::vector<SkippedDocument>& skipped);
  void hand_over(const json::Value& value, const std::function<void(const json::Value&)>& take);
  InventoryPlace at_line(std::uint32_t line) const;

  std::uint32_t file_;
  std::string_view text_;
  std::vector<std::uint64_t> line_starts_;
  std::uint32_t lines_before_ = 0;  // of the document in hand
  std::string json_error_;
};

}  // namespace mandate::observe
