#include "mandate/service/form.h"

#include <algorithm>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"

namespace mandate::service {
namespace {

bool may_repeat(std::string_view name) { return name == "resource" || name == "audience"; }

}  // namespace

Result<Form> Form::parse(const std::vector<std::pair<std::string, std::string>>& parameters,
                         std::initializer_list<std::string_view> known) {
  if (parameters.size() > limits::kFormParametersMax) {
    return fail(Reason::kLimitExceeded, "the form has " + std::to_string(parameters.size()) +
                                            " parameters; expected at most " +
                                            std::to_string(limits::kFormParametersMax));
  }
  Form form;
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : parameters) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return fail(Reason::kBadRequest, "unknown parameter " + quoted(name));
    }
    const bool again = std::find(seen.begin(), seen.end(), name) != seen.end();
    if (again && !may_repeat(name)) {
      return fail(Reason::kBadRequest,
                  "parameter " + quoted(name) + " is there more than once; expected one");
    }
    seen.push_back(name);
    if (!value.empty()) form.values_.emplace_back(name, value);
  }
  return form;
}

std::optional<std::string_view> Form::find(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Form::all(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : values_) {
    if (key == name) found.push_back(value);
  }
  return found;
}

Result<std::string_view> Form::required(std::string_view name, Place place) const {
  if (std::optional<std::string_view> value = find(name)) return *value;
  return fail(Reason::kBadRequest, place, "parameter " + quoted(name) + " is missing");
}

}  // namespace mandate::service
