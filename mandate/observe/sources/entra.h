// What a change in a Microsoft Entra directory is: the directory's own audit and the Microsoft 365
// audit name the same operations, each in its own shape.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "mandate/observe/sources/source.h"

namespace mandate::observe::entra {

struct DirectoryChange {
  std::string_view operation;  // "Consent to application", without a full stop
  std::string object;          // what is changed: user, application, domain
  std::string user;            // the user among what is named; empty where there is none
  std::map<std::string, std::string, std::less<>> properties;  // new values, without quotes
};

// Takes `""` and `[" "]` off a value that is JSON in a string.
std::string plain_value(std::string_view value);

// Fills `activity.change`. Precondition: the activity's actor is filled.
void read_change(const DirectoryChange& said, Scratch& scratch, Activity& activity);

}  // namespace mandate::observe::entra
