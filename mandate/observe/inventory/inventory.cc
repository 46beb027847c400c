#include "mandate/observe/inventory/inventory.h"

#include <utility>

#include "mandate/observe/inventory/aws_findings.h"
#include "mandate/observe/inventory/documents.h"
#include "mandate/observe/inventory/draft.h"

namespace mandate::observe {

struct Inventories::State {
  std::vector<std::string> files;
  std::vector<Skipped> skipped;
  std::uint64_t objects = 0;
  AwsAccounts aws;
};

Inventories::Inventories() : state_(std::make_unique<State>()) {}
Inventories::~Inventories() = default;
Inventories::Inventories(Inventories&&) noexcept = default;
Inventories& Inventories::operator=(Inventories&&) noexcept = default;

bool Inventories::recognises(std::string_view head) {
  auto has = [head](std::string_view word) { return head.find(word) != std::string_view::npos; };
  return has("\"UserDetailList\"") || has("\"RoleDetailList\"") || has("\"GroupDetailList\"") ||
         has("\"PolicyVersionList\"");
}

void Inventories::add(std::string file, std::string_view text) {
  State& state = *state_;
  DocumentReader reader(static_cast<std::uint32_t>(state.files.size()), text);
  state.files.push_back(std::move(file));
  PlaceOf place_of = [&reader](const json::Value& value) { return reader.place_of(value); };
  reader.read(
      [&](const json::Value& document) {
        if (AwsAccounts::is_page(document)) {
          state.aws.add_page(document, place_of);
          ++state.objects;
        } else {
          state.skipped.push_back({place_of(document), "no inventory that is known"});
        }
      },
      state.skipped);
}

InventoryReport Inventories::finish() && {
  State& state = *state_;
  Draft draft(std::move(state.files));
  state.aws.finish();
  AwsView aws(state.aws);
  aws.add_edges(draft);
  draft.build();
  aws.add_findings(draft);
  std::vector<InventorySkipped> skipped;
  for (Skipped& one : state.skipped) {
    skipped.push_back({draft.evidence(one.place, {}), std::move(one.reason)});
  }
  return std::move(draft).report(std::move(skipped), state.objects);
}

}  // namespace mandate::observe
