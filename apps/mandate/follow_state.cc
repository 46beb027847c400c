#include "apps/mandate/follow_state.h"

#include <algorithm>
#include <filesystem>

#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"
#include "mandate/json/line.h"

namespace mandate::app {
namespace {

constexpr std::size_t kHashBytes = 12;
constexpr std::size_t kEventsKept = 8;  // of a finding: enough that one of them stays
constexpr std::size_t kStateBytesMax = 256 << 20;
constexpr std::string_view kVersion = "1";

std::string short_hash(const json::Value& value) {
  return encode_base64url(view(crypto::sha256(json::to_line(value))).substr(0, kHashBytes));
}

std::string subject_of(const observe::Finding& finding) {
  return short_hash(json::Value::array({finding.rule, finding.principal, finding.credential}));
}

std::vector<std::string> events_of(const observe::Finding& finding) {
  std::vector<std::string> events;
  for (const observe::Evidence& evidence : finding.evidence) {
    const bool has_id = !evidence.event_id.empty();
    events.push_back(
        has_id ? short_hash(json::Value(evidence.event_id))
               : short_hash(json::Value::array({evidence.file, std::to_string(evidence.offset)})));
  }
  return events;
}

std::string text_at(const json::Value& value, std::string_view key) {
  const json::Value* found = value.find(key);
  return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

const json::Array& items_at(const json::Value& value, std::string_view key) {
  static const json::Array kNone;
  const json::Value* found = value.find(key);
  return found != nullptr && found->is_array() ? found->as_array() : kNone;
}

}  // namespace

Result<FollowState> FollowState::open(std::string path, store::FileSystem& files) {
  FollowState state(std::move(path), files);
  if (state.path_.empty()) return state;
  if (Result<void> loaded = state.load(); !loaded) return fail(loaded.error());
  return state;
}

Result<void> FollowState::load() {
  const Result<std::optional<store::FileInfo>> info = files_->info(path_);
  if (!info) return fail(info.error());
  if (!*info) return {};
  constexpr unsigned kOthers = 077;
  if (((*info)->mode & kOthers) != 0) {
    return fail(Reason::kBadRequest,
                mandate::quoted(path_) + " is open to others; expected mode 0600, as it is made");
  }
  if ((*info)->size > kStateBytesMax) {
    return fail(Reason::kBadRequest,
                mandate::quoted(path_) + " is no state of scan: it is too large");
  }
  Result<std::unique_ptr<store::File>> file = files_->open(path_, store::OpenMode::kRead);
  if (!file) return fail(file.error());
  const Result<std::string> text = (*file)->read(0, (*info)->size);
  if (!text) return fail(text.error());
  const Result<json::Value> state = json::parse(*text, {.bytes_max = kStateBytesMax,
                                                        .depth_max = limits::kJsonDepthMax,
                                                        .values_max = limits::kDocumentValuesMax});
  if (!state || text_at(*state, "mandate_follow") != kVersion) {
    return fail(Reason::kBadRequest, mandate::quoted(path_) + " is no state of scan --follow");
  }
  return read(*state);
}

Result<void> FollowState::read(const json::Value& state) {
  for (const json::Value& row : items_at(state, "told")) {
    Told told{text_at(row, "of"), {}};
    for (const json::Value& event : items_at(row, "events")) {
      if (event.is_string()) told.events.push_back(event.as_string());
    }
    remember(std::move(told));
  }
  for (const json::Value& row : items_at(state, "outbox")) {
    outbox_.push_back(
        {text_at(row, "id"), text_at(row, "severity"), text_at(row, "rule"), text_at(row, "text")});
  }
  return {};
}

bool FollowState::is_told(const std::string& subject,
                          const std::vector<std::string>& events) const {
  const auto known = events_.find(subject);
  if (known == events_.end()) return false;
  return std::any_of(events.begin(), events.end(),
                     [&](const std::string& event) { return known->second.contains(event); });
}

void FollowState::remember(Told told) {
  std::multiset<std::string>& events = events_[told.subject];
  events.insert(told.events.begin(), told.events.end());
  told_.push_back(std::move(told));
  if (told_.size() <= kToldMax) return;
  const Told& oldest = told_.front();
  const auto known = events_.find(oldest.subject);
  for (const std::string& event : oldest.events) {
    known->second.erase(known->second.find(event));
  }
  if (known->second.empty()) events_.erase(known);
  told_.pop_front();
}

std::size_t FollowState::take(const std::vector<observe::Finding>& findings, const Render& render) {
  std::size_t taken = 0;
  for (const observe::Finding& finding : findings) {
    Told told{subject_of(finding), events_of(finding)};
    if (is_told(told.subject, told.events)) continue;
    if (told.events.size() > kEventsKept) told.events.resize(kEventsKept);
    remember(std::move(told));
    outbox_.push_back(
        {finding.id, std::string(name(finding.severity)), finding.rule, render(finding)});
    ++taken;
  }
  while (outbox_.size() > kOutboxMax) {
    outbox_.pop_front();
    ++dropped_;
  }
  return taken;
}

Result<void> FollowState::save() {
  if (path_.empty()) return {};
  json::Array told;
  for (const Told& row : told_) {
    told.push_back(json::Value::object(
        {{"of", row.subject}, {"events", json::Array(row.events.begin(), row.events.end())}}));
  }
  json::Array outbox;
  for (const Outgoing& row : outbox_) {
    outbox.push_back(json::Value::object(
        {{"id", row.id}, {"severity", row.severity}, {"rule", row.rule}, {"text", row.text}}));
  }
  const std::string text = json::to_line(json::Value::object({{"mandate_follow", kVersion},
                                                              {"told", std::move(told)},
                                                              {"outbox", std::move(outbox)}})) +
                           "\n";
  const std::string next = path_ + ".next";
  Result<std::unique_ptr<store::File>> file = files_->open(next, store::OpenMode::kReplace);
  if (!file) return fail(file.error());
  if (Result<void> written = (*file)->write(0, text); !written) return written;
  if (Result<void> synced = (*file)->sync(); !synced) return synced;
  if (Result<void> renamed = files_->rename(next, path_); !renamed) return renamed;
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  return files_->sync_directory(folder.empty() ? "." : folder.string());
}

}  // namespace mandate::app
