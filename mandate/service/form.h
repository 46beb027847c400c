// The parameters of a form post, each at most once (RFC 6749 section 3.2); an empty one counts as
// left out. `resource` alone may repeat (RFC 8707): the use case decides.
//
//   Result<Form> form = Form::parse(call.parameters, {"grant_type", "resource"});
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/base/result.h"

namespace mandate::service {

class Form {
 public:
  // Refuses (`bad_request`) what is duplicated or not among `known`.
  static Result<Form> parse(const std::vector<std::pair<std::string, std::string>>& parameters,
                            std::initializer_list<std::string_view> known);
  std::optional<std::string_view> find(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  Result<std::string_view> required(std::string_view name, Place place = Place::kRequest) const;

 private:
  std::vector<std::pair<std::string_view, std::string_view>> values_;
};

}  // namespace mandate::service
