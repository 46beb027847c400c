#include "apps/mandate/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "mandate/json/value.h"

namespace mandate::app {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

class SpdlogLog final : public Log {
 public:
  SpdlogLog() : logger_("mandate", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    // The message is the fields as JSON already.
    logger_.set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})");
    logger_.flush_on(spdlog::level::warn);
  }

  void write(LogLevel level, std::string_view message, const std::vector<Field>& fields) override {
    json::Value line = json::Value::object({{"message", message}});
    for (const auto& [key, value] : fields) line.set(key, value);
    const std::string text = json::canonical(line);
    logger_.log(level_of(level), "{}", std::string_view(text).substr(1, text.size() - 2));
  }

 private:
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Log> make_log() { return std::make_unique<SpdlogLog>(); }

}  // namespace mandate::app
