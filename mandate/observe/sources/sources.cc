#include "mandate/observe/sources/source.h"

namespace mandate::observe {
namespace {

constexpr const Source* kSources[] = {
    &kCloudTrail, &kKubernetes,   &kGitHub,   &kWorkspace, &kOkta, &kGke,    &kGcpAudit,
    &kEntra,      &kMicrosoft365, &kTeleport, &kVault,     &kOcsf, &kMandate};

constexpr std::string_view kEnvelopes[] = {"Records", "records",   "Events",  "items",
                                           "value",   "logEvents", "entries", "activities"};

}  // namespace

std::span<const Source* const> all_sources() { return kSources; }

std::span<const std::string_view> all_envelopes() { return kEnvelopes; }

}  // namespace mandate::observe
