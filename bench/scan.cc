// `mandate scan` beside simdjson alone: the same CloudTrail file, from memory, on one core. The
// limit parses every record with simdjson's own stream of documents and asks each for its id; the
// scan splits, projects, summarises and counts each event once. The file is made by
// tools/generate_cloudtrail under build/bench-data: 2 GB, or MANDATE_BENCH_MEGABYTES.
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "bench/frame/figure.h"
#include "mandate/observe/rules.h"
#include "mandate/observe/scan.h"

namespace mandate::bench {
namespace {

constexpr int kRounds = 5;
constexpr std::uint64_t kMegabytes = 2048;

std::uint64_t megabytes() {
  const char* said = std::getenv("MANDATE_BENCH_MEGABYTES");
  const std::uint64_t number = said == nullptr ? kMegabytes : std::strtoull(said, nullptr, 10);
  if (number == 0) give_up("MANDATE_BENCH_MEGABYTES is no number of megabytes");
  return number;
}

std::string made_file() {
  const std::filesystem::path folder = "build/bench-data";
  std::filesystem::create_directories(folder);
  const std::string size = std::to_string(megabytes());
  const std::string path = (folder / ("cloudtrail-" + size + ".ndjson")).string();
  if (std::filesystem::exists(path)) return path;
  const std::string command = "python3 tools/generate_cloudtrail --form ndjson --megabytes " +
                              size + " > " + path + ".unfinished";
  if (std::system(command.c_str()) != 0) give_up("cannot make " + path);
  std::filesystem::rename(path + ".unfinished", path);
  return path;
}

std::string read_whole(const std::string& path) {
  std::string text(std::filesystem::file_size(path), '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in) give_up("cannot read " + path);
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  return text;
}

std::uint64_t scanned(std::string_view text) {
  observe::Scan scan;
  json::MemorySource source(text);
  scan.read("cloudtrail", source);
  return scan.summary().events();
}

// Every document is parsed whole: what a program that keeps nothing would do.
std::uint64_t parsed(const std::string& text) {
  simdjson::dom::parser parser;
  parser.threaded =
      false;  // else its first stage runs on another core, whose seconds nobody counts
  simdjson::dom::document_stream documents;
  if (parser.parse_many(text, 1 << 20).get(documents) != simdjson::SUCCESS) give_up("simdjson");
  std::uint64_t events = 0;
  for (auto document : documents) {
    std::string_view id;
    if (document["eventID"].get(id) == simdjson::SUCCESS && !id.empty()) ++events;
  }
  return events;
}

// GB of the file a second of this thread's core.
template <class Work>
double speed(const std::string& text, const Work& work) {
  const double begin = core_seconds();
  work();
  return static_cast<double>(text.size()) / 1e9 / (core_seconds() - begin);
}

void run() {
  if (!is_wanted("scan.core") && !is_wanted("scan.rules")) return;
  const std::string text = read_whole(made_file());
  const std::uint64_t expected = parsed(text);
  if (scanned(text) != expected) give_up("the scan and simdjson count different events");
  const auto samples = in_turns(kRounds, {[&] { return speed(text, [&] { scanned(text); }); },
                                          [&] { return speed(text, [&] { parsed(text); }); }});
  print({.name = "scan.core",
         .unit = "GB/s",
         .samples = samples[0],
         .limit_name = "simdjson's DOM of every record of the same file",
         .limit = samples[1],
         .goal = ratio_at_least(0.5),
         .note = std::to_string(expected) + " events in " +
                 std::to_string(text.size() / 1'000'000) + " MB, from memory"});
  observe::Scan scan;
  json::MemorySource source(text);
  scan.read("cloudtrail", source);
  const observe::Summary& summary = scan.summary();
  Samples rules;
  for (int i = 0; i < kRounds; ++i) {
    rules.push_back(1e3 * seconds([&] { observe::find_borrowed_trust(summary); }));
  }
  print({.name = "scan.rules",
         .unit = "ms",
         .samples = rules,
         .note = std::to_string(summary.credentials().size()) + " credentials"});
}

}  // namespace
}  // namespace mandate::bench

int main() {
  mandate::bench::run();
  return 0;
}
