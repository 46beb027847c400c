#include "apps/mandate/remote_logs.h"

#include <optional>

namespace mandate::app {

Result<std::optional<std::string>> RemoteLogs::read(const std::string& path,
                                                    std::uint64_t bytes_max) const {
  Result<std::string> bytes = api_.download("/log/" + path);
  if (bytes && bytes->size() > bytes_max) {
    return fail(Reason::kLimitExceeded,
                path + " has more than " + std::to_string(bytes_max) + " bytes");
  }
  if (bytes) return *std::move(bytes);
  if (api_.refused() && api_.refused()->status == 404) return std::nullopt;
  return fail(bytes.error());
}

// By the names of the keys: a key line is ORIGIN+hash+key, an origin HOST/log/journal/0000000001.
Result<std::vector<std::string>> RemoteLogs::list(const std::string& path) const {
  if (path.empty()) return std::vector<std::string>{which_};
  std::vector<std::string> logs;
  Result<std::string> keys = api_.get_public("/log/keys");
  if (!keys) return fail(keys.error());
  const std::string place = "/log/" + which_ + "/";
  for (std::size_t at = 0; (at = keys->find(place, at)) != std::string::npos;) {
    at += place.size();
    logs.push_back(keys->substr(at, keys->find('+', at) - at));
  }
  return logs;
}

}  // namespace mandate::app
