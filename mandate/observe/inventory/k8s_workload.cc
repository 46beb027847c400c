// What a pod's spec gives its containers of the node (Pod Security Standards, kubernetes.io).
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/observe/inventory/k8s_objects.h"

namespace mandate::observe {
namespace {

const json::Array& array_at(const json::Value& value, std::string_view key) {
  static const json::Array kEmpty;
  const json::Value* member = value.find(key);
  return member != nullptr && member->is_array() ? member->as_array() : kEmpty;
}

bool is_true(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  return member != nullptr && member->is_bool() && member->as_bool();
}

std::string string_at(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  return member != nullptr && member->is_string() ? member->as_string() : std::string();
}

bool is_below(std::string_view inner, std::string_view outer) {
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}

// A folder of the node, or what holds it: who writes there runs code on the node.
enum class Path : unsigned char { kHarmless, kTells, kGives };

Path what_it_gives(std::string_view path, bool is_writable) {
  constexpr std::string_view kSockets[] = {
      "/var/run/docker.sock", "/run/docker.sock", "/run/containerd",
      "/var/run/containerd",  "/run/crio",        "/var/run/crio"};
  constexpr std::string_view kSecret[] = {"/root",       "/etc/kubernetes", "/var/lib/kubelet",
                                          "/etc/shadow", "/var/lib/etcd",   "/proc",
                                          "/home"};
  constexpr std::string_view kCode[] = {"/etc",     "/usr",     "/bin", "/sbin",     "/lib",
                                        "/opt",     "/boot",    "/dev", "/sys",      "/var/lib",
                                        "/var/log", "/var/run", "/run", "/var/spool"};
  if (path == "/" || path == "/var" || path == "/etc") return Path::kGives;
  auto meets = [&](std::string_view given) {
    return is_below(path, given) || is_below(given, path);
  };
  if (std::any_of(std::begin(kSockets), std::end(kSockets), meets)) return Path::kGives;
  if (std::any_of(std::begin(kSecret), std::end(kSecret), meets)) return Path::kGives;
  if (std::none_of(std::begin(kCode), std::end(kCode), meets)) return Path::kHarmless;
  return is_writable ? Path::kGives : Path::kTells;
}

std::string normal(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

struct Pod {
  bool host_pid = false;
  bool host_network = false;
  std::map<std::string, std::string> host_paths;  // volume to path
  std::set<std::string> told;
  std::vector<K8sFact> facts;

  void tell(std::string text, bool leads_out) {
    if (told.insert(text).second) facts.push_back({std::move(text), leads_out});
  }
};

void read_capabilities(const json::Value& context, Pod& pod) {
  const json::Value* capabilities = context.find("capabilities");
  if (capabilities == nullptr) return;
  for (const json::Value& item : array_at(*capabilities, "add")) {
    if (!item.is_string()) continue;
    std::string name = item.as_string();
    if (name.starts_with("CAP_")) name.erase(0, 4);
    bool alone = name == "ALL" || name == "SYS_ADMIN" || name == "SYS_MODULE" ||
                 name == "SYS_RAWIO" || name == "DAC_READ_SEARCH";
    bool with_pid = pod.host_pid && (name == "SYS_PTRACE" || name == "KILL");
    bool with_network = pod.host_network && (name == "NET_ADMIN" || name == "NET_RAW");
    if (alone || with_pid) pod.tell("adds the capability " + name, true);
    if (with_network || name == "BPF" || name == "PERFMON" || (name == "SYS_PTRACE" && !with_pid)) {
      pod.tell("adds the capability " + name, false);
    }
  }
}

void read_container(const json::Value& container, Pod& pod) {
  if (const json::Value* context = container.find("securityContext")) {
    if (is_true(*context, "privileged")) pod.tell("has a privileged container", true);
    read_capabilities(*context, pod);
  }
  for (const json::Value& mount : array_at(container, "volumeMounts")) {
    auto found = pod.host_paths.find(string_at(mount, "name"));
    if (found == pod.host_paths.end()) continue;
    bool is_writable = !is_true(mount, "readOnly");
    Path gives = what_it_gives(found->second, is_writable);
    if (gives == Path::kHarmless) continue;
    pod.tell(std::string("mounts ") + found->second + " of its node" +
                 (is_writable ? "" : ", read-only"),
             gives == Path::kGives);
  }
}

}  // namespace

std::vector<K8sFact> workload_facts(const json::Value& spec) {
  Pod pod{.host_pid = is_true(spec, "hostPID"),
          .host_network = is_true(spec, "hostNetwork"),
          .host_paths = {},
          .told = {},
          .facts = {}};
  for (const json::Value& volume : array_at(spec, "volumes")) {
    const json::Value* host_path = volume.find("hostPath");
    if (host_path == nullptr) continue;
    pod.host_paths[string_at(volume, "name")] = normal(string_at(*host_path, "path"));
  }
  std::size_t containers = 0;
  for (std::string_view list : {"initContainers", "containers", "ephemeralContainers"}) {
    for (const json::Value& container : array_at(spec, list)) {
      read_container(container, pod);
      containers += list == "containers" ? 1 : 0;
    }
  }
  if (pod.host_pid) pod.tell("sees the processes of its node", false);
  if (is_true(spec, "hostIPC")) pod.tell("shares the memory segments of its node", false);
  if (pod.host_network) pod.tell("uses the network of its node", false);
  if (is_true(spec, "shareProcessNamespace") && containers > 1) {
    pod.tell("lets its containers see each other's processes and files", false);
  }
  return std::move(pod.facts);
}

}  // namespace mandate::observe
