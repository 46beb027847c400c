#include "apps/mandate/logging.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include "mandate/json/value.h"

namespace mandate::app {
namespace {

constexpr std::size_t kQueueLinesMax = 8192;

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

// `event key="value" ...`; values as JSON strings, so that none can begin a line of its own.
std::string as_text(std::string_view event, const std::vector<Log::Field>& fields) {
  std::string line(event);
  for (const auto& [key, value] : fields) {
    line.append(" ").append(key).append("=").append(json::canonical(json::Value(value)));
  }
  return line;
}

// The fields as the rest of an object, whose beginning is the pattern's.
std::string as_json(std::string_view event, const std::vector<Log::Field>& fields) {
  json::Value line = json::Value::object({{"event", event}});
  for (const auto& [key, value] : fields) line.set(key, value);
  const std::string text = json::canonical(line);
  return text.substr(1, text.size() - 2);
}

class SpdlogLog final : public ServerLog {
 public:
  SpdlogLog(std::string_view level, bool json)
      : json_(json),
        writer_(std::make_shared<spdlog::details::thread_pool>(kQueueLinesMax, 1)),
        logger_(std::make_shared<spdlog::async_logger>(
            "mandate", std::make_shared<spdlog::sinks::stderr_sink_mt>(), writer_,
            spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%H:%M:%S.%e %^%-7l%$ %v",
        json ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local));
    logger_->flush_on(spdlog::level::trace);
    set_level(level);
  }

  void write(LogLevel level, std::string_view event, const std::vector<Field>& fields) override {
    if (!logger_->should_log(level_of(level))) return;
    logger_->log(level_of(level), "{}", json_ ? as_json(event, fields) : as_text(event, fields));
  }

  void set_level(std::string_view level) override {
    logger_->set_level(spdlog::level::from_str(std::string(level)));
  }

  std::uint64_t lines_lost() const override { return writer_->overrun_counter(); }

 private:
  const bool json_;
  const std::shared_ptr<spdlog::details::thread_pool> writer_;
  const std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace

std::unique_ptr<ServerLog> make_log(std::string_view level, std::string_view format) {
  const bool json = format == "json" || (format == "auto" && ::isatty(STDERR_FILENO) == 0);
  return std::make_unique<SpdlogLog>(level, json);
}

}  // namespace mandate::app
