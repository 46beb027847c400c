// Mandate's own journal and record, as `mandate audit export` writes them: one entry a line, with
// the leaf hash that tokens and receipts name it by.
#include <array>

#include "mandate/observe/sources/source.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace journal {
namespace {

enum Path : std::size_t {
  kLeaf,
  kLog,
  kType,
  kTime,
  kBy,
  kSubject,
  kActor,
  kClient,
  kTokenId,
  kResource,
  kAction,
  kIdentifier,
  kAddress,
  kDecision,
  kAnswered,
  kReason,
  kAt,
  kTokenSubject,
  kTokenClient,
  kTokenAudience,
  kTokenAudienceFirst,
  kGrant,
  kPredecessor,
  kKind,
  kDefinitionId,
  kDelegate,
  kHolder,
  kIssuer,
  kId,
  kPaths,
};

constexpr std::array<std::string_view, kPaths> kWanted = {
    "leaf",
    "log",
    "entry.type",
    "entry.time",
    "entry.by",
    "entry.sub",
    "entry.actors.[0]",
    "entry.client_id",
    "entry.jti",
    "entry.resource",
    "entry.action",
    "entry.identifier",
    "entry.client_address",
    "entry.decision",
    "entry.answered",
    "entry.reason",
    "entry.at",
    "entry.token.sub",
    "entry.token.client_id",
    "entry.token.aud",
    "entry.token.aud.[0]",
    "entry.grant_type",
    "entry.predecessors.[0].leaf",
    "entry.kind",
    "entry.definition.id",
    "entry.definition.delegate",
    "entry.definition.principal",
    "entry.definition.issuer",
    "entry.id",
};

std::string_view first_of(std::span<const json::Slot> slots, std::initializer_list<Path> paths) {
  for (const Path path : paths) {
    if (const std::string_view text = slots[path].string(); !text.empty()) return text;
  }
  return {};
}

void set_actor(std::string_view id, Activity& activity) {
  activity.actor.id = id;
  activity.actor.kind = id.starts_with("human:") ? ActorKind::kUser : ActorKind::kWorkload;
}

void set_credential(std::string_view id, Activity& activity) {
  activity.credential.id = id;
  if (!id.empty()) activity.credential.kind = CredentialKind::kToken;
}

// The token's id is the entry's own leaf hash; what it was exchanged from, its predecessor's.
void read_issue(std::span<const json::Slot> slots, Activity& activity) {
  set_actor(slots[kTokenClient].string(), activity);
  set_credential(slots[kPredecessor].string(), activity);
  activity.service = first_of(slots, {kTokenAudience, kTokenAudienceFirst});
  activity.action = "issue";
  activity.issued = {.kind = IssueKind::kToken,
                     .credential = slots[kLeaf].string(),
                     .for_whom = slots[kTokenSubject].string(),
                     .session_name = {},
                     .subject = {}};
}

// What was asked for, as one text.
std::string asked(std::span<const json::Slot> slots) {
  return std::string(slots[kResource].string()) + " " + std::string(slots[kAction].string()) + " " +
         std::string(slots[kIdentifier].string());
}

void read_facts(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const bool is_permit = slots[kDecision].string() == "permit";
  const bool is_let_through = slots[kAnswered].string() == "permit";
  const std::string_view actor = activity.actor.id;
  const std::string_view behalf = slots[kSubject].string();
  const std::string_view what = scratch.keep(asked(slots));
  const std::string_view token = slots[kTokenId].string();
  auto say = [&](FactKind kind, std::string_view detail) {
    scratch.facts.push_back({kind, actor, what, detail});
  };
  if (is_permit) {
    if (behalf == actor) say(FactKind::kPermittedOwn, {});
    if (behalf != actor) say(FactKind::kPermittedFor, behalf);
    if (!token.empty()) {
      scratch.facts.push_back(
          {FactKind::kDecided, token, slots[kResource].string(), slots[kAction].string()});
    }
  } else if (slots[kReason].string() == "outside_authority" && behalf != actor) {
    say(is_let_through ? FactKind::kLetThroughBeyond : FactKind::kRefusedFor, behalf);
  }
  activity.facts = scratch.facts;
}

void read_decision(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::string_view subject = slots[kSubject].string();
  set_actor(first_of(slots, {kActor, kClient, kSubject}), activity);
  set_credential(slots[kTokenId].string(), activity);
  if (subject != activity.actor.id) activity.credential.role = subject;
  activity.service = slots[kResource].string();
  activity.action = slots[kAction].string();
  activity.target = slots[kIdentifier].string();
  activity.context.source = slots[kAddress].string();
  read_facts(slots, scratch, activity);
  if (slots[kDecision].string() == "permit") return;
  if (slots[kAnswered].string() != "permit") {
    activity.outcome = Outcome::kDenied;
    return;
  }
  activity.change.kind = ChangeKind::kUnauthorised;
  activity.change.object = activity.service;
  activity.change.right = slots[kReason].string();
}

void read_refusal(std::span<const json::Slot> slots, Activity& activity) {
  set_actor(first_of(slots, {kClient, kSubject, kLog}), activity);
  set_credential(slots[kTokenId].string(), activity);
  activity.service = first_of(slots, {kAt, kResource, kLog});
  activity.action = first_of(slots, {kAction, kGrant, kReason});
  activity.context.source = slots[kAddress].string();
  activity.outcome = Outcome::kDenied;
}

void read_definition(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::string_view kind = slots[kKind].string();
  set_actor(slots[kBy].string(), activity);
  activity.service = slots[kLog].string();
  activity.action = scratch.keep(std::string(slots[kType].string()) + " " + std::string(kind));
  activity.target = first_of(slots, {kDefinitionId, kIssuer, kId});
  Change& change = activity.change;
  if (slots[kType].string() != "put") {
    if (kind == "principal") change.kind = ChangeKind::kPrincipalEnded;
    change.object = activity.target;
    return;
  }
  const std::string_view holder = first_of(slots, {kDelegate, kHolder});
  if (kind == "trusted_issuer") {
    change.kind = ChangeKind::kTrustRoot;
    change.object = activity.target;
  } else if (!holder.empty()) {
    change.kind = ChangeKind::kRightsGranted;
    change.object = holder;
    change.right = activity.target;
  } else if (kind == "principal") {
    change.kind = ChangeKind::kPrincipalMade;
    change.object = activity.target;
  }
}

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::string_view type = slots[kType].string();
  if (slots[kLeaf].string().empty() || slots[kLog].string().empty() || type.empty()) {
    return Reading::kNotMine;
  }
  const std::optional<Instant> time = log_time(slots[kTime].string());
  if (!time) return Reading::kUnusable;
  activity.time = *time;
  activity.event_id = slots[kLeaf].string();
  if (type == "issued") {
    read_issue(slots, activity);
  } else if (type == "decided") {
    read_decision(slots, scratch, activity);
  } else if (type == "refused") {
    read_refusal(slots, activity);
  } else if (slots[kBy].is_string()) {
    read_definition(slots, scratch, activity);
  }
  if (activity.actor.id.empty()) {
    activity.actor = {};
    activity.actor.id = slots[kLog].string();
    activity.actor.kind = ActorKind::kService;
  }
  if (activity.service.empty()) activity.service = slots[kLog].string();
  if (activity.action.empty()) activity.action = type;
  return Reading::kActivity;
}

}  // namespace
}  // namespace journal

const Source kMandate = {
    .name = "mandate",
    .title = "Mandate's journal",
    .is_schema_only = false,
    .paths = journal::kWanted,
    .read = journal::read,
};

}  // namespace mandate::observe
