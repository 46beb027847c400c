// Members of values in which sources look for what a projection cannot name: lists of parameters,
// targets, bindings.
//
//   text_at(value, {"actor", "email"}) == "ann@acme.example"
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "mandate/json/projection.h"
#include "mandate/json/value.h"
#include "mandate/observe/sources/source.h"

namespace mandate::observe {

// What the slot holds, where it is sound JSON; a string that holds JSON counts as that.
std::optional<json::Value> value_in(const json::Slot& slot);

// By member names, one level each; nullptr where one is missing.
const json::Value* value_at(const json::Value& value, std::initializer_list<std::string_view> path);

// The string there; empty for every other kind.
std::string_view text_at(const json::Value& value, std::initializer_list<std::string_view> path);

// The items of the array there; none for every other kind.
const json::Array& items_at(const json::Value& value, std::initializer_list<std::string_view> path);

// Mail addresses that name accounts, in lower case: one log writes the same account in several
// ways.
void unify_accounts(Scratch& scratch, Activity& activity);

// The first slot that holds a string that is not empty.
std::string_view first_string(std::span<const json::Slot> slots,
                              std::initializer_list<std::size_t> of);

}  // namespace mandate::observe
