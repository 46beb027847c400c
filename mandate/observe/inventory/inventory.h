// Inventories of what is possible: who could act as whom, and what stands there without use, owner
// or end. Takes whole files, in any order, of any kind it knows, and looks at them together; the
// same files give the same report whatever their order.
//
//   Inventories inventories;
//   if (Inventories::recognises(text)) inventories.add("iam.json", text);
//   InventoryReport report = std::move(inventories).finish();
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/graph/graph.h"
#include "mandate/observe/finding.h"

namespace mandate::observe {

// Worth saying, and no finding: an `ineffective` grant that the API server would not honour, a
// `coverage` gap of what was given.
struct InventoryNote {
  std::string kind;
  std::string subject;
  std::string text;
  Evidence evidence;
};

struct InventorySkipped {
  Evidence where;
  std::string reason;
};

// What an edge of the graph rests on; `EdgeData::handle` is its index.
struct EdgeNote {
  std::string text;
  bool is_conditional = false;
  Evidence evidence;
};

// A right as an inventory writes it down: one action, or a pattern of actions, on one resource, or
// a pattern of them ("*": all).
struct GrantedPair {
  std::string principal;
  std::string service;  // "s3"; of Kubernetes the kind of resource
  std::string action;
  std::string resource;
  friend auto operator<=>(const GrantedPair&, const GrantedPair&) = default;
};

struct InventoryReport {
  std::vector<Finding> findings;  // sealed and sorted, not yet in incidents
  std::vector<InventoryNote> notes;
  std::vector<InventorySkipped> skipped;
  graph::Graph graph;
  std::vector<EdgeNote> edges;
  std::uint64_t objects = 0;              // read and understood
  std::vector<GrantedPair> granted = {};  // sorted
};

class Inventories {
 public:
  Inventories();
  ~Inventories();
  Inventories(Inventories&&) noexcept;
  Inventories& operator=(Inventories&&) noexcept;

  // By content; `head` is the file's beginning, 64 KiB are enough.
  static bool recognises(std::string_view head);

  // A whole file, decompressed; the text is not kept.
  void add(std::string file, std::string_view text);
  InventoryReport finish() &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mandate::observe
