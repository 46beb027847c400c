#include "apps/mandate/exported_record.h"

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/json/value.h"

namespace mandate::app {
namespace {

constexpr std::string_view kRecord = "/log/record";
// An entry, with its place and its leaf around it.
constexpr json::Bounds kLine{.bytes_max = 2 * limits::kLogEntryBytesMax,
                             .depth_max = limits::kJsonDepthMax + 1,
                             .values_max = limits::kJsonMembersMax};

// A principal that was discovered is defined by that.
std::pair<record::NodeKind, std::string> defined_by(const record::Change& change) {
  if (const auto* discovered = std::get_if<record::Discovered>(&change)) {
    return {record::NodeKind::kPrincipal, discovered->principal.text()};
  }
  const auto* put = std::get_if<record::Put>(&change);
  if (put == nullptr) return {record::NodeKind::kToken, {}};
  return std::visit(
      [](const auto& definition) -> std::pair<record::NodeKind, std::string> {
        using Definition = std::decay_t<decltype(definition)>;
        if constexpr (std::is_same_v<Definition, std::vector<GuardrailDefinition>>) {
          return {record::NodeKind::kToken, {}};
        } else {
          return {record::kind_of_definition<Definition>, definition.id.text()};
        }
      },
      put->definition);
}

}  // namespace

Result<void> ExportedRecord::add(std::string_view line, observe::Evidence place) {
  const Result<json::Value> value = json::parse(line, kLine);
  if (!value) return fail(value.error());
  const json::Value* log = value->find("log");
  const json::Value* index = value->find("index");
  const json::Value* entry = value->find("entry");
  const bool is_line = log != nullptr && log->is_string() && index != nullptr &&
                       index->is_integer() && index->as_integer() >= 0;
  if (!is_line) return fail(Reason::kBadRequest, "expected a line of `mandate audit export`");
  const std::string& origin = log->as_string();
  if (!origin.ends_with(kRecord)) return {};
  if (entry == nullptr) return fail(Reason::kBadRequest, "an entry of the record is no JSON");
  if (state_ == nullptr) {
    state_ = std::make_unique<record::State>();
    origin_ = origin;
  }
  const auto at = static_cast<record::Revision>(index->as_integer());
  if (origin != origin_) {
    return fail(Reason::kBadRequest, "the records of " + quoted(origin_) + " and " +
                                         quoted(origin) + "; expected those of one server");
  }
  if (at < state_->applied()) return {};
  if (at > state_->applied()) {
    return fail(Reason::kBadRequest, "entry " + std::to_string(at) + " of " + quoted(origin) +
                                         "; expected " + std::to_string(state_->applied()) +
                                         " first: the whole record, from its beginning");
  }
  Result<record::Event> event = record::parse_event(json::canonical(*entry));
  if (!event) return fail(event.error());
  if (Result<void> applied = state_->apply(*event); !applied) return applied;
  state_->publish();
  place.event_id = origin + "#" + std::to_string(at);
  if (auto node = defined_by(event->change); !node.second.empty()) {
    places_.insert_or_assign(std::move(node), std::move(place));
  }
  return {};
}

observe::Evidence ExportedRecord::place(record::NodeKind kind, std::string_view id) const {
  const auto found = places_.find({kind, std::string(id)});
  return found == places_.end() ? observe::Evidence() : found->second;
}

}  // namespace mandate::app
