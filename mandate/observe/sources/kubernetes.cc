#include "mandate/observe/sources/kubernetes.h"

#include <array>
#include <charconv>

#include "mandate/json/value.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace kubernetes {
namespace {

constexpr std::array<std::string_view, kPaths> kWanted = {
    "auditID",
    "stage",
    "requestReceivedTimestamp",
    "timestamp",
    "stageTimestamp",
    "verb",
    "user.username",
    "user.uid",
    "user.extra.authentication\\.kubernetes\\.io/pod-name.[0]",
    "user.extra.authentication\\.kubernetes\\.io/pod-uid.[0]",
    "user.extra.authentication\\.kubernetes\\.io/credential-id.[0]",
    "impersonatedUser.username",
    "sourceIPs.[0]",
    "userAgent",
    "objectRef",
    "objectRef.apiGroup",
    "objectRef.resource",
    "objectRef.subresource",
    "objectRef.namespace",
    "objectRef.name",
    "requestURI",
    "responseStatus.code",
    "annotations.authorization\\.k8s\\.io/decision",
    "annotations.authentication\\.kubernetes\\.io/issued-credential-id",
    "requestObject",
    "apiVersion",
};

constexpr std::string_view kAccountPrefix = "system:serviceaccount:";
constexpr std::string_view kAnonymous = "system:anonymous";
constexpr std::string_view kUnauthenticated = "system:unauthenticated";

std::string account_name(std::string_view space, std::string_view name) {
  return std::string(kAccountPrefix) + std::string(space) + ":" + std::string(name);
}

ActorKind kind_of(std::string_view user) {
  if (user.starts_with(kAccountPrefix)) return ActorKind::kWorkload;
  if (user == kAnonymous || user == kUnauthenticated) return ActorKind::kAnonymous;
  return user.starts_with("system:") ? ActorKind::kService : ActorKind::kUser;
}

void read_actor(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  Actor& actor = activity.actor;
  actor.id = slots[kUser].string();
  actor.kind = kind_of(actor.id);
  if (actor.kind == ActorKind::kWorkload) actor.unique_id = slots[kUserId].string();
  Credential& credential = activity.credential;
  credential.role = slots[kImpersonated].string();
  // The platform's own components share addresses with what runs beside them.
  if (actor.kind == ActorKind::kService || actor.kind == ActorKind::kAnonymous) return;
  credential.id = slots[kCredentialId].string();
  const std::string_view pod = slots[kPodId].string();
  if (credential.id.empty() && !pod.empty()) {
    credential.id = scratch.keep("POD=" + std::string(pod));
  }
  if (credential.id.empty()) return;
  const bool is_certificate = credential.id.starts_with("X509");
  credential.kind = is_certificate ? CredentialKind::kCertificate : CredentialKind::kToken;
  credential.machine = slots[kPodName].string();
}

void read_context(std::span<const json::Slot> slots, Activity& activity) {
  Context& context = activity.context;
  context.source = slots[kSource].string();
  context.agent = slots[kAgent].string();
  context.agent_kind =
      context.agent.starts_with("kubectl") ? AgentKind::kShell : agent_kind(context.agent);
}

Outcome outcome_of(std::span<const json::Slot> slots) {
  constexpr int kUnauthorized = 401;
  constexpr int kForbidden = 403;
  constexpr int kFirstError = 400;
  const std::string_view code = slots[kCode].text;
  int number = 0;
  std::from_chars(code.data(), code.data() + code.size(), number);
  if (number == kUnauthorized || number == kForbidden) return Outcome::kDenied;
  if (slots[kDecision].string() == "forbid") return Outcome::kDenied;
  return number >= kFirstError || slots[kStage].string() == "Panic" ? Outcome::kFailed
                                                                    : Outcome::kSucceeded;
}

std::string_view text_of(const json::Value& object, std::string_view key) {
  const json::Value* found = object.is_object() ? object.find(key) : nullptr;
  return found != nullptr && found->is_string() ? std::string_view(found->as_string())
                                                : std::string_view();
}

bool holds(const json::Value& rule, std::string_view list, std::string_view wanted) {
  const json::Value* values = rule.is_object() ? rule.find(list) : nullptr;
  if (values == nullptr || !values->is_array()) return false;
  for (const json::Value& value : values->as_array()) {
    if (value.is_string() && value.as_string() == wanted) return true;
  }
  return false;
}

bool writes(const json::Value& rule) {
  for (const std::string_view verb : {"create", "update", "patch", "delete", "deletecollection"}) {
    if (holds(rule, "verbs", verb)) return true;
  }
  return false;
}

// What in a role's rule reaches beyond the resources that it names.
std::string_view breadth_of(const json::Value& rule) {
  if (!rule.is_object() || rule.find("resources") == nullptr) return {};
  const bool all_verbs = holds(rule, "verbs", "*");
  const bool all_resources = holds(rule, "resources", "*");
  if (all_verbs && all_resources) return "everything";
  if (all_verbs) return "every verb";
  if (all_resources) return "every resource";
  if (holds(rule, "verbs", "impersonate")) return "impersonation";
  if (holds(rule, "verbs", "escalate") || holds(rule, "verbs", "bind")) return "escalation";
  for (const std::string_view enters : {"pods/exec", "pods/attach", "pods/ephemeralcontainers"}) {
    if (holds(rule, "resources", enters)) return "entering workloads";
  }
  if (holds(rule, "resources", "serviceaccounts/token")) return "tokens of others";
  const bool on_workloads = holds(rule, "resources", "pods");
  return on_workloads && writes(rule) ? std::string_view("writing workloads") : std::string_view();
}

class ChangeReader {
 public:
  ChangeReader(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity)
      : slots_(slots), scratch_(scratch), activity_(activity), change_(activity.change) {}

  void read() {
    const std::string_view resource = slots_[kResource].string();
    const std::string_view sub = slots_[kSubresource].string();
    if (resource == "pods" && (sub == "exec" || sub == "attach" || sub == "ephemeralcontainers")) {
      enter();
    } else if (activity_.is_read) {
      return;
    } else if (resource == "serviceaccounts" && sub == "token") {
      make_token();
    } else if (sub.empty() && is_written()) {
      if (resource == "secrets") make_secret();
      if (resource == "clusterrolebindings" || resource == "rolebindings") bind(resource);
      if (resource == "clusterroles" || resource == "roles") define(resource);
    }
    if (change_.kind == ChangeKind::kNone && activity_.actor.kind == ActorKind::kAnonymous) {
      change_.kind = ChangeKind::kUnproven;
      change_.object = activity_.target;
    }
    change_.parties = scratch_.parties;
  }

 private:
  // The platform's own parts, and its add-ons where they keep to themselves.
  bool is_platform() const {
    if (activity_.actor.kind == ActorKind::kService) return true;
    const std::string_view space = slots_[kNamespace].string();
    return activity_.actor.id.starts_with("system:serviceaccount:kube-system:") &&
           (space.empty() || space == "kube-system");
  }

  bool is_written() const {
    const std::string_view verb = slots_[kVerb].string();
    change_.is_new = verb == "create";
    return change_.is_new || verb == "update" || verb == "patch";
  }

  std::optional<json::Value> request() const {
    if (slots_[kRequest].kind != json::SlotKind::kObject) return {};
    Result<json::Value> parsed = json::parse(slots_[kRequest].text);
    if (!parsed) return {};
    return std::move(*parsed);
  }

  // Platforms mount tokens of workloads below /var/run/secrets.
  bool reads_token() const {
    for (const json::Slot& slot : {slots_[kUri], slots_[kRequest]}) {
      for (const std::string_view mount :
           {"run/secrets/", "run%2Fsecrets%2F", "run\\/secrets\\/"}) {
        if (slot.text.find(mount) != std::string_view::npos) return true;
      }
    }
    return false;
  }

  void enter() {
    if (is_platform()) return;
    change_.kind = ChangeKind::kEntered;
    change_.object = activity_.target;
    if (reads_token()) change_.right = "token";
  }

  // A token that is bound to a pod and asked for by its node serves the pod itself.
  void make_token() {
    const std::string account = account_name(slots_[kNamespace].string(), slots_[kName].string());
    activity_.issued.kind = IssueKind::kToken;
    activity_.issued.for_whom = scratch_.keep(account);
    activity_.issued.credential = slots_[kIssuedId].string();
    if (is_platform() || activity_.actor.id == account) return;
    change_.kind = ChangeKind::kTokenMade;
    change_.object = activity_.issued.for_whom;
  }

  void make_secret() {
    const std::string_view space = slots_[kNamespace].string();
    if (const std::optional<json::Value> secret = request()) {
      if (text_of(*secret, "type") != "kubernetes.io/service-account-token") return;
      const json::Value* metadata = secret->find("metadata");
      const json::Value* notes =
          metadata == nullptr || !metadata->is_object() ? nullptr : metadata->find("annotations");
      if (notes == nullptr) return;
      set_key(space, text_of(*notes, "kubernetes.io/service-account.name"));
    } else if (slots_[kAgent].string().ends_with("/tokens-controller")) {
      // Clusters before 1.24 made one for each account; the log's level may leave out its content.
      const std::string_view name = slots_[kName].string();
      set_key(space, name.substr(0, name.rfind("-token-")));
    }
  }

  void set_key(std::string_view space, std::string_view account) {
    change_.kind = ChangeKind::kCredentialMade;
    change_.object = scratch_.keep(account_name(space, account));
  }

  std::string_view subject_name(const json::Value& subject) {
    const std::string_view name = text_of(subject, "name");
    if (text_of(subject, "kind") != "ServiceAccount") return scratch_.keep(std::string(name));
    return scratch_.keep(account_name(text_of(subject, "namespace"), name));
  }

  void bind(std::string_view resource) {
    const std::optional<json::Value> binding = request();
    if (!binding) return;
    const json::Value* role = binding->find("roleRef");
    const json::Value* subjects = binding->find("subjects");
    if (role == nullptr || subjects == nullptr || !subjects->is_array()) return;
    bool is_public = false;
    for (const json::Value& subject : subjects->as_array()) {
      const std::string_view name = subject_name(subject);
      const bool is_anybody = name == kAnonymous || name == kUnauthenticated;
      is_public = is_public || is_anybody;
      scratch_.parties.push_back({name, is_anybody ? PartyScope::kPublic : PartyScope::kOwn});
    }
    if (scratch_.parties.empty()) return;
    change_.right = scratch_.keep(std::string(text_of(*role, "name")));
    if (is_public) {
      change_.kind = ChangeKind::kTrustAdded;
      change_.object = change_.right;
      return;
    }
    change_.kind = ChangeKind::kRightsGranted;
    change_.object = scratch_.parties.front().id;
    change_.is_admin = resource == "clusterrolebindings" && change_.right == "cluster-admin";
  }

  // Roles named "system:…" are the platform's own: what is added to one, others hold already.
  void define(std::string_view resource) {
    const std::string_view name = slots_[kName].string();
    change_.object = scratch_.keep(std::string(resource) + "/" + std::string(name));
    if (name.starts_with("system:")) {
      if (!change_.is_new && !is_platform()) change_.kind = ChangeKind::kSharedRoleChanged;
      return;
    }
    if (is_platform()) return;
    const std::optional<json::Value> role = request();
    const json::Value* rules = role ? role->find("rules") : nullptr;
    if (rules == nullptr || !rules->is_array()) return;
    for (const json::Value& rule : rules->as_array()) {
      const std::string_view breadth = breadth_of(rule);
      if (breadth.empty()) continue;
      change_.kind = ChangeKind::kBroadRole;
      change_.right = breadth;
      return;
    }
  }

  std::span<const json::Slot> slots_;
  Scratch& scratch_;
  Activity& activity_;
  Change& change_;
};

std::string target_of(std::span<const json::Slot> slots) {
  std::string target(slots[kResource].string());
  for (const Path part : {kNamespace, kName}) {
    if (const std::string_view text = slots[part].string(); !text.empty()) {
      target += "/" + std::string(text);
    }
  }
  return target.empty() ? std::string(slots[kUri].string()) : target;
}

bool changes_nothing(std::span<const json::Slot> slots) {
  const std::string_view verb = slots[kVerb].string();
  const std::string_view group = slots[kGroup].string();
  const bool is_question = group == "authorization.k8s.io" || group == "authentication.k8s.io";
  return verb == "get" || verb == "list" || verb == "watch" || is_question;
}

}  // namespace

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::string_view verb = slots[kVerb].string();
  const bool names_itself = slots[kApiVersion].string().starts_with("audit.k8s.io/");
  const bool has_object = slots[kObjectRef].kind == json::SlotKind::kObject;
  const bool is_event =
      !verb.empty() && !slots[kUser].string().empty() && (has_object || slots[kUri].is_string());
  if (!is_event) return names_itself ? Reading::kUnusable : Reading::kNotMine;
  if (slots[kStage].string() == "RequestReceived") return Reading::kSaidElsewhere;
  // That of the request first: it is the same at each of its stages.
  const std::optional<Instant> time =
      record_time({&slots[kReceived], &slots[kTimestamp], &slots[kStageTime]});
  if (!time) return Reading::kUnusable;
  activity.time = *time;
  activity.event_id = slots[kAuditId].string();
  activity.service = has_object ? slots[kResource].string() : std::string_view("api");
  activity.action = scratch.keep(std::string(verb) + " " + std::string(activity.service) +
                                 (slots[kSubresource].is_string() ? "/" : "") +
                                 std::string(slots[kSubresource].string()));
  activity.outcome = outcome_of(slots);
  activity.is_read = changes_nothing(slots);
  activity.target = scratch.keep(target_of(slots));
  read_context(slots, activity);
  read_actor(slots, scratch, activity);
  if (activity.outcome == Outcome::kSucceeded) ChangeReader(slots, scratch, activity).read();
  return Reading::kActivity;
}

}  // namespace kubernetes

const Source kKubernetes = {
    .name = "kubernetes",
    .title = "Kubernetes audit",
    .is_schema_only = false,
    .paths = kubernetes::kWanted,
    .read = kubernetes::read,
};

}  // namespace mandate::observe
