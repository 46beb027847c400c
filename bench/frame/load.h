// A load over HTTP/1.1: so many kept connections of one thread, each with one request under way,
// pinned to the last core, so that a server can have the first to itself.
//
//   Load load = send_all(port, 32, requests);   load.per_second, load.bad
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/frame/figure.h"

namespace mandate::bench {

struct Load {
  double per_second = 0;
  std::uint64_t bad = 0;             // answers of another status than the first of `good`
  std::string first_bad;             // the first such, whole
  std::vector<double> milliseconds;  // of each answer, in no order
};

// Whole requests; each is sent once, and all are answered when it returns. `good`: the status that
// is expected. Without an answer for seconds it gives up.
Load send_all(std::uint16_t port, int connections, const std::vector<std::string>& requests,
              int good = 200);
// One request over and over, so many times.
Load send_same(std::uint16_t port, int connections, const std::string& request, std::size_t count,
               int good = 200);
// So many a second, whatever becomes of them: what finds no free connection goes out late.
Load send_paced(std::uint16_t port, int connections, const std::vector<std::string>& requests,
                double per_second, int good = 200);

// One kept connection, for requests that are made one by one.
class Line {
 public:
  explicit Line(std::uint16_t port);
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void send(const std::string& request);  // Precondition: the one before is answered
  bool is_answered();                     // does not wait
  std::string answer();                   // waits; whole

 private:
  bool read(int timeout_ms);
  int socket_ = -1;
  std::string buffer_;
};

// One answer, whole.
std::string send_one(std::uint16_t port, const std::string& request);

// This thread, and all it starts, to the core of clients or of the server.
void pin_to_client_core();
void pin_to_server_core();

}  // namespace mandate::bench
