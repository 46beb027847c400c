// What a command says: results on stdout, as text or JSON; everything else on stderr. Exit codes
// are part of the interface: 0 done, 1 refused or negative, 2 usage, 3 could not.
#pragma once

#include <string>
#include <string_view>

#include "mandate/base/result.h"
#include "mandate/json/value.h"

namespace mandate::app {

inline constexpr int kExitDone = 0;
inline constexpr int kExitRefused = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCouldNot = 3;

enum class Format { kText, kJson, kNdjson, kGraphviz, kGraphml, kOcsf, kSarif, kHtml };

void print(std::string_view text);  // stdout, as it is
void print_json(const json::Value& value);
void note(std::string_view text);  // stderr, with "mandate: " in front
// An error on stderr (and as JSON on stdout where that is asked for); gives the exit code: what
// could not be asked or read is 3, what was refused is 1.
int report(const Error& error, Format format);

// Control characters of outside text, made harmless for a terminal.
std::string printable(std::string_view text);

}  // namespace mandate::app
