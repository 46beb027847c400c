#include "mandate/observe/operations.h"

#include <algorithm>

#include "mandate/authority/pattern.h"

namespace mandate::observe {
namespace {

constexpr std::string_view kOne = "*";

std::vector<std::string> segments_of(std::string_view identifier) {
  std::vector<std::string> segments;
  for (std::size_t at = 0; at <= identifier.size();) {
    const std::size_t end = std::min(identifier.find('/', at), identifier.size());
    segments.emplace_back(identifier.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

}  // namespace

// The patterns over identifiers are a semilattice, so the order in which they come does not matter:
// of one length, each segment that differs becomes `*`; of several, the rest is what lies behind
// the shortest's last but one.
void Targets::cover(const std::vector<std::string>& segments, bool is_rest) {
  if (segments_.empty() && !is_rest_) {
    segments_ = segments;
    is_rest_ = is_rest;
    return;
  }
  const auto fixed = [](const std::vector<std::string>& of, bool rest) {
    return rest ? of.size() : of.size() - 1;
  };
  const bool becomes_rest = is_rest_ || is_rest || segments_.size() != segments.size();
  std::size_t size = segments.size();
  if (becomes_rest) size = std::min(fixed(segments_, is_rest_), fixed(segments, is_rest));
  segments_.resize(size);
  for (std::size_t i = 0; i < size; ++i) {
    if (segments_[i] != segments[i]) segments_[i] = kOne;
  }
  is_rest_ = becomes_rest;
}

void Targets::forget_names() {
  *this = {};
  is_nameless_ = true;
}

void Targets::add(std::string_view target) {
  if (is_nameless_ || few_.contains(target)) return;
  const bool covers_all = is_many_ && segments_.empty();
  if (covers_all && !target.empty()) return;
  const auto identifier = Identifier::parse(target);
  if (!identifier) return forget_names();
  cover(segments_of(identifier->text()), false);
  if (is_many_) return;
  few_.insert(identifier->text());
  is_many_ = few_.size() > kFewMax;
  if (is_many_) few_.clear();
}

void Targets::merge(const Targets& other) {
  if (is_nameless_) return;
  if (other.is_nameless_) return forget_names();
  if (!other.segments_.empty() || other.is_rest_) cover(other.segments_, other.is_rest_);
  is_many_ = is_many_ || other.is_many_;
  if (!is_many_) few_.insert(other.few_.begin(), other.few_.end());
  is_many_ = is_many_ || few_.size() > kFewMax;
  if (is_many_) few_.clear();
}

std::optional<std::vector<std::string>> Targets::patterns() const {
  if (is_nameless_ || segments_.empty()) return std::nullopt;
  if (!is_many_) return std::vector<std::string>(few_.begin(), few_.end());
  std::string pattern;
  for (const std::string& segment : segments_) pattern += (pattern.empty() ? "" : "/") + segment;
  return std::vector<std::string>{is_rest_ ? pattern + "/**" : pattern};
}

Operation* Operations::find_or_add(std::uint64_t hash, std::string_view service,
                                   std::string_view action) {
  const auto at =
      std::lower_bound(rows_.begin(), rows_.end(), hash,
                       [](const Operation& row, std::uint64_t h) { return row.hash < h; });
  if (at != rows_.end() && at->hash == hash) return &*at;
  const auto index = at - rows_.begin();
  if (rows_.size() == kMax) {
    are_all_ = false;
    if (at == rows_.end()) return nullptr;
    rows_.pop_back();
  }
  Operation& made = *rows_.emplace(rows_.begin() + index);
  made.hash = hash;
  made.service = service;
  made.action = action;
  return &made;
}

void Operations::add(std::uint64_t hash, std::string_view service, std::string_view action,
                     std::string_view target) {
  if (Operation* row = find_or_add(hash, service, action)) row->targets.add(target);
}

void Operations::merge(const Operations& other) {
  are_all_ = are_all_ && other.are_all_;
  for (const Operation& row : other.rows_) {
    if (Operation* kept = find_or_add(row.hash, row.service, row.action)) {
      kept->targets.merge(row.targets);
    }
  }
}

}  // namespace mandate::observe
