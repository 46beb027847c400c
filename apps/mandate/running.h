// One server, whole: made by `mandate serve` from its configuration; everything is made in the
// order in which it depends on the rest, and ends in the opposite one.
//
//   Running running(options);
//   running.start();   running.reload(configured);   running.stop();
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "apps/mandate/configuration.h"
#include "apps/mandate/journal_finder.h"
#include "apps/mandate/logging.h"
#include "apps/mandate/metrics.h"
#include "apps/mandate/signing_keys.h"
#include "apps/mandate/tls_files.h"
#include "mandate/base/monotone_clock.h"
#include "mandate/base/rate_limiter.h"
#include "mandate/base/system_clock.h"
#include "mandate/base/time_zones.h"
#include "mandate/crypto/system_random.h"
#include "mandate/http/server/routes.h"
#include "mandate/http/server/server.h"
#include "mandate/service/sequencer.h"
#include "mandate/service/service.h"
#include "mandate/store/data_directory.h"
#include "mandate/store/key_files.h"
#include "mandate/store/memory_uses.h"
#include "mandate/store/published_logs.h"
#include "mandate/store/sqlite_record.h"

namespace mandate::app {

// Members are in the order of their making.
class Running {
 public:
  explicit Running(const ServeOptions& options);
  ~Running() { stop(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  Result<void> start();
  void stop();
  // Takes what can change while it runs, and says in the log what was changed and what waits; where
  // anything is wrong, everything stays as it was.
  void reload(const Configured& configured);
  const std::string& issuer() const { return issuer_; }

 private:
  Result<void> open_data();
  Result<void> listen();
  Result<void> choose_issuer(const std::string& default_issuer);
  Result<void> check_record();
  Result<void> check_clock();
  bool clock_went_back() const;
  Result<void> make_room_for_files();
  void bound(http::ServerOptions& server);
  Result<void> open_record();
  Result<void> open_journal();
  Result<void> bootstrap();
  Result<void> prepare_keys();
  Result<void> apply_documents();
  Result<record::Revision> run_command(std::string by, service::Sequencer::Command command);
  Result<void> apply_now(const Document& document, std::string by);
  std::optional<std::string> read_log(std::string_view path);
  std::string health() const;
  void say_closed();
  // Through the routes, seen on its way out: a line in the log, the counters, a request id.
  void answer(const http::Request& request, http::Respond respond);
  void saw(const http::Request& request, const http::Response& response, std::string_view id,
           double seconds);
  Result<void> listen_for_operators();
  http::Response answer_operator(const http::Request& request) const;
  std::vector<Gauge> gauges() const;
  void tick();
  void take_snapshot();

  ServeOptions options_;
  SystemClock machine_clock_;
  MonotoneClock clock_{machine_clock_};
  RateLimiter addresses_;
  crypto::SystemRandom random_;
  std::unique_ptr<ServerLog> log_;
  Metrics metrics_;
  std::atomic<bool> log_all_{false};
  std::atomic<bool> log_refused_{false};
  std::unique_ptr<store::FileSystem> files_;
  std::optional<SystemTimeZones> zones_;
  std::optional<store::DataDirectory> data_;
  std::optional<store::KeyFiles> keys_;
  std::string issuer_;
  std::string host_;
  std::string run_;
  std::unique_ptr<store::SqliteRecord> record_;
  record::State state_;
  record::Revision snapshot_at_ = 0;
  store::MemoryUses uses_{random_};
  std::unique_ptr<store::SegmentJournal> journal_;
  std::unique_ptr<store::PublishedLogs> logs_;
  std::optional<JournalFinder> finder_;
  std::optional<service::SigningKeys> signing_keys_;
  std::optional<FileKeySource> key_source_;
  std::unique_ptr<service::Sequencer> sequencer_;
  std::unique_ptr<service::Service> service_;
  std::unique_ptr<http::Routes> routes_;
  std::atomic<http::Routes*> ready_{nullptr};
  std::atomic<std::uint64_t> requests_{0};
  std::unique_ptr<http::Server> operator_server_;
  std::unique_ptr<TlsFiles> tls_;
  std::mutex tls_mutex_;  // the ticker looks at the files, a reload may name others
  std::unique_ptr<http::Server> server_;
  std::promise<void> stopping_;
  bool said_journal_ = false;  // the ticker's, then the stopping thread's
  bool said_record_ = false;
  std::thread ticker_;
};

}  // namespace mandate::app
