#include "mandate/observe/operations.h"

#include <algorithm>

#include "mandate/authority/pattern.h"
#include "mandate/base/limits.h"

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
void Targets::widen(const Cover& other) {
  if (!many_) {
    many_ = other;
    return;
  }
  const auto fixed = [](const Cover& of) {
    return of.is_rest ? of.segments.size() : of.segments.size() - 1;
  };
  Cover& cover = *many_;
  const bool is_one_length = cover.segments.size() == other.segments.size();
  const bool becomes_rest = cover.is_rest || other.is_rest || !is_one_length;
  if (becomes_rest) cover.segments.resize(std::min(fixed(cover), fixed(other)));
  for (std::size_t i = 0; i < cover.segments.size(); ++i) {
    if (cover.segments[i] != other.segments[i]) cover.segments[i] = kOne;
  }
  cover.is_rest = becomes_rest;
}

// Quick, and sure only where it says yes: of ASCII text whose segments the pattern matches.
bool Targets::is_covered(std::string_view target) const {
  const bool is_plain = target.size() <= limits::kIdentifierBytesMax &&
                        std::all_of(target.begin(), target.end(),
                                    [](char c) { return c > ' ' && c < 0x7f && c != '*'; });
  if (!is_plain) return false;
  std::size_t at = 0;
  std::size_t count = 0;
  for (; at <= target.size(); ++count) {
    const std::size_t end = std::min(target.find('/', at), target.size());
    const std::string_view segment = target.substr(at, end - at);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (count < many_->segments.size()) {
      const std::string& wanted = many_->segments[count];
      if (wanted != kOne && wanted != segment) return false;
    } else if (!many_->is_rest) {
      return false;
    }
    at = end + 1;
  }
  const std::size_t least = many_->segments.size() + (many_->is_rest ? 1 : 0);
  return count >= least && count <= limits::kIdentifierSegmentsMax;
}

void Targets::forget_names() {
  *this = {};
  is_nameless_ = true;
}

void Targets::add_to_few(std::string name) {
  const auto at = std::lower_bound(few_.begin(), few_.end(), name);
  if (at != few_.end() && *at == name) return;
  few_.insert(at, std::move(name));
  if (few_.size() <= kFewMax) return;
  for (const std::string& each : few_) widen({segments_of(each), false});
  few_ = {};
}

void Targets::add(std::string_view target) {
  if (is_nameless_ || (many_ && is_covered(target))) return;
  const auto identifier = Identifier::parse(target);
  if (!identifier) return forget_names();
  if (many_) return widen({segments_of(identifier->text()), false});
  add_to_few(identifier->text());
}

void Targets::merge(const Targets& other) {
  if (is_nameless_) return;
  if (other.is_nameless_) return forget_names();
  if (other.many_) {
    widen(*other.many_);
    for (const std::string& each : few_) widen({segments_of(each), false});
    few_ = {};
  }
  for (const std::string& each : other.few_) add(each);
}

Targets::Parts Targets::parts() const {
  Parts parts{.few = few_, .many = {}, .is_nameless = is_nameless_};
  if (many_) parts.many = many_->segments;
  parts.is_rest = many_ && many_->is_rest;
  return parts;
}

std::optional<Targets> Targets::of(const Parts& parts) {
  const auto is_segment = [](const std::string& text) {
    const bool is_one = text.find('/') == std::string::npos;
    const auto identifier = Identifier::parse(text);
    return is_one && (text == kOne || (identifier && identifier->text() == text));
  };
  const int ways = (parts.few.empty() ? 0 : 1) + (parts.many ? 1 : 0) + (parts.is_nameless ? 1 : 0);
  if (ways > 1 || (parts.is_rest && !parts.many) || parts.few.size() > kFewMax) return std::nullopt;
  Targets targets;
  for (const std::string& name : parts.few) {
    const auto identifier = Identifier::parse(name);
    if (!identifier || identifier->text() != name) return std::nullopt;
    targets.add_to_few(name);
  }
  if (parts.many) {
    const std::vector<std::string>& segments = *parts.many;
    const bool is_pattern = (!segments.empty() || parts.is_rest) &&
                            segments.size() <= limits::kIdentifierSegmentsMax &&
                            std::all_of(segments.begin(), segments.end(), is_segment);
    if (!is_pattern) return std::nullopt;
    targets.many_ = {segments, parts.is_rest};
  }
  targets.is_nameless_ = parts.is_nameless;
  return targets;
}

std::optional<std::vector<std::string>> Targets::patterns() const {
  if (!few_.empty()) return few_;
  if (!many_ || many_->segments.empty()) return std::nullopt;
  std::string pattern;
  for (const std::string& segment : many_->segments) {
    pattern += (pattern.empty() ? "" : "/") + segment;
  }
  return std::vector<std::string>{many_->is_rest ? pattern + "/**" : pattern};
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

bool Operations::add(const Operation& operation) {
  if (rows_.size() == kMax) return false;
  Operation* kept = find_or_add(operation.hash, operation.service, operation.action);
  kept->targets.merge(operation.targets);
  return true;
}

}  // namespace mandate::observe
