// Logs that grow: files whose lines are added to, files that are whole when they appear, folders
// with new files, standard input. What was read once may be read again, since events are told apart
// by what they are; so a file that was cut short or replaced is read from its beginning.
//
//   Tail tail({"audit.log", "logs/"});
//   while (!stopped) { if (tail.poll(scan)) look_for_findings(); wait(); }
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/observe/scan.h"

namespace mandate::app {

class Tail {
 public:
  // Files, folders of them, or "-". Of a file also those beside it that rotation made of it:
  // "audit.log.1", "audit.log-20260301.gz".
  explicit Tail(std::vector<std::string> paths);
  ~Tail();

  // Reads what is there and new, whole records only; true where there was any.
  bool poll(observe::Scan& scan);
  // Standard input is all there is, and has ended.
  bool is_over() const;
  // What could not be read, each told once.
  std::vector<std::string> take_problems();

 private:
  struct Followed;
  using Identity = std::pair<std::uint64_t, std::uint64_t>;  // device and number

  void look_for_files();
  void consider(const std::string& path);
  bool read_more(Followed& file, observe::Scan& scan);
  bool read_whole(Followed& file, observe::Scan& scan);
  bool read_lines(Followed& file, observe::Scan& scan, bool is_quiet);
  bool read_standard_input(observe::Scan& scan);
  std::size_t take_lines(Followed& file, observe::Scan& scan, std::string_view bytes,
                         bool to_the_end);
  void judge(const std::string& path, observe::Scan& scan);
  void problem(const std::string& text);

  std::vector<std::string> paths_;
  bool has_looked_ = false;
  std::map<Identity, std::unique_ptr<Followed>> files_;
  std::unique_ptr<Followed> input_;  // standard input; nullptr where it is not followed
  std::set<std::string> told_;
  std::vector<std::string> problems_;
};

}  // namespace mandate::app
