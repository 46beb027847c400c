// Ways in AWS from one principal's rights to another's: which permissions, on what, gain what. One
// table, in our own words; a test compares it with the published catalogue of paths. A way that
// takes two rows (change a role's rights, then assume it) is found in the graph.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace mandate::observe {

// What the permissions are asked for: `iam:` actions for the object itself, iam:PassRole for the
// role with its service, all others for some resource.
enum class AwsObject : std::uint8_t {
  kPolicy,  // a customer's managed policy; gains what its holders may
  kUser,
  kGroup,
  kRole,
  kPassedRole,  // a role that trusts the service, given to something new
  kRoleInUse,   // a role that trusts the service, already given to something
};

enum class AwsGain : std::uint8_t {
  kActAs,    // the object's rights
  kRewrite,  // the object gets any right
};

struct AwsEscalation {
  std::string_view id;
  std::array<std::string_view, 5> actions;  // in lower case; the rest is empty
  AwsObject object = AwsObject::kRole;
  AwsGain gain = AwsGain::kActAs;
  std::string_view services;  // that run as the role, with spaces between; any of them does
  std::string_view how;       // "makes a function that runs as the role"
};

std::span<const AwsEscalation> aws_escalations();
// What sts:AssumeRole gives; its object's trust decides too.
const AwsEscalation& aws_assume_role();

}  // namespace mandate::observe
