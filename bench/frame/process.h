// Servers that a benchmark starts on the first core, and ends with itself.
//
//   Process nginx({"/usr/sbin/nginx", "-p", folder, "-c", "nginx.conf"});
//   nginx.wait_for_port(8080);
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mandate::bench {

class Process {
 public:
  // `environment`: added to this process's own. Output goes to `log`, a file.
  Process(const std::vector<std::string>& command,
          const std::vector<std::pair<std::string, std::string>>& environment,
          const std::string& log);
  ~Process();  // asks it to end, and waits
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Gives up, with the log's end, where the program ends or nothing listens within this.
  void wait_for_port(std::uint16_t port, int seconds = 60) const;
  // The same for a line of its output that begins so.
  void wait_for_line(const std::string& begin, int seconds = 60) const;
  double memory_mib() const;    // resident
  double core_seconds() const;  // that it has had, all its threads together

 private:
  pid_t pid_ = -1;
  std::string name_;
  std::string log_;
};

std::uint16_t free_port();
// Of this build: build/PRESET/NAME beside the benchmark's own folder.
std::string built(const std::string& name);

}  // namespace mandate::bench
