// GitHub's audit log of an organization or enterprise ("Audit log events" in GitHub's
// documentation), as the API, the export and the streaming write it.
#include <array>
#include <charconv>

#include "mandate/observe/sources/source.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace github {
namespace {

enum Path : std::size_t {
  kDocumentId,
  kAction,
  kActor,
  kActorId,
  kActorAddress,
  kActorIsBot,
  kAgent,
  kCreatedAt,
  kTimestamp,
  kAtSignTimestamp,
  kOrganization,
  kBusiness,
  kRepository,
  kRepositoryLong,
  kUser,
  kHashedToken,
  kTokenKind,
  kBranch,
  kName,
  kOAuthApplication,
  kVisibility,
  kPermission,
  kRulesetName,
  kRulesetEnforcement,
  kRunId,
  kRevision,
  kConclusion,
  kPaths,
};

constexpr std::array<std::string_view, kPaths> kWanted = {
    "_document_id",
    "action",
    "actor",
    "actor_id",
    "actor_ip",
    "actor_is_bot",
    "user_agent",
    "created_at",
    "@timestamp",
    "at_sign_timestamp",
    "org",
    "business",
    "repo",
    "repository",
    "user",
    "hashed_token",
    "programmatic_access_type",
    "branch",
    "name",
    "oauth_application_name",
    "visibility",
    "permission",
    "ruleset_name",
    "ruleset_enforcement",
    "workflow_run_id",
    "head_sha",
    "conclusion",
};

// Milliseconds since 1970, or text.
std::optional<Instant> time_of(const json::Slot& slot) {
  if (slot.kind != json::SlotKind::kScalar) return log_time(slot.string());
  constexpr std::int64_t kMillisecondsMax = 253'402'300'800'000;  // the year 10000
  std::int64_t number = 0;
  const auto [end, error] =
      std::from_chars(slot.text.data(), slot.text.data() + slot.text.size(), number);
  if (error != std::errc() || number < 0 || number >= kMillisecondsMax) return std::nullopt;
  return Instant(Milliseconds(number));
}

// `kUntimed` where no member tells one.
std::optional<Instant> time_in(std::span<const json::Slot> slots) {
  bool is_absent = true;
  for (const Path at : {kTimestamp, kCreatedAt, kAtSignTimestamp}) {
    if (const std::optional<Instant> time = time_of(slots[at])) return time;
    is_absent = is_absent && slots[at].kind == json::SlotKind::kAbsent;
  }
  return is_absent ? std::optional(kUntimed) : std::nullopt;
}

std::string_view first_of(std::span<const json::Slot> slots, std::initializer_list<Path> paths) {
  for (const Path path : paths) {
    if (const std::string_view text = slots[path].string(); !text.empty()) return text;
  }
  return {};
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// "Personal access token (classic)", "personal_access_token", "deploy_key", "SSH key",
// "OAuth access token", "GitHub App server-to-server token".
CredentialKind kind_of(std::string_view token) {
  if (has(token, "ersonal") || has(token, "eploy") || has(token, "SSH")) {
    return CredentialKind::kStaticKey;
  }
  return has(token, "App") ? CredentialKind::kSession : CredentialKind::kToken;
}

AgentKind agent_of(std::string_view agent) {
  const bool is_shell = agent.starts_with("git/") || agent.starts_with("GitHub CLI");
  return is_shell ? AgentKind::kShell : agent_kind(agent);
}

void read_actor(std::span<const json::Slot> slots, Activity& activity) {
  Actor& actor = activity.actor;
  actor.id = slots[kActor].string();
  actor.unique_id = slots[kActorId].text;
  actor.tenant = first_of(slots, {kOrganization, kBusiness});
  const bool is_bot = slots[kActorIsBot].is_true() || actor.id.ends_with("[bot]");
  actor.kind = is_bot ? ActorKind::kWorkload : ActorKind::kUser;
  Context& context = activity.context;
  context.source = slots[kActorAddress].string();
  context.agent = slots[kAgent].string();
  context.agent_kind = agent_of(context.agent);
  actor.is_person = !is_bot && context.agent_kind == AgentKind::kInteractive;
  activity.credential.id = slots[kHashedToken].string();
  if (!activity.credential.id.empty()) {
    activity.credential.kind = kind_of(slots[kTokenKind].string());
  }
}

class ChangeReader {
 public:
  ChangeReader(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity)
      : slots_(slots), scratch_(scratch), activity_(activity), change_(activity.change) {}

  void read() {
    const std::string_view action = activity_.action;
    const std::size_t dot = action.find('.');
    const std::string_view category = action.substr(0, dot);
    const std::string_view verb = action.substr(dot + 1);
    if (category == "protected_branch" || category == "repository_ruleset") {
      read_protection(verb);
    } else if (verb == "add_member" || verb == "update_member" || verb == "add_admin") {
      read_member(category, verb);
    } else if (category == "integration_installation" && verb == "create") {
      let_in(slots_[kName].string(), PartyScope::kExternal);
    } else if (verb == "oauth_app_access_approved") {
      let_in(slots_[kOAuthApplication].string(), PartyScope::kExternal);
    } else if (category == "repo" && (verb == "access" || verb == "create")) {
      change_.is_new = verb == "create";
      if (slots_[kVisibility].string() == "public") let_in("anybody", PartyScope::kPublic);
    } else if (category == "public_key" && verb == "create") {
      const std::string_view owner = first_of(slots_, {kRepository, kRepositoryLong, kUser});
      set(ChangeKind::kCredentialMade, owner.empty() ? activity_.actor.id : owner);
    } else {
      read_login(verb);
    }
    change_.parties = scratch_.parties;
  }

 private:
  void set(ChangeKind kind, std::string_view object) {
    change_.kind = kind;
    change_.object = object;
  }

  std::string_view place() const { return activity_.target; }

  void let_in(std::string_view party, PartyScope scope) {
    if (party.empty()) return;
    scratch_.parties.push_back({party, scope});
    set(ChangeKind::kTrustAdded, place());
  }

  void read_protection(std::string_view verb) {
    std::string object(place());
    const std::string_view part = first_of(slots_, {kBranch, kRulesetName, kName});
    if (!part.empty()) object += " " + std::string(part);
    const bool is_off = verb == "update" && slots_[kRulesetEnforcement].string() == "disabled";
    if (verb == "policy_override") {
      set(ChangeKind::kApprovalSkipped, scratch_.keep(std::move(object)));
    } else if (verb == "destroy" || is_off) {
      set(ChangeKind::kApprovalRemoved, scratch_.keep(std::move(object)));
    }
  }

  void read_member(std::string_view category, std::string_view verb) {
    set(ChangeKind::kRightsGranted, slots_[kUser].string());
    change_.right = place();
    const bool is_owner = category == "org" && slots_[kPermission].string() == "admin";
    change_.is_admin = is_owner || (category == "business" && verb == "add_admin");
    if (change_.object.empty()) change_ = {};
  }

  void read_login(std::string_view verb) {
    if (verb == "update_saml_provider_settings" || verb == "enable_saml" ||
        verb == "saml_enabled") {
      set(ChangeKind::kTrustRoot, place());
    } else if (verb == "disable_two_factor_requirement" || verb == "disable_saml" ||
               verb == "saml_disabled") {
      set(ChangeKind::kFactorChanged, place());
    }
  }

  std::span<const json::Slot> slots_;
  Scratch& scratch_;
  Activity& activity_;
  Change& change_;
};

// Runs of workflows: who started and who approved each, and for which revision it ran.
void read_run(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::string_view verb = activity.action.substr(activity.action.find('.') + 1);
  const std::string place(activity.target);
  const std::string_view run = scratch.keep(place + " run " + std::string(slots[kRunId].text));
  const std::string_view revision = slots[kRevision].string();
  const std::string_view stage = scratch.keep(place + " " + std::string(slots[kName].string()));
  const bool is_stage = !revision.empty() && !slots[kName].string().empty();
  const bool has_run = !slots[kRunId].text.empty();
  if (verb == "created_workflow_run") {
    if (has_run) scratch.facts.push_back({FactKind::kRunStarted, run, activity.actor.id});
    if (is_stage) scratch.facts.push_back({FactKind::kStageStarted, stage, revision});
  } else if (verb == "completed_workflow_run") {
    const bool is_success = slots[kConclusion].string() == "success";
    if (is_stage && is_success) {
      scratch.facts.push_back({FactKind::kStageSucceeded, stage, revision});
    }
  } else if (verb == "approve_workflow_job" && has_run) {
    scratch.facts.push_back({FactKind::kRunApproved, run, activity.actor.id});
  }
  activity.facts = scratch.facts;
}

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  activity.action = slots[kAction].string();
  const std::size_t dot = activity.action.find('.');
  const std::string_view place =
      first_of(slots, {kRepository, kRepositoryLong, kOrganization, kBusiness});
  const bool is_event = dot != std::string_view::npos && slots[kActor].is_string() &&
                        (!place.empty() || slots[kDocumentId].is_string());
  if (!is_event) return Reading::kNotMine;
  const std::optional<Instant> time = time_in(slots);
  if (!time) return Reading::kUnusable;
  activity.time = *time;
  activity.event_id = slots[kDocumentId].string();
  activity.service = place.empty() ? activity.action.substr(0, dot) : place;
  activity.target = place;
  activity.is_read = activity.action == "git.clone" || activity.action == "git.fetch";
  read_actor(slots, activity);
  ChangeReader(slots, scratch, activity).read();
  if (activity.action.starts_with("workflows.")) read_run(slots, scratch, activity);
  return Reading::kActivity;
}

}  // namespace
}  // namespace github

const Source kGitHub = {
    .name = "github",
    .title = "GitHub audit",
    .is_schema_only = false,
    .paths = github::kWanted,
    .read = github::read,
};

}  // namespace mandate::observe
