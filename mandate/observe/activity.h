// One thing that happened, in the terms that all sources share: who acted, with what credential,
// from where, on what; what credential it issued; what trust it changed. A source fills it from one
// record; the summary takes what it keeps, so every view ends with the record.
//
//   Activity a;  a.actor = {.id = "arn:aws:iam::1:user/ann", .kind = ActorKind::kUser};
//   a.credential = {.id = "AKIA1", .kind = CredentialKind::kStaticKey};
//   summary.add(a, {.file = 0, .offset = 120, .line = 3});
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "mandate/base/instant.h"

namespace mandate::observe {

enum class Outcome : std::uint8_t { kSucceeded, kDenied, kFailed };

enum class ActorKind : std::uint8_t {
  kUnknown,
  kUser,         // an account that a person or software may stand behind
  kRoot,         // the account that owns all others
  kRoleSession,  // a role, taken on by somebody
  kWorkload,     // an instance, function, pod, application
  kService,      // the platform itself
  kFederated,    // known to another issuer
  kAnonymous,
};

enum class CredentialKind : std::uint8_t {
  kNone,
  kStaticKey,  // lives until it is deleted
  kSession,    // issued for a time
  kToken,
  kPassword,
  kCertificate,
};

// What lies behind a user agent, as far as it says.
enum class AgentKind : std::uint8_t {
  kUnknown,
  kInteractive,  // a browser or a console: a person
  kShell,        // a command line: a person or a script
  kSoftware,     // an SDK, a provisioning tool, anything else
  kPlatform,     // the provider's own services, on someone's behalf
};

struct Actor {
  std::string_view id;         // as findings name it; where the source has none, its credential's
  std::string_view unique_id;  // never used again, where the source has one: tells re-created apart
  ActorKind kind = ActorKind::kUnknown;
  std::string_view tenant;   // account, project, organization, cluster
  bool is_person = false;    // the source itself says so (a mail address, an interactive login)
  bool is_personal = false;  // a person's account, whoever uses it here
};

struct Credential {
  std::string_view id;
  CredentialKind kind = CredentialKind::kNone;
  std::string_view role = {};  // whom it stands for, where that is not the actor's own account
  std::string_view session_name = {};  // chosen by whoever asked for it: never a join key
  std::string_view machine = {};       // the machine that the source says it was issued to
  std::optional<Instant> since = {};   // when it was issued, where each of its uses tells
};

struct Context {
  std::string_view source;  // an address, valid or not, or the name of a service
  bool source_is_service = false;
  std::string_view agent;  // user agent
  AgentKind agent_kind = AgentKind::kUnknown;
  std::string_view invoked_by;  // the service that acted on the actor's behalf
  std::optional<bool> mfa;
};

enum class IssueKind : std::uint8_t {
  kNone,
  kRole,           // a role taken on with another credential
  kFederatedRole,  // a role taken on with an assertion of another issuer
  kSession,        // the same principal, for a time
  kFederation,     // a named party with some of the principal's rights
  kToken,          // an exchange or an impersonation
};

struct Issued {
  IssueKind kind = IssueKind::kNone;
  std::string_view credential;  // what later uses show
  std::string_view for_whom;    // role or principal that it stands for
  std::string_view session_name = {};
  std::string_view subject = {};      // who the other issuer says it is
  std::optional<Instant> until = {};  // its end, where the event tells
};

enum class PartyScope : std::uint8_t {
  kOwn,        // of the same tenant
  kService,    // the platform
  kExternal,   // of another tenant
  kPublic,     // anybody
  kFederated,  // whom another issuer vouches for
};

struct Party {
  std::string_view id;
  PartyScope scope = PartyScope::kOwn;
  bool is_conditioned = false;  // only under conditions that narrow who it is

  friend bool operator==(const Party&, const Party&) = default;
};

enum class ChangeKind : std::uint8_t {
  kNone,
  kTrustSet,        // who may act as or on the object is now exactly `parties`
  kTrustAdded,      // ... `parties` too, as far as `right` says where there is one
  kTrustRemoved,    // ... `parties` no longer
  kTrustRoot,       // a new issuer or certificate authority is believed
  kLoginSet,        // a password for the object: made, or reset
  kFactorChanged,   // how the object proves itself: a factor made, removed, reset
  kLogin,           // an interactive login of the actor
  kCredentialMade,  // a lasting credential of the object
  kRightsGranted,   // `right` to the object
  kConsentGiven,    // `parties` are applications that may act as the object, within `right`; an
                    // object `kEverybody` is all accounts there are
  kPrincipalMade,
  kPrincipalRenamed,  // the object's name is now `right`
  kPrincipalEnded,
  kTokenMade,          // a credential of the object that ends by itself, for somebody else to use
  kEntered,            // the object, a running workload: what it may, the actor may too; `right` is
                       // "token" where its credential was read
  kUnproven,           // anything, by an actor that proved nothing
  kBroadRole,          // a role defined with more than named actions on named things (`right`)
  kSharedRoleChanged,  // a role that the platform itself hands out
  kApprovalSkipped,    // the object was changed without the approval that it demands
  kApprovalRemoved,    // the object no longer demands approval
  kUnauthorised,       // let through though no delegation permits it
  kConsentEnded,       // `parties` are applications that may no longer act as the object
  kPrincipalResumed,   // what had ended the object counts no longer
};

inline constexpr std::string_view kEverybody = "everybody in the directory";

struct Change {
  ChangeKind kind = ChangeKind::kNone;
  std::string_view object;         // what is changed: a principal or a resource
  std::span<const Party> parties;  // of trust
  std::string_view right;          // of rights
  bool is_admin = false;           // the right is over everything; of consent: broad
  bool is_new = false;             // the same event made the object
  bool must_replace = false;       // the password serves only to set another
};

// What one kind of event says besides: three texts whose meaning is the kind's. A summary keeps one
// row for each that differs (`facts.h`).
enum class FactKind : std::uint8_t {
  kSecretRead,        // secret; the workload that read it
  kAssertionUsed,     // an assertion's id; the address that presented it; by what program
  kRunStarted,        // a workflow's run; who started it
  kRunApproved,       // a workflow's run; who approved it
  kStageStarted,      // a workflow; the revision that it ran for
  kStageSucceeded,    // a workflow; the revision that it ran for
  kRefusedFor,        // an actor; what it asked for; on whose behalf
  kPermittedOwn,      // an actor; what it was permitted; in its own right
  kPermittedFor,      // an actor; what it was permitted; on whose behalf
  kLetThroughBeyond,  // an actor; what nobody had delegated; on whose behalf
  kDecided,           // a token; the resource; the action that was permitted
  kCalled,            // a token; the resource; the action that was carried out
  kActedFor,          // an application; the user that it acted for
  kDeployed,          // a workload; one of its credentials, on one day
};

struct Fact {
  FactKind kind = FactKind::kSecretRead;
  std::string_view subject;
  std::string_view object;
  std::string_view detail = {};
};

// Of an event whose record tells no time: it happened, and has no place in a history.
inline constexpr Instant kUntimed{};

struct Activity {
  Instant time;
  std::string_view event_id;
  std::string_view service;
  std::string_view action;
  Outcome outcome = Outcome::kSucceeded;
  bool is_read = false;  // changes nothing
  Actor actor;
  Credential credential;
  Context context;
  Issued issued;
  std::string_view target;  // the resource acted on
  Change change;
  std::span<const Fact> facts = {};
};

}  // namespace mandate::observe
