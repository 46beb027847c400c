#include "mandate/observe/scan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "mandate/json/record_lines.h"

namespace mandate::observe {
namespace {

// Where shippers, buses and search engines put the records that they were given: as an object, as
// an array, or as JSON in a string.
constexpr std::string_view kWrappers[] = {
    "CloudTrailEvent", "AuditData", "message",        "@message",    "Message",
    "_source",         "log",       "event.original", "_raw",        "log_s",
    "properties.log",  "detail",    "event",          "result._raw", "result",
    "data.events",     "data",      "events",         "hits.hits"};
constexpr int kWrappersDeep = 3;  // a search engine's answer, its hit, the shipper's text in it

void count(json::Damage::Row& row, std::uint64_t offset) {
  if (row.count++ == 0) row.first_offset = offset;
}

// What follows in the same input, or lies within a record of it.
void add_row(json::Damage::Row& row, const json::Damage::Row& more) {
  if (more.count == 0) return;
  row.first_offset =
      row.count == 0 ? more.first_offset : std::min(row.first_offset, more.first_offset);
  row.count += more.count;
}

// As some stores of logs keep them: the outermost members' names in lower case.
std::string in_lower_case(std::string_view path) {
  std::string lower(path);
  const std::size_t end = std::min(lower.find('.'), lower.size());
  for (std::size_t i = 0; i < end; ++i) {
    if (lower[i] >= 'A' && lower[i] <= 'Z') lower[i] = static_cast<char>(lower[i] - 'A' + 'a');
  }
  return lower;
}

json::Projection in_lower_case(const Source& source) {
  std::vector<std::string> lower;
  for (const std::string_view path : source.paths) {
    const std::string other = in_lower_case(path);
    // A source may name both by itself, or two that differ in case.
    const bool is_named =
        std::find(source.paths.begin(), source.paths.end(), other) != source.paths.end() ||
        std::find(lower.begin(), lower.end(), other) != lower.end();
    lower.push_back(is_named ? std::string(path) : other);
  }
  const std::vector<std::string_view> paths(lower.begin(), lower.end());
  return json::Projection(paths);
}

bool has_upper_case(const Source& source) {
  return std::any_of(source.paths.begin(), source.paths.end(),
                     [](std::string_view path) { return in_lower_case(path) != path; });
}

}  // namespace

struct Scan::Reader {
  explicit Reader(const Source& s) : Reader(s, json::Projection(s.paths)) {}
  Reader(const Source& s, json::Projection wanted)
      : source(&s), projection(std::move(wanted)), slots(s.paths.size()) {}
  const Source* source;
  json::Projection projection;
  std::vector<json::Slot> slots;
};

Scan::Scan(EventBounds bounds)
    : wrappers_(std::make_unique<json::Projection>(kWrappers)), summary_(std::move(bounds)) {
  for (const Source* source : all_sources()) readers_.emplace_back(*source);
  for (const Source* source : all_sources()) {
    if (has_upper_case(*source)) readers_.emplace_back(*source, in_lower_case(*source));
  }
}
Scan::~Scan() = default;
Scan::Scan(Scan&&) noexcept = default;

Reading Scan::offer(Reader& reader, const Place& place, FileReport& report) {
  scratch_.clear();
  Activity activity;
  const Reading reading = reader.source->read(reader.slots, scratch_, activity);
  if (reading == Reading::kActivity) {
    if (activity.time == kUntimed) count(report.untimed, place.offset);
    summary_.add(activity, place);
    ++report.activities;
    Place next = place;
    for (const Activity& further : scratch_.more) {
      ++next.part;
      summary_.add(further, next);
      ++report.activities;
    }
  } else if (reading == Reading::kUnusable) {
    count(report.unusable, place.offset);
  }
  if (reading != Reading::kNotMine && report.source.empty()) report.source = reader.source->name;
  return reading;
}

// The record is in the slots of the current reader.
bool Scan::take(json::RecordStream& in, const Place& place, FileReport& report) {
  if (offer(readers_[current_], place, report) != Reading::kNotMine) return true;
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    if (i == current_) continue;
    in.read(readers_[i].projection, readers_[i].slots);
    if (offer(readers_[i], place, report) == Reading::kNotMine) continue;
    current_ = i;
    return true;
  }
  return false;
}

bool Scan::take_wrapped(json::RecordStream& in, const Place& place, int levels,
                        FileReport& report) {
  std::vector<json::Slot> slots(std::size(kWrappers));
  in.read(*wrappers_, slots);
  for (const json::Slot& slot : slots) {
    // Prose that quotes a record is none: whoever writes the prose would write the log.
    const std::size_t first = slot.text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || (slot.text[first] != '{' && slot.text[first] != '[')) {
      continue;
    }
    json::MemorySource text(slot.text);
    json::RecordStream inner(text, all_envelopes(), slot.text.size() + 1);
    bool taken = false;
    std::uint64_t foreign = 0;
    while (inner.next(readers_[current_].projection, readers_[current_].slots)) {
      Place inside = place;
      inside.record = inner.record();
      const bool is_known = take(inner, inside, report) ||
                            (levels > 1 && take_wrapped(inner, inside, levels - 1, report));
      taken = taken || is_known;
      foreign += is_known ? 0 : 1;
    }
    if (!taken) continue;
    for (; foreign > 0; --foreign) count(report.unrecognised, place.offset);
    for (std::size_t i = 0; i < json::Damage::kKinds; ++i) {
      const auto kind = static_cast<json::Damage::Kind>(i);
      if (inner.damage().of(kind).count > 0) report.damage.add(kind, place.offset);
    }
    return true;
  }
  return false;
}

void FileReport::append(const FileReport& next) {
  if (source.empty()) source = next.source;
  bytes = next.bytes;
  lines += next.lines;
  activities += next.activities;
  add_row(unrecognised, next.unrecognised);
  add_row(unusable, next.unusable);
  add_row(untimed, next.untimed);
  for (std::size_t i = 0; i < json::Damage::kKinds; ++i) {
    add_row(damage.rows[i], next.damage.rows[i]);
  }
  if (!error) error = next.error;
}

void Scan::read(std::string_view file, json::ByteSource& source, Start start) {
  json::RecordLines lines(source, !start.is_lines);
  json::RecordStream in(lines, all_envelopes());
  read(file, in, start);
}

bool Scan::read_piece(std::string_view file, json::ByteSource& source,
                      const json::RecordStream::Piece& piece) {
  json::RecordStream in(source, all_envelopes(), piece);
  read(file, in, {});
  return in.is_sound_piece();
}

void Scan::read(std::string_view file, json::RecordStream& in, const Start& start) {
  FileReport report;
  report.file = file;
  while (in.next(readers_[current_].projection, readers_[current_].slots)) {
    const Place place{file, start.offset + in.offset(), {in, start.line - 1}, in.record()};
    if (take(in, place, report) || take_wrapped(in, place, kWrappersDeep, report)) continue;
    count(report.unrecognised, in.offset());
  }
  report.bytes = in.bytes();
  report.lines = in.lines();
  for (std::size_t i = 0; i < json::Damage::kKinds; ++i) {
    add_row(report.damage.rows[i], in.damage().rows[i]);
  }
  report.error = in.read_error();
  files_.push_back(std::move(report));
}

void Scan::merge(Scan&& other) {
  summary_.merge(std::move(other.summary_));
  for (FileReport& report : other.files_) files_.push_back(std::move(report));
}

}  // namespace mandate::observe
