// Rows of a partial, read strictly: every member there, none beside, texts and lists within what a
// summary keeps.
//
//   Use use;   Result<void> read = read_row(value, "use", names, use);
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "mandate/json/value.h"
#include "mandate/observe/summary.h"

namespace mandate::observe {

// `what` names the row in messages; `names` are the files, by their place. `bad_request` with what
// was expected.
Result<void> read_row(const json::Value& value, std::string_view what,
                      std::span<const std::string> names, Use& row);
Result<void> read_row(const json::Value& value, std::string_view what,
                      std::span<const std::string> names, Operation& row);
Result<void> read_row(const json::Value& value, std::string_view what,
                      std::span<const std::string> names, ChangeRow& row);
Result<void> read_row(const json::Value& value, std::string_view what,
                      std::span<const std::string> names, FactKind& kind, FactText& text,
                      FactRow& row);
// Gives the row's name.
Result<std::string> read_named_row(const json::Value& value, std::string_view what,
                                   std::span<const std::string> names, CredentialRow& row);
Result<std::string> read_named_row(const json::Value& value, std::string_view what,
                                   std::span<const std::string> names, PrincipalRow& row);
Result<std::string> read_named_row(const json::Value& value, std::string_view what,
                                   std::span<const std::string> names, IssueRow& row);

}  // namespace mandate::observe
