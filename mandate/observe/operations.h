// What a credential was used for, from one place by one program: operations, each with the things
// it was done to; all of them while they are few, then the narrowest pattern over them. Bounded,
// and the same whatever the order in which it was gathered.
//
//   Operations done;
//   done.add("s3.amazonaws.com", "GetObject", "bucket/a");   done.add(..., "bucket/b");
//   done.rows()[0].targets.patterns()   // {"bucket/a", "bucket/b"}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mandate::observe {

// What an operation was done to, as identifiers of a permission (mandate/authority/pattern.h).
class Targets {
 public:
  static constexpr std::size_t kFewMax = 8;

  // Empty, or no identifier: done to what no pattern can name, and no pattern serves any more.
  void add(std::string_view target);
  void merge(const Targets& other);

  // As it is written down. None where no adding makes it: names that are no identifiers or too
  // many, names beside a pattern.
  struct Parts {
    std::vector<std::string> few;
    std::optional<std::vector<std::string>> many;  // a pattern's segments
    bool is_rest = false;                          // `**` follows them
    bool is_nameless = false;
  };
  Parts parts() const;
  static std::optional<Targets> of(const Parts& parts);

  // What permits all of it and, among patterns, nothing more; nothing where only every identifier
  // does.
  std::optional<std::vector<std::string>> patterns() const;
  // Those that are known one by one, sorted: all, while they are few.
  const std::vector<std::string>& few() const { return few_; }

  friend bool operator==(const Targets&, const Targets&) = default;

 private:
  // The narrowest pattern over many: its segments, and whether `**` follows them.
  struct Cover {
    std::vector<std::string> segments;
    bool is_rest = false;
    friend bool operator==(const Cover&, const Cover&) = default;
  };
  void forget_names();
  void add_to_few(std::string name);
  void widen(const Cover& other);
  bool is_covered(std::string_view target) const;

  std::vector<std::string> few_;  // empty once there are more
  std::optional<Cover> many_;
  bool is_nameless_ = false;
};

struct Operation {
  std::uint64_t hash = 0;
  std::string service;
  std::string action;
  Targets targets;

  friend bool operator==(const Operation&, const Operation&) = default;
};

class Operations {
 public:
  static constexpr std::size_t kMax = 512;  // those with the lowest hashes are kept

  // `hash` is of service and action.
  void add(std::uint64_t hash, std::string_view service, std::string_view action,
           std::string_view target);
  void merge(const Operations& other);
  // One that was written down; false where there are as many as are kept.
  bool add(const Operation& operation);
  void set_are_all(bool are_all) { are_all_ = are_all; }

  const std::vector<Operation>& rows() const { return rows_; }
  bool are_all() const { return are_all_; }

  friend bool operator==(const Operations&, const Operations&) = default;

 private:
  Operation* find_or_add(std::uint64_t hash, std::string_view service, std::string_view action);

  std::vector<Operation> rows_;  // by hash
  bool are_all_ = true;
};

}  // namespace mandate::observe
