#include "bench/frame/figure.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "mandate/json/value.h"

namespace mandate::bench {
namespace {

// Five digits say all that a measurement knows.
double rounded(double number) {
  if (number == 0 || !std::isfinite(number)) return 0;
  const double scale = std::pow(10.0, 4 - std::floor(std::log10(std::abs(number))));
  return std::round(number * scale) / scale;
}

json::Value numbers(const Samples& samples) {
  json::Array array;
  for (double sample : samples) array.emplace_back(rounded(sample));
  return array;
}

}  // namespace

void print(const Figure& figure) {
  json::Value row = json::Value::object(
      {{"figure", figure.name}, {"unit", figure.unit}, {"samples", numbers(figure.samples)}});
  if (!figure.limit.empty()) {
    row.set("limit_name", figure.limit_name);
    row.set("limit", numbers(figure.limit));
  }
  if (figure.goal) {
    row.set("goal", figure.goal->number);
    row.set("goal_of", figure.goal->of_ratio ? "ratio" : "median");
    row.set("better", figure.goal->higher_is_better ? "higher" : "lower");
  }
  if (!figure.note.empty()) row.set("note", figure.note);
  std::printf("%s\n", json::canonical(row).c_str());
  std::fflush(stdout);
}

bool is_wanted(const std::string& name) {
  const char* wanted = std::getenv("FIGURE");
  if (wanted == nullptr || *wanted == '\0') return true;
  return std::string_view(wanted).starts_with(name) || name.starts_with(wanted);
}

void give_up(const std::string& why) {
  std::fprintf(stderr, "bench: %s\n", why.c_str());
  std::exit(1);
}

std::vector<Samples> in_turns(int rounds, const std::vector<Side>& sides) {
  std::vector<Samples> samples(sides.size());
  for (int round = -1; round < rounds; ++round) {
    for (std::size_t i = 0; i < sides.size(); ++i) {
      const double sample = sides[i]();
      if (round >= 0) samples[i].push_back(sample);
    }
  }
  return samples;
}

double core_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double median(Samples samples) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const std::size_t half = samples.size() / 2;
  return samples.size() % 2 == 1 ? samples[half] : (samples[half - 1] + samples[half]) / 2;
}

}  // namespace mandate::bench
