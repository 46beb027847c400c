// Pipelines: stages that ran without the stage before them, at an hour that is none of theirs, or
// approved by whoever started them. What a pipeline's stages are is learned from the log.
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>

#include "mandate/observe/rules.h"
#include "mandate/observe/rules/common.h"
#include "mandate/observe/rules/patterns.h"

namespace mandate::observe::rules {
namespace {

constexpr std::size_t kHabit = 4;          // so many times the one stage came before the other
constexpr std::size_t kHabitPerBreak = 4;  // and so many for each time that it did not
constexpr std::size_t kRunsMin = 10;
constexpr std::size_t kDaysMin = 5;
constexpr std::size_t kHours = 24;
constexpr std::size_t kWindowHoursMax = 10;
constexpr std::size_t kHoursOutside = 4;

// By revision.
using Runs = std::map<std::string, const FactRow*>;

struct Stage {
  Runs started;
  Runs succeeded;
};

// By repository, then by workflow: a stage's name is "owner/repository workflow".
using Pipelines = std::map<std::string, std::map<std::string, Stage>>;

Pipelines pipelines_in(const Summary& summary) {
  Pipelines pipelines;
  auto stage = [&pipelines](const std::string& name) -> Stage& {
    return pipelines[name.substr(0, name.find(' '))][name];
  };
  for (const auto& [said, row] : summary.facts().of(FactKind::kStageStarted)) {
    stage(said.subject).started[said.object] = &row;
  }
  for (const auto& [said, row] : summary.facts().of(FactKind::kStageSucceeded)) {
    stage(said.subject).succeeded[said.object] = &row;
  }
  return pipelines;
}

// For which revisions `later` started after `earlier` had succeeded, and for which without it.
struct Order {
  std::size_t kept = 0;
  std::vector<std::string> broken;
  Milliseconds lag{0};  // the longest between the two

  bool is_habit() const { return kept >= kHabit && broken.size() * kHabitPerBreak <= kept; }
};

Order order_of(const Stage& earlier, const Stage& later) {
  Order order;
  for (const auto& [revision, start] : later.started) {
    const auto before = earlier.succeeded.find(revision);
    if (before == earlier.succeeded.end() || before->second->first > start->first) {
      order.broken.push_back(revision);
      continue;
    }
    ++order.kept;
    order.lag = std::max(order.lag, start->first - before->second->first);
  }
  return order;
}

Instant first_in(const std::map<std::string, Stage>& stages) {
  Instant first = kEndOfTime;
  for (const auto& [name, stage] : stages) {
    for (const auto& [revision, row] : stage.started) first = std::min(first, row->first);
    for (const auto& [revision, row] : stage.succeeded) first = std::min(first, row->first);
  }
  return first;
}

std::size_t hour_of(Instant time) {
  const auto hours = std::chrono::floor<std::chrono::hours>(time.time_since_epoch()).count();
  return static_cast<std::size_t>(((hours % 24) + 24) % 24);
}

// How far, round the clock, the hour is from the nearest other hour of use.
std::size_t distance(std::size_t hour, const std::array<std::size_t, kHours>& used) {
  for (std::size_t d = 0; d < kHours / 2; ++d) {
    if (used[(hour + d) % kHours] > 0 || used[(hour + kHours - d) % kHours] > 0) return d;
  }
  return kHours / 2;
}

// The shortest stretch of the day that holds all hours of use.
std::size_t span_of(const std::array<std::size_t, kHours>& used) {
  std::size_t longest_gap = 0;
  for (std::size_t start = 0; start < kHours; ++start) {
    std::size_t gap = 0;
    while (gap < kHours && used[(start + gap) % kHours] == 0) ++gap;
    longest_gap = std::max(longest_gap, gap);
  }
  return kHours - longest_gap;
}

// Runs outside the hours in which all others of the stage lie; none where there is no such habit.
std::vector<const FactRow*> outside_hours(const Stage& stage) {
  std::vector<const FactRow*> outside;
  std::set<std::int64_t> days;
  std::array<std::size_t, kHours> used{};
  for (const auto& [revision, row] : stage.started) {
    ++used[hour_of(row->first)];
    days.insert(std::chrono::floor<std::chrono::days>(row->first.time_since_epoch()).count());
  }
  if (stage.started.size() < kRunsMin || days.size() < kDaysMin) return outside;
  for (const auto& [revision, row] : stage.started) {
    const std::size_t hour = hour_of(row->first);
    std::array<std::size_t, kHours> others = used;
    --others[hour];
    if (span_of(others) > kWindowHoursMax || distance(hour, others) < kHoursOutside) continue;
    outside.push_back(row);
  }
  return outside.size() == 1 ? outside : std::vector<const FactRow*>();
}

Finding outside(const std::string& who, const std::string& what, const Stage& stage,
                const FactRow& row) {
  Finding finding;
  cite(finding, row.sample);
  finding.principal = who;
  finding.reach.resources = 1;
  finding.severity = Severity::kMedium;
  finding.confidence = Confidence::kMedium;
  finding.explanation = what + " at " + format_rfc3339(row.first) + "; its " +
                        std::to_string(stage.started.size() - 1) +
                        " other runs lie in other hours of the day.";
  finding.ambiguity = {"an urgent repair, agreed on elsewhere"};
  return finding;
}

}  // namespace

void stage_without_predecessor(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [repository, stages] : pipelines_in(summary)) {
    const Instant begins = first_in(stages);
    std::map<std::pair<std::string, std::string>, Finding> by_run;
    for (const auto& [before, earlier] : stages) {
      for (const auto& [name, later] : stages) {
        if (before == name) continue;
        const Order order = order_of(earlier, later);
        if (!order.is_habit()) continue;
        for (const std::string& revision : order.broken) {
          const FactRow& start = *later.started.at(revision);
          // What came before the log began is not known.
          if (start.first - begins <= order.lag) continue;
          Finding& finding = by_run[{name, revision}];
          cite(finding, start.sample);
          finding.principal = name;
          finding.explanation = name + " ran for " + revision + " without " + before +
                                ", which had come first " + counted(order.kept, "time") + ".";
        }
      }
    }
    for (auto& [run, finding] : by_run) {
      finding.reach.resources = 1;
      finding.severity = Severity::kHigh;
      finding.confidence = Confidence::kMedium;
      finding.reasons = {"the order of the stages is that of the other revisions"};
      finding.ambiguity = {"a stage that somebody let be left out this time"};
      findings.push_back(std::move(finding));
    }
  }
}

void run_outside_hours(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [repository, stages] : pipelines_in(summary)) {
    for (const auto& [name, later] : stages) {
      const bool is_later =
          std::any_of(stages.begin(), stages.end(), [&, &stage = later](const auto& other) {
            return &other.second != &stage && order_of(other.second, stage).is_habit();
          });
      if (!is_later) continue;
      for (const FactRow* row : outside_hours(later)) {
        findings.push_back(
            outside(name, name + ", a later stage of " + repository + ", ran", later, *row));
      }
    }
  }
  std::map<std::string, Stage> deployments;  // by workload
  for (const auto& [said, row] : summary.facts().of(FactKind::kDeployed)) {
    deployments[said.subject].started[said.object] = &row;
  }
  for (const auto& [workload, stage] : deployments) {
    for (const FactRow* row : outside_hours(stage)) {
      findings.push_back(outside(workload, workload + " deployed", stage, *row));
    }
  }
}

void approved_by_its_starter(const Summary& summary, std::vector<Finding>& findings) {
  const Facts::Rows& started = summary.facts().of(FactKind::kRunStarted);
  for (const auto& [said, row] : summary.facts().of(FactKind::kRunApproved)) {
    const auto start = started.find({said.subject, said.object, said.detail});
    if (start == started.end()) continue;
    Finding finding;
    cite(finding, start->second.sample);
    cite(finding, row.sample);
    finding.principal = said.object;
    finding.reach.resources = 1;
    finding.severity = Severity::kHigh;
    finding.confidence = Confidence::kHigh;
    finding.explanation = said.object + " started " + said.subject +
                          " and approved it, so nobody else did what the approval is for.";
    finding.ambiguity = {"several approvals may be asked for, of which this is one"};
    findings.push_back(std::move(finding));
  }
}

}  // namespace mandate::observe::rules
