#include "mandate/report/shadow.h"

#include <algorithm>

#include "mandate/base/text.h"

namespace mandate::report {
namespace {

std::string text_at(const json::Value& value, std::string_view key) {
  const json::Value* found = value.find(key);
  return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

// What more authority would permit; the rest wants another hour, input, approval or record.
bool is_missing_authority(const std::string& reason, bool without_token) {
  if (reason == name(Reason::kOutsideAuthority) || reason == name(Reason::kNoDelegation)) {
    return true;
  }
  return without_token && reason == name(Reason::kProofOfPossession);
}

ShadowParty party_of(const json::Value& entry) {
  ShadowParty party{
      text_at(entry, "resource"), text_at(entry, "resource_type"), text_at(entry, "sub"), {}};
  if (const json::Value* actors = entry.find("actors"); actors != nullptr && actors->is_array()) {
    for (const json::Value& actor : actors->as_array()) {
      if (actor.is_string()) party.actors.push_back(actor.as_string());
    }
  }
  // In one's own right a token names no actor.
  const std::string client = text_at(entry, "client_id");
  if (party.actors.empty() && !client.empty()) party.actors.push_back(client);
  return party;
}

void add_reason(ShadowRow& row, const json::Value& entry, const std::string& time) {
  ShadowReason& reason = row.reasons[text_at(entry, "reason")];
  ++reason.count;
  if (reason.first.empty() || time < reason.first) reason.first = time;
  if (time >= reason.last) {
    reason.last = time;
    reason.detail = text_at(entry, "detail");
  }
}

}  // namespace

bool ShadowReport::add(const json::Value& entry) {
  const std::string time = text_at(entry, "time");
  const Result<Instant> instant = parse_rfc3339(time);
  if (!instant || *instant < since_) return false;
  if (text_at(entry, "type") != "decided" || text_at(entry, "enforcement") != "shadow") {
    return true;
  }
  ++decided_;
  if (text_at(entry, "answered") != "permit") return true;
  ++would_refuse_;
  ShadowParty party = party_of(entry);
  const auto found = missing_.find(party);
  if (found == missing_.end() && missing_.size() == kShadowRowsMax) {
    ++left_out_;
    return true;
  }
  const bool without_token = party.actors.empty();
  ShadowRow& row = found != missing_.end() ? found->second : missing_[std::move(party)];
  add_reason(row, entry, time);
  const std::string action = text_at(entry, "action");
  if (action.empty() || !is_missing_authority(text_at(entry, "reason"), without_token)) return true;
  std::set<std::string>& identifiers = row.wanted[action];
  const std::string identifier = text_at(entry, "identifier");
  if (identifier.empty()) {
    row.without_identifier = true;
  } else if (identifiers.size() < kShadowIdentifiersMax) {
    identifiers.insert(identifier);
  }
  return true;
}

json::Value to_json(const ShadowReport& report, const ShadowProposal& proposal) {
  json::Array items;
  std::size_t number = 0;
  for (const auto& [party, row] : report.missing()) {
    json::Array reasons;
    for (const auto& [word, reason] : row.reasons) {
      reasons.push_back(json::Value::object({{"reason", word},
                                             {"count", static_cast<std::int64_t>(reason.count)},
                                             {"first", reason.first},
                                             {"last", reason.last},
                                             {"detail", reason.detail}}));
    }
    json::Array actors;
    for (const std::string& actor : party.actors) actors.emplace_back(actor);
    json::Value item = json::Value::object({{"resource", party.resource},
                                            {"principal", party.principal()},
                                            {"subject", party.subject},
                                            {"actors", std::move(actors)},
                                            {"reasons", std::move(reasons)},
                                            {"remedy", proposal.remedies[number++]}});
    items.push_back(std::move(item));
  }
  return json::Value::object({{"decided", static_cast<std::int64_t>(report.decided())},
                              {"would_refuse", static_cast<std::int64_t>(report.would_refuse())},
                              {"left_out", static_cast<std::int64_t>(report.left_out())},
                              {"items", std::move(items)},
                              {"proposed", proposal.document.to_json()}});
}

std::string to_text(const ShadowReport& report, const ShadowProposal& proposal) {
  std::string text = std::to_string(report.would_refuse()) + " of " +
                     std::to_string(report.decided()) +
                     " decisions in shadow would have been refused\n";
  std::string resource;
  std::size_t number = 0;
  for (const auto& [party, row] : report.missing()) {
    if (party.resource != resource) text += "\n" + without_unseen(party.resource) + "\n";
    resource = party.resource;
    text += "  " + without_unseen(party.principal());
    if (party.principal() != party.subject) text += " for " + without_unseen(party.subject);
    if (party.actors.empty()) text += " (no token)";
    text += "\n";
    for (const auto& [word, reason] : row.reasons) {
      text += "    " + std::to_string(reason.count) + " " + word + ": " +
              without_unseen(reason.detail) + "\n      first " + reason.first + ", last " +
              reason.last + "\n";
    }
    text += "    remedy: " + without_unseen(proposal.remedies[number++]) + "\n";
  }
  if (report.left_out() != 0) {
    text += "\n" + std::to_string(report.left_out()) + " more are of parties past the first " +
            std::to_string(kShadowRowsMax) + "\n";
  }
  return text;
}

}  // namespace mandate::report
