// The listener over real connections: whatever a handler does, somebody is answered in time.
#include "mandate/http/server/server.h"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <thread>

#include "mandate/http/client/client.h"

namespace mandate::http {
namespace {

using Respond = std::function<void(Response)>;

constexpr std::chrono::seconds kAnswerTimeout{1};

std::unique_ptr<Server> start(Server::Handler handler) {
  ServerOptions options;
  options.answer_timeout = kAnswerTimeout;
  Result<std::unique_ptr<Server>> server = Server::start(options, std::move(handler));
  EXPECT_TRUE(server.has_value());
  return *std::move(server);
}

Response ask(const Server& server) {
  Request request;
  request.method = "GET";
  request.target = "/";
  Result<Response> response = fetch("http://127.0.0.1:" + std::to_string(server.port()), request,
                                    {.timeout = std::chrono::seconds(5)});
  return response ? *response : Response{0, {}, response.error().detail};
}

TEST(Server, AnAnswerFromAnotherThreadIsGiven) {
  std::thread answering;
  const std::unique_ptr<Server> server = start([&](const Request& request, Respond respond) {
    answering = std::thread([&request, respond = std::move(respond)] {
      respond({200, {}, request.target});
    });
  });
  const Response response = ask(*server);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "/");
  answering.join();
}

TEST(Server, AnAnswerThatDoesNotComeIsARefusalInTime) {
  std::promise<Respond> late;
  std::unique_ptr<Server> server = start(
      [&](const Request& /*request*/, Respond respond) { late.set_value(std::move(respond)); });
  const Response response = ask(*server);
  EXPECT_EQ(response.status, 503) << response.body;
  EXPECT_THAT(response.body, ::testing::HasSubstr(R"("reason":"record_unavailable")"));
  EXPECT_EQ(header_value(response.headers, "Retry-After"), "1");
  const Respond respond = late.get_future().get();
  respond({200, {}, "too late"});
  server.reset();
  respond({200, {}, "and later than the server"});
}

TEST(Server, TheFirstOfTwoAnswersIsTaken) {
  const std::unique_ptr<Server> server =
      start([](const Request& /*request*/, const Respond& respond) {
        respond({200, {}, "first"});
        respond({200, {}, "second"});
      });
  EXPECT_EQ(ask(*server).body, "first");
  EXPECT_EQ(ask(*server).body, "first");
}

TEST(Server, ALateAnswerIsNotTheNextRequests) {
  std::vector<Respond> kept;
  const std::unique_ptr<Server> server = start([&](const Request& /*request*/, Respond respond) {
    if (kept.empty()) return kept.push_back(std::move(respond));
    kept.front()({200, {}, "late"});
    respond({200, {}, "own"});
  });
  EXPECT_EQ(ask(*server).status, 503);
  EXPECT_EQ(ask(*server).body, "own");
}

}  // namespace
}  // namespace mandate::http
