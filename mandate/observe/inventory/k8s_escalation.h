// Ways in Kubernetes from a right to more than it says: which permissions together, in one
// namespace or in the cluster, gain what. One table.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "mandate/observe/inventory/k8s_access.h"

namespace mandate::observe {

enum class K8sGain : std::uint8_t {
  kAccounts,         // every service account of the namespace
  kPods,             // the same, and pods that ask for what they like of the node
  kRunningAccounts,  // those that pods of the namespace run as
  kRights,           // every right in the namespace
  kCluster,          // every right there is
  kNodes,            // the nodes
};

struct K8sEscalation {
  std::string_view id;
  // All that are not empty must be held; a verb with `|` between is any of them.
  std::array<K8sAsk, 2> asks;
  K8sGain gain = K8sGain::kAccounts;
  bool cluster_only = false;  // holds nothing in a namespace
  std::string_view how;
};

std::span<const K8sEscalation> k8s_escalations();

}  // namespace mandate::observe
