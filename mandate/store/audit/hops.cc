#include "mandate/store/audit/hops.h"

#include <algorithm>

namespace mandate::store::audit {
namespace {

constexpr std::size_t kPendingMax = 1 << 20;

Result<Digest> leaf_of(const json::Value& predecessor) {
  const json::Value* leaf = predecessor.find("leaf");
  if (leaf == nullptr || !leaf->is_string()) {
    return fail(Reason::kBadRequest, "predecessor has no \"leaf\"");
  }
  return decode_base64url(leaf->as_string()).and_then([](const std::string& bytes) {
    return to_digest(bytes);
  });
}

}  // namespace

// Logs of one server have one beginning: `<host>/log/`.
bool Hops::is_of_this_server(std::string_view origin) const {
  const std::string_view ours = logs_.front().checkpoint().origin;
  const std::size_t end = ours.find("/log/");
  return end != std::string_view::npos && origin.starts_with(ours.substr(0, end + 5));
}

Result<void> Hops::add(const LogReader& from, std::uint64_t index, const json::Value& entry) {
  const json::Value* predecessors = entry.find("predecessors");
  if (predecessors == nullptr) return {};
  if (!predecessors->is_array()) {
    findings_.add_entry(FindingKind::kMalformedEntry, from, index,
                        "has predecessors that are no array");
    return {};
  }
  for (const json::Value& predecessor : predecessors->as_array()) {
    if (auto ok = add_one({&from, index}, predecessor); !ok) return ok;
  }
  return {};
}

Result<void> Hops::add_one(const Source& source, const json::Value& predecessor) {
  const json::Value* origin = predecessor.find("origin");
  const Result<Digest> leaf = leaf_of(predecessor);
  if (origin == nullptr || !origin->is_string() || !leaf) {
    findings_.add_entry(FindingKind::kMalformedEntry, *source.log, source.index,
                        "names a predecessor without origin and leaf hash");
    return {};
  }
  const auto log = std::ranges::find(logs_, origin->as_string(), [](const LogReader& each) {
    return std::string_view(each.checkpoint().origin);
  });
  if (log != logs_.end()) {
    ++report_.hops;
    pending_[static_cast<std::size_t>(log - logs_.begin())].emplace(*leaf, source);
    return ++pending_count_ == kPendingMax ? resolve() : Result<void>();
  }
  if (!is_whole_ || !is_of_this_server(origin->as_string())) {
    ++report_.hops_elsewhere;
    return {};
  }
  ++report_.hops;
  findings_.add_entry(FindingKind::kMissingHop, *source.log, source.index,
                      "rests on entry " + encode_base64url(view(*leaf)) + " of " +
                          quoted(origin->as_string()) + ", a log that is not there");
  return {};
}

Result<void> Hops::resolve() {
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    Pending& pending = pending_[i];
    if (pending.empty()) continue;
    auto ok = logs_[i].visit_leaves([&](std::uint64_t, const Digest& leaf) {
      pending.erase(leaf);
      return !pending.empty();
    });
    if (!ok) return ok;
    for (const auto& [leaf, source] : pending) {
      findings_.add_entry(FindingKind::kMissingHop, *source.log, source.index,
                          "rests on entry " + encode_base64url(view(leaf)) + " of " +
                              logs_[i].checkpoint().origin + ", which does not hold it");
    }
    pending.clear();
  }
  pending_count_ = 0;
  return {};
}

}  // namespace mandate::store::audit
