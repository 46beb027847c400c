#include "apps/mandate/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

#include "mandate/http/server/route_table.h"

namespace mandate::app {
namespace {

// From a decision out of the caches to a disk that does not answer.
const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};

std::string_view word_of(http::Excess excess) {
  switch (excess) {
    case http::Excess::kConnections: return "connections";
    case http::Excess::kWaiting: return "waiting";
    case http::Excess::kRate: return "rate";
  }
  return "";
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("mandate_http_requests_total")
          .Help("Requests that were answered, by route and status.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& durations =
      prometheus::BuildHistogram()
          .Name("mandate_http_request_duration_seconds")
          .Help("From a request's last byte to its answer, by route.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& refusals =
      prometheus::BuildCounter()
          .Name("mandate_http_refusals_total")
          .Help("Requests that were refused, by reason.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& excesses =
      prometheus::BuildCounter()
          .Name("mandate_http_turned_away_total")
          .Help(
              "Connections turned away (503), waiting requests shed (503), and requests past a "
              "rate (429), by what there was too much of.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& entries =
      prometheus::BuildCounter()
          .Name("mandate_journal_entries_total")
          .Help("Entries for the journal, by type and what came of it.")
          .Register(registry);
  std::vector<prometheus::Histogram*> duration_of;  // by route, the last for none

  Impl() {
    for (std::size_t route = 0; route <= http::route_table().size(); ++route) {
      duration_of.push_back(
          &durations.Add({{"route", std::string(http::route_name(route))}}, kSeconds));
    }
    for (Reason reason : all_reasons()) refusals.Add({{"reason", std::string(name(reason))}});
    for (auto excess : {http::Excess::kConnections, http::Excess::kWaiting, http::Excess::kRate}) {
      excesses.Add({{"excess", std::string(word_of(excess))}});
    }
    // What a dashboard asks for is there before it first happens.
    for (std::string_view type : {"issued", "refused"}) {
      entries.Add({{"type", std::string(type)}, {"outcome", "done"}});
    }
    entries.Add({{"type", "decided"}, {"outcome", "permit"}});
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::add(std::string_view type, std::string_view outcome, std::uint64_t amount) {
  impl_->entries.Add({{"type", std::string(type)}, {"outcome", std::string(outcome)}})
      .Increment(static_cast<double>(amount));
}

void Metrics::answered(std::size_t route, int status, std::optional<Reason> reason,
                       double seconds) {
  impl_->requests
      .Add({{"route", std::string(http::route_name(route))}, {"status", std::to_string(status)}})
      .Increment();
  impl_->duration_of[std::min(route, impl_->duration_of.size() - 1)]->Observe(seconds);
  if (reason) refused(*reason);
  if (status == 429) exceeded(http::Excess::kRate);  // of a client, by its id
}

void Metrics::refused(Reason reason) {
  impl_->refusals.Add({{"reason", std::string(name(reason))}}).Increment();
}

void Metrics::exceeded(http::Excess excess) {
  impl_->excesses.Add({{"excess", std::string(word_of(excess))}}).Increment();
}

std::string Metrics::text(const std::vector<Gauge>& gauges) const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  for (const Gauge& gauge : gauges) {
    prometheus::ClientMetric metric;
    metric.gauge.value = gauge.value;
    if (!gauge.label.empty()) metric.label.push_back({"log", gauge.label});
    // Those of one name follow each other: one family.
    if (families.empty() || families.back().name != gauge.name) {
      families.push_back({gauge.name, gauge.help, prometheus::MetricType::Gauge, {}});
    }
    families.back().metric.push_back(std::move(metric));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace mandate::app
