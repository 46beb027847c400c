// What a part of a scan learned, and its written form: scans of parts, on as many machines as one
// likes, merge in any order and grouping to what one scan of everything would have learned. Rules
// look at the merged whole.
//
//   Part part = ...;                       write_partial(part, sink);
//   Result<Part> read = read_partial(bytes, bounds);   whole.merge(*std::move(read));
//
// The form is lines of JSON, each an object with one member that says what it is: `partial` (the
// format's number), `name` (of a file, which evidence gives by its place among these), `log`,
// `foreign`, `problem`, `remark`, `inventory`, `credential` with its `use` lines, `principal`,
// `issue`, `change`, `fact`, `events` (16 bytes each, ascending, base64url), and `end` with the
// number of lines before it and their SHA-256. Whoever can write a partial can say anything in it:
// it is as trustworthy as the logs.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "mandate/json/record_stream.h"
#include "mandate/observe/summary.h"

namespace mandate::observe {

// Inventories are looked at together, so a part holds them as they are.
struct InventoryFile {
  std::string file;
  std::string text;
  friend auto operator<=>(const InventoryFile&, const InventoryFile&) = default;
};

struct Part {
  Summary summary;
  std::map<std::string, std::string> logs = {};  // by file: the name of the source of its records
  std::set<std::string> foreign = {};            // files that are neither log nor inventory
  std::set<InventoryFile> inventories = {};
  std::set<std::string> problems = {};  // what could not be read, for people
  std::set<std::string> remarks = {};   // of what was read, and how

  void merge(Part&& other);
};

using Sink = std::function<Result<void>(std::string_view)>;

// The same bytes for the same part. Precondition: the summary is settled. Errors are the sink's and
// the disk's.
Result<void> write_partial(const Part& part, const Sink& sink);

// `bad_request` with the line where it is no partial, of another format or cut short;
// `limit_exceeded` past a bound of partial_format.h; else the source's own error. Any other input
// gives back what `write_partial` wrote.
Result<Part> read_partial(json::ByteSource& source, EventBounds bounds);

}  // namespace mandate::observe
