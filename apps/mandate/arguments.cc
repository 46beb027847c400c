#include "apps/mandate/arguments.h"

#include <algorithm>

namespace mandate::app {
namespace {

// A jti, a leaf hash, a transaction: base64url of 16 bytes or more, so one in 64 begins with '-'.
bool is_identifier(const std::string& argument) {
  constexpr std::size_t kShortest = 22;
  return argument.size() >= kShortest && argument[0] == '-' && argument[1] != '-' &&
         argument.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
             "-_") == std::string::npos;
}

}  // namespace

std::vector<std::string> arguments_of(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto identifiers = std::stable_partition(
      arguments.begin(), arguments.end(), [](const std::string& a) { return !is_identifier(a); });
  if (identifiers != arguments.end()) arguments.insert(identifiers, "--");
  if (std::find(arguments.begin(), arguments.end(), "--partial") != arguments.end()) {
    std::replace(arguments.begin(), arguments.end(), std::string("-o"), std::string("--out"));
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

}  // namespace mandate::app
