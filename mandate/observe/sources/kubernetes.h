// Kubernetes audit events (audit.k8s.io/v1, "Auditing" in the Kubernetes documentation; KEP-4193
// for the ids of tokens and their pods), for every source that says the same in another form.
//
//   std::array<json::Slot, kubernetes::kPaths> request{};
//   request[kubernetes::kVerb] = ...;
//   return kubernetes::read(request, scratch, activity);
#pragma once

#include "mandate/observe/sources/source.h"

namespace mandate::observe::kubernetes {

// What `read` wants of an event, in the order of its slots.
enum Path : std::size_t {
  kAuditId,
  kStage,
  kReceived,
  kTimestamp,
  kStageTime,
  kVerb,
  kUser,
  kUserId,
  kPodName,
  kPodId,
  kCredentialId,
  kImpersonated,
  kSource,
  kAgent,
  kObjectRef,
  kGroup,
  kResource,
  kSubresource,
  kNamespace,
  kName,
  kUri,
  kCode,
  kDecision,
  kIssuedId,
  kRequest,
  kApiVersion,
  kPaths,
};

// As `Source::read`.
Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity);

}  // namespace mandate::observe::kubernetes
