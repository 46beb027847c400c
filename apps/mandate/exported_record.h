// A record, folded again from the lines that `mandate audit export` writes: what stood when it was
// taken. Lines of journals are passed over. Nothing here is verified: `mandate audit verify` does.
//
//   ExportedRecord record;   record.add(line, {.file = "export.ndjson", .line = 7});
//   record.state() != nullptr   // some line was the record's
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "mandate/base/result.h"
#include "mandate/observe/finding.h"
#include "mandate/record/state.h"

namespace mandate::app {

class ExportedRecord {
 public:
  // The same line again is passed over. Refuses what is no line of an export, a second record, one
  // without its beginning, and an entry that no record of ours could hold.
  Result<void> add(std::string_view line, observe::Evidence place);

  // nullptr: no line was a record's. Published up to the last line.
  const record::State* state() const { return state_.get(); }
  // Where the newest definition of a node stands; its entry is named ORIGIN#INDEX.
  observe::Evidence place(record::NodeKind kind, std::string_view id) const;

 private:
  std::string origin_;
  std::unique_ptr<record::State> state_;
  std::map<std::pair<record::NodeKind, std::string>, observe::Evidence> places_;
};

}  // namespace mandate::app
