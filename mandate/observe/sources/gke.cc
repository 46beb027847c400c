// Kubernetes audit as Google Kubernetes Engine logs it: an entry of Cloud Audit Logs
// (google.cloud.audit.AuditLog) whose method and resource name a request to a cluster's API, such
// as "io.k8s.core.v1.pods.exec.create" of "core/v1/namespaces/shop/pods/till/exec".
#include <algorithm>
#include <array>

#include "mandate/observe/sources/kubernetes.h"

namespace mandate::observe {
namespace gke {
namespace {

enum Path : std::size_t {
  kInsertId,
  kTimestamp,
  kReceived,
  kService,
  kMethod,
  kResource,
  kPrincipal,
  kAuthority,
  kAddress,
  kAddressUpper,
  kAgent,
  kCode,
  kGranted,
  kUri,
  kRequest,
  kPaths,
};

constexpr std::array<std::string_view, kPaths> kWanted = {
    "insertId",
    "timestamp",
    "receiveTimestamp",
    "protoPayload.serviceName",
    "protoPayload.methodName",
    "protoPayload.resourceName",
    "protoPayload.authenticationInfo.principalEmail",
    "protoPayload.authenticationInfo.authoritySelector",
    "protoPayload.requestMetadata.callerIp",
    "protoPayload.requestMetadata.callerIP",
    "protoPayload.requestMetadata.callerSuppliedUserAgent",
    "protoPayload.status.code",
    "protoPayload.authorizationInfo.[0].granted",
    "protoPayload.requestURI",
    "protoPayload.request",
};

json::Slot text_slot(std::string_view text) {
  if (text.empty()) return {};
  return {text, json::SlotKind::kString};
}

// The next part of a name in slashes.
std::string_view take_part(std::string_view& name) {
  const std::string_view part = name.substr(0, name.find('/'));
  name.remove_prefix(std::min(name.size(), part.size() + 1));
  return part;
}

// "core/v1/namespaces/shop/pods/till/exec", a namespace itself, or what belongs to none.
void read_resource(std::string_view name, std::span<json::Slot> slots) {
  const std::string_view group = take_part(name);
  take_part(name);  // its version
  slots[kubernetes::kGroup] = text_slot(group == "core" ? std::string_view() : group);
  std::string_view resource = take_part(name);
  std::string_view named = take_part(name);
  if (resource == "namespaces") {
    slots[kubernetes::kNamespace] = text_slot(named);
    if (!name.empty()) {
      resource = take_part(name);
      named = take_part(name);
    }
  }
  slots[kubernetes::kResource] = text_slot(resource);
  slots[kubernetes::kName] = text_slot(named);
  slots[kubernetes::kSubresource] = text_slot(take_part(name));
}

// What is no verb of the API is a page of the server itself, such as "io.k8s.readyz".
std::string_view verb_of(std::string_view method) {
  const std::string_view last = method.substr(method.rfind('.') + 1);
  for (const std::string_view verb :
       {"create", "update", "patch", "delete", "deletecollection", "list", "watch"}) {
    if (last == verb) return verb;
  }
  return "get";
}

// Codes of google.rpc.Code, as a response has them.
std::string_view http_status(std::string_view code) {
  if (code.empty() || code == "0") return "200";
  if (code == "7") return "403";
  return code == "16" ? "401" : "400";
}

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  constexpr std::string_view kMethods = "io.k8s.";
  const std::string_view method = slots[kMethod].string();
  if (slots[kService].string() != "k8s.io" || !method.starts_with(kMethods)) {
    return Reading::kNotMine;
  }
  std::array<json::Slot, kubernetes::kPaths> request{};
  request[kubernetes::kAuditId] = slots[kInsertId];
  request[kubernetes::kReceived] = slots[kTimestamp];
  request[kubernetes::kStageTime] = slots[kReceived];
  request[kubernetes::kVerb] = text_slot(verb_of(method));
  const std::string_view user = slots[kPrincipal].string();
  request[kubernetes::kUser] = text_slot(user.empty() ? "system:anonymous" : user);
  request[kubernetes::kImpersonated] = slots[kAuthority];
  request[kubernetes::kSource] =
      slots[kAddress].is_string() ? slots[kAddress] : slots[kAddressUpper];
  request[kubernetes::kAgent] = slots[kAgent];
  request[kubernetes::kUri] = slots[kUri].is_string() ? slots[kUri] : slots[kResource];
  request[kubernetes::kRequest] = slots[kRequest];
  request[kubernetes::kCode] = {http_status(slots[kCode].text), json::SlotKind::kScalar};
  const bool is_refused =
      slots[kGranted].kind == json::SlotKind::kScalar && !slots[kGranted].is_true();
  if (is_refused) request[kubernetes::kDecision] = text_slot("forbid");
  const std::string_view resource = slots[kResource].string();
  if (!resource.empty() && resource.front() != '/') {
    request[kubernetes::kObjectRef] = {"{}", json::SlotKind::kObject};
    read_resource(resource, request);
  }
  return kubernetes::read(request, scratch, activity);
}

}  // namespace
}  // namespace gke

const Source kGke = {
    .name = "gke",
    .title = "Google Kubernetes Engine audit",
    .is_schema_only = false,
    .paths = gke::kWanted,
    .read = gke::read,
};

}  // namespace mandate::observe
