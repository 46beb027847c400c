// Facts that events told (`FactKind` says what each is), one row for each that differs, with the
// events that told it. They merge as summaries do: in any order, to the facts of the whole.
//
//   facts.add({FactKind::kSecretRead, "db/password", "web"}, seen);
//   for (const auto& [said, row] : facts.of(FactKind::kSecretRead)) said.object;   // who read it
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <map>
#include <string>

#include "mandate/observe/activity.h"
#include "mandate/observe/sample.h"

namespace mandate::observe {

struct FactText {
  std::string subject;
  std::string object;
  std::string detail;
  friend auto operator<=>(const FactText&, const FactText&) = default;
};

struct FactRow {
  Instant first = kEndOfTime;
  Instant last = kBeginningOfTime;
  Sample sample;
};

class Facts {
 public:
  static constexpr std::size_t kRowsMax = 1 << 16;  // of a kind; the lowest texts are kept
  static constexpr std::size_t kKinds = static_cast<std::size_t>(FactKind::kDeployed) + 1;
  using Rows = std::map<FactText, FactRow>;

  void add(const Fact& fact, const Seen& seen);
  void merge(const Facts& other);
  // One that was written down; false where it is there, or there are as many as are kept.
  bool put(FactKind kind, FactText text, FactRow row);
  void move_lines(const LinesBefore& lines_before);
  const Rows& of(FactKind kind) const { return rows_[static_cast<std::size_t>(kind)]; }

 private:
  std::array<Rows, kKinds> rows_;
};

}  // namespace mandate::observe
