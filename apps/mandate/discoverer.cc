#include "apps/mandate/discoverer.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "apps/mandate/session.h"
#include "mandate/service/management.h"

namespace mandate::app {
namespace {

constexpr int kTriesMax = 5;  // of one request that the server has no time for
constexpr std::chrono::seconds kBetweenTries{1};

// Those that are new, as the server tells them.
std::vector<std::string> added_by(const json::Value& answer) {
  std::vector<std::string> ids;
  const json::Value* differences = answer.find("differences");
  if (differences == nullptr || !differences->is_array()) return ids;
  for (const json::Value& difference : differences->as_array()) {
    ids.push_back(text_at(difference, "id"));
  }
  return ids;
}

bool is_busy(const ApiClient& api) {
  return api.refused() && (api.refused()->status == 429 || api.refused()->status == 503);
}

Result<json::Value> post(ApiClient& api, const json::Value& body) {
  for (int tries = 1;; ++tries) {
    Result<json::Value> answer = api.call("POST", "/discoveries", body);
    if (answer || !is_busy(api) || tries == kTriesMax) return answer;
    std::this_thread::sleep_for(kBetweenTries);
  }
}

void show(std::size_t done, std::size_t of) {
  if (of <= service::kDiscoveriesMax || ::isatty(STDERR_FILENO) != 1) return;
  std::fprintf(stderr, "\rmandate: told of %zu of %zu identities\x1b[K", done, of);
  if (done == of) std::fputs("\r\x1b[K", stderr);
}

}  // namespace

std::optional<Discoverer> Discoverer::connect(const Connection& connection) {
  if (!app::connect(connection)) return std::nullopt;
  return Discoverer(connection);
}

bool Discoverer::tell(const std::vector<PrincipalId>& met, bool dry_run) {
  std::vector<PrincipalId> news;
  std::set_difference(met.begin(), met.end(), told_.begin(), told_.end(), std::back_inserter(news));
  if (news.empty()) return true;
  // A session of its own each time: a follower outlives its tokens.
  auto session = app::connect(connection_);
  if (!session) return false;
  std::vector<std::string> added;
  for (std::size_t at = 0; at < news.size();) {
    const std::size_t end = std::min(at + service::kDiscoveriesMax, news.size());
    json::Array ids;
    for (std::size_t i = at; i < end; ++i) ids.emplace_back(news[i].text());
    json::Value body = json::Value::object({{"principals", std::move(ids)}});
    if (dry_run) body.set("dry_run", true);
    const Result<json::Value> answer = post(*(*session)->api, body);
    if (!answer) {
      refused(**session, answer.error(), Format::kText);
      note("the server was told of " + std::to_string(at) + " of " + std::to_string(news.size()) +
           " identities; expected the next scan to tell of the rest");
      return false;
    }
    for (std::string& id : added_by(*answer)) added.push_back(std::move(id));
    if (!dry_run)
      told_.insert(news.begin() + static_cast<std::ptrdiff_t>(at),
                   news.begin() + static_cast<std::ptrdiff_t>(end));
    show(at = end, news.size());
  }
  if (dry_run) {
    for (const std::string& id : added) note("+ principal " + id);
  }
  note(std::to_string(news.size()) + " identities met; " + std::to_string(added.size()) +
       (dry_run ? " would be discovered (dry run: nothing was changed)"
                : " discovered, the others were known"));
  return true;
}

}  // namespace mandate::app
