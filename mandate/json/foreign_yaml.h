// YAML that others wrote for other programs: several documents, implicit types, anchors, aliases,
// merge keys, tags. What Mandate itself takes is `parse_yaml`'s strict subset; this reader is for
// inventories. Each document stands alone: one that is refused leaves the others readable.
//
//   for (YamlDocument& document : parse_foreign_yaml("a: yes\n---\nb: &x [1]\nc: *x\n")) ...
//
// Types follow YAML 1.1 as Kubernetes reads it: null, ~ and nothing are null; true, yes, on and
// their kin are booleans; decimal, hexadecimal and octal integers and decimal floats are numbers;
// all else, dates too, are strings. Tags are passed over, but `!!str` makes a string of a scalar.
// A key is the text of its scalar. `<<` merges; what is written beside it wins. Duplicate keys and
// keys that are no scalars are refused. An alias counts as all the values that it stands for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "mandate/json/value.h"

namespace mandate::json {

struct YamlDocument {
  Result<Value> value;     // lines count from the beginning of the whole text
  std::uint32_t line = 1;  // where the document begins
  std::size_t offset = 0;
};

// Documents that hold nothing are left out. `bounds.bytes_max` and `values_max` are for the whole
// text: past the first there is one document, refused; past the second the rest is.
std::vector<YamlDocument> parse_foreign_yaml(std::string_view text, const Bounds& bounds = {});

}  // namespace mandate::json
