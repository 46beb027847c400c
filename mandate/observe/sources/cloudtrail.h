// CloudTrail's slots, shared by the two halves of its source: who did what (`cloudtrail.cc`), and
// what that changed (`cloudtrail_changes.cc`).
#pragma once

#include <cstddef>
#include <cstdint>

#include "mandate/observe/sources/source.h"

namespace mandate::observe::cloudtrail {

enum Path : std::size_t {
  kEventId,
  kEventTime,
  kTimestamp,
  kEventSource,
  kEventName,
  kErrorCode,
  kReadOnly,
  kSourceAddress,
  kUserAgent,
  kRecipientAccount,
  kEventType,
  kFromConsole,
  kIdentity,
  kType,
  kArn,
  kPrincipalId,
  kAccount,
  kKey,
  kUserName,
  kInvokedBy,
  kIssuerArn,
  kMfa,
  kDelivery,
  kSession,
  kRequest,
  kRoleArn,
  kRoleSessionName,
  kResponse,
  kIssuedKey,
  kLoginResult,
  kMfaUsed,
  kSamlProvider,
  kResource,
  kSecret,
  kAssertion,
  kExpiration,
  kPaths,
};

// Fills `activity.facts`: secrets handed out, assertions presented. Precondition: the rest is
// filled.
void read_facts(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity);

// Fills `activity.change` where the event changed trust, logins, credentials or rights.
// Precondition: the rest of the activity is filled.
void read_change(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity);

}  // namespace mandate::observe::cloudtrail
