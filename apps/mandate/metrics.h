// Counters and durations in Prometheus's text format, on prometheus-cpp. Labels are words of closed
// sets: routes by their templates, statuses, reasons, types of entries.
//
//   metrics.answered(route_of(target), 200, std::nullopt, 0.0012);
//   metrics.text({{.name = "mandate_record_revision", .help = "...", .value = 7}});
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/ports.h"
#include "mandate/base/reason.h"
#include "mandate/http/server/refusal.h"

namespace mandate::app {

// What is asked for when somebody looks.
struct Gauge {
  std::string name;
  std::string help;
  double value = 0;
  std::string label = {};  // `log`: which one
};

class Metrics final : public Counters {
 public:
  Metrics();
  ~Metrics() override;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // On any thread.
  void add(std::string_view type, std::string_view outcome, std::uint64_t amount) override;
  void answered(std::size_t route, int status, std::optional<Reason> reason, double seconds);
  // Refused before it had a route.
  void refused(Reason reason);
  // Turned away, since there was too much.
  void exceeded(http::Excess excess);

  // Everything, with these beside it.
  std::string text(const std::vector<Gauge>& gauges) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mandate::app
