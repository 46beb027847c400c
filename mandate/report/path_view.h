// A verified path for people: as text, and as a Graphviz graph. Every name is escaped: what stands
// in an entry came from outside.
#pragma once

#include <string>

#include "mandate/json/value.h"

namespace mandate::report {

// `path` as `service::verify_path` gives it.
std::string path_text(const json::Value& path);
std::string path_graphviz(const json::Value& path);

}  // namespace mandate::report
