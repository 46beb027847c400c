#include "mandate/observe/clipped.h"

#include <algorithm>

#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace {

template <class AnyActivity, class Visit>
void each_text(AnyActivity& a, const Visit& visit) {
  // Not the target: one that is too long is no identifier, and a shorter one would be another.
  for (auto* text : {&a.event_id, &a.service, &a.action}) visit(*text);
  for (auto* text : {&a.actor.id, &a.actor.unique_id, &a.actor.tenant}) visit(*text);
  for (auto* text :
       {&a.credential.id, &a.credential.role, &a.credential.session_name, &a.credential.machine}) {
    visit(*text);
  }
  for (auto* text : {&a.context.source, &a.context.agent, &a.context.invoked_by}) visit(*text);
  for (auto* text :
       {&a.issued.credential, &a.issued.for_whom, &a.issued.session_name, &a.issued.subject}) {
    visit(*text);
  }
  for (auto* text : {&a.change.object, &a.change.right}) visit(*text);
}

}  // namespace

bool Clipped::is_needed(const Activity& activity) {
  bool is_long = activity.change.parties.size() > kPartiesMax;
  const auto look = [&is_long](std::string_view text) {
    is_long = is_long || text.size() > kTextBytesMax;
  };
  each_text(activity, look);
  for (const Party& party : activity.change.parties) look(party.id);
  for (const Fact& fact : activity.facts) {
    for (const std::string_view text : {fact.subject, fact.object, fact.detail}) look(text);
  }
  return is_long;
}

Clipped::Clipped(const Activity& activity) : activity_(activity) {
  each_text(activity_, [this](std::string_view& text) { clip(text); });
  const auto parties = activity.change.parties;
  const auto kept = parties.first(std::min(parties.size(), kPartiesMax));
  parties_.assign(kept.begin(), kept.end());
  for (Party& party : parties_) clip(party.id);
  activity_.change.parties = parties_;
  facts_.assign(activity.facts.begin(), activity.facts.end());
  for (Fact& fact : facts_) {
    for (std::string_view* text : {&fact.subject, &fact.object, &fact.detail}) clip(*text);
  }
  activity_.facts = facts_;
}

void Clipped::clip(std::string_view& text) {
  constexpr std::size_t kHashBytes = 16;
  constexpr std::size_t kEndBytes = 2 * kHashBytes + 1;
  if (text.size() <= kTextBytesMax) return;
  const Digest digest = crypto::sha256(text);
  std::string end = "~" + encode_hex(view(digest).substr(0, kHashBytes));
  text = text.substr(0, whole_characters(text, kTextBytesMax - kEndBytes));
  text = kept_.emplace_back(std::string(text) + end);
}

}  // namespace mandate::observe
