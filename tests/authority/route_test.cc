#include "mandate/authority/route.h"

#include <gtest/gtest.h>

namespace mandate {
namespace {

const ResourceDefinition& tickets() {
  static const ResourceDefinition resource = *ResourceDefinition::parse(*json::parse_yaml(R"(
id: "https://tickets.acme.example"
type: tickets
actions: [read, comment, close, list, touch]
routes:
  - {methods: [GET], path: "/", action: list, identifier: "root"}
  - {methods: [GET], path: "/queue/", action: list, identifier: "queue"}
  - {methods: [GET], path: "/queue/mine/{ticket}", action: touch, identifier: "queue/mine/{ticket}"}
  - {methods: [GET, HEAD], path: "/queue/{queue}/{ticket}", action: read,
     identifier: "queue/{queue}/{ticket}"}
  - {methods: [POST], path: "/queue/{queue}/{ticket}/close", action: close,
     identifier: "queue/{queue}/{ticket}"}
  - {methods: [GET], path: "/files/{path...}", action: read, identifier: "files/{path}"}
  - {methods: [GET], path: "/static/**", action: read, identifier: "static"}
  - {path: "/any/{x}", action: touch, identifier: "any/{x}"}
  - {methods: [GET], path: "/caf\u00e9/{x}", action: read, identifier: "{x}/caf\u00e9"}
)"));
  return resource;
}

struct Row {
  std::string_view method;
  std::string_view target;
  std::string_view expected;  // "action identifier", or a reason and part of its detail
};

void check(const Row& row) {
  SCOPED_TRACE(std::string(row.method) + " " + std::string(row.target));
  const Result<RouteMatch> match = match_route(tickets(), row.method, row.target);
  if (match) {
    EXPECT_EQ(match->action + " " + match->identifier.text(), row.expected);
    return;
  }
  const std::string refusal = std::string(name(match.error().reason)) + " " + match.error().detail;
  const std::size_t space = row.expected.find(' ');
  EXPECT_EQ(refusal.substr(0, space), row.expected.substr(0, space)) << refusal;
  EXPECT_NE(refusal.find(row.expected.substr(space + 1)), std::string::npos) << refusal;
}

constexpr std::string_view kNone = "outside_authority no route matches";

TEST(MatchRoute, TakesTheFirstRouteThatMatches) {
  for (const Row& row : std::vector<Row>{
           {"GET", "/", "list root"},
           {"GET", "/queue/", "list queue"},
           {"GET", "/queue", kNone},
           {"GET", "/queue/eu/7", "read queue/eu/7"},
           {"HEAD", "/queue/eu/7", "read queue/eu/7"},
           {"GET", "/queue/mine/7", "touch queue/mine/7"},
           {"HEAD", "/queue/mine/7", "read queue/mine/7"},
           {"GET", "/queue/eu/7/", kNone},
           {"GET", "/queue/eu/", kNone},
           {"GET", "/queue/eu", kNone},
           {"GET", "/queue/eu/7/8", kNone},
           {"GET", "/Queue/eu/7", kNone},
           {"POST", "/queue/eu/7/close", "close queue/eu/7"},
           {"GET", "/queue/eu/7/close", kNone},
           {"GET", "/files/a", "read files/a"},
           {"GET", "/files/a/b.txt", "read files/a/b.txt"},
           {"GET", "/files/", kNone},
           {"GET", "/files", kNone},
           {"GET", "/files/a/", kNone},
           {"GET", "/static/a/b", "read static"},
           {"GET", "/static", kNone},
           {"GET", "/nowhere", kNone},
       }) {
    check(row);
  }
}

TEST(MatchRoute, ComparesMethodsExactly) {
  for (const Row& row : std::vector<Row>{
           {"get", "/queue/eu/7", kNone},
           {"GETS", "/queue/eu/7", kNone},
           {"PUT", "/queue/eu/7", kNone},
           {"POST", "/queue/eu/7", kNone},
           {"BREW", "/any/1", "touch any/1"},
           {"get", "/any/1", "touch any/1"},
           {"", "/any/1", "bad_request an HTTP method"},
           {"GET ", "/any/1", "bad_request an HTTP method"},
           {"G\nT", "/any/1", "bad_request an HTTP method"},
           {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", "/any/1", "touch any/1"},
           {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG", "/any/1", "bad_request an HTTP method"},
       }) {
    check(row);
  }
}

TEST(MatchRoute, CutsTheQueryOff) {
  for (const Row& row : std::vector<Row>{
           {"GET", "/queue/eu/7?", "read queue/eu/7"},
           {"GET", "/queue/eu/7?a=/../..;//%2f%zz\\", "read queue/eu/7"},
           {"GET", "/queue/eu/7?/close", "read queue/eu/7"},
           {"GET", "/?/queue/eu/7", "list root"},
           {"GET", "/queue/eu/7%3Fx", "read queue/eu/7?x"},
           {"GET", "/queue/eu/7?a b", "bad_request visible ASCII"},
           {"GET", "/queue/eu/7?a\x01", "bad_request visible ASCII"},
       }) {
    check(row);
  }
}

TEST(MatchRoute, DecodesOnceAndAlwaysToTheSameForm) {
  for (const Row& row : std::vector<Row>{
           {"GET", "/queue/e%75/7", "read queue/eu/7"},
           {"GET", "/%71ueue/eu/7", "read queue/eu/7"},
           {"GET", "/queue/%6a/7", "read queue/j/7"},
           {"GET", "/queue/%6A/7", "read queue/j/7"},
           {"GET", "/queue/%6dine/7", "touch queue/mine/7"},
           {"GET", "/caf%c3%a9/1", "read 1/caf\u00e9"},
           {"GET", "/caf%C3%A9/1", "read 1/caf\u00e9"},
           {"GET", "/cafe%CC%81/1", "bad_request normalization form C"},
           {"GET", "/caf%E9/1", "bad_request normalization form C"},
           {"GET", "/any/%C0%AE", "bad_request normalization form C"},
           {"GET", "/any/%ED%A0%80", "bad_request normalization form C"},
           {"GET", "/caf\u00e9/1", "bad_request visible ASCII"},
           {"GET", "/any/a%20b", "touch any/a b"},
           {"GET", "/any/a+b", "touch any/a+b"},
           {"GET", "/any/100%25", "touch any/100%"},
           {"GET", "/any/%25zz", "touch any/%zz"},
           {"GET", "/any/%252e%252e", "bad_request second encoding"},
           {"GET", "/any/%252Fx", "bad_request second encoding"},
           {"GET", "/any/%25%32%66", "bad_request second encoding"},
       }) {
    check(row);
  }
}

TEST(MatchRoute, RefusesWhatCouldBeReadInTwoWays) {
  for (const Row& row : std::vector<Row>{
           {"GET", "/queue/eu%2f7/x", "bad_request behind '%'"},
           {"GET", "/queue/eu%2F7/x", "bad_request behind '%'"},
           {"GET", "/any/a%5cb", "bad_request behind '%'"},
           {"GET", "/any/a%5Cb", "bad_request behind '%'"},
           {"GET", "/any/a\\b", "bad_request RFC 3986"},
           {"GET", "\\any\\a", "bad_request begins with '/'"},
           {"GET", "/any/..", "bad_request no '.' or '..'"},
           {"GET", "/any/.", "bad_request no '.' or '..'"},
           {"GET", "/any/...", "touch any/..."},
           {"GET", "/any/a.b", "touch any/a.b"},
           {"GET", "/any/a%2Eb", "touch any/a.b"},
           {"GET", "/queue/../any/1", "bad_request no '.' or '..'"},
           {"GET", "/any/%2e%2e", "bad_request no '.' or '..'"},
           {"GET", "/any/%2E%2e", "bad_request no '.' or '..'"},
           {"GET", "/any/.%2E", "bad_request no '.' or '..'"},
           {"GET", "/any/%2e", "bad_request no '.' or '..'"},
           {"GET", "/any/a;x", "bad_request without ';'"},
           {"GET", "/any/..;x", "bad_request without ';'"},
           {"GET", "/any/a%3bx", "bad_request behind '%'"},
           {"GET", "//any/1", "bad_request no empty segment"},
           {"GET", "/any//1", "bad_request no empty segment"},
           {"GET", "/any/1//", "bad_request no empty segment"},
           {"GET", "//", "bad_request no empty segment"},
           {"GET", "/any/%", "bad_request hexadecimal"},
           {"GET", "/any/%4", "bad_request hexadecimal"},
           {"GET", "/any/%4g", "bad_request hexadecimal"},
           {"GET", "/any/%u002e", "bad_request hexadecimal"},
           {"GET", "/any/a%00", "bad_request control character"},
           {"GET", "/any/a%0d%0ab", "bad_request control character"},
           {"GET", "/any/a%7f", "bad_request control character"},
           {"GET", "/any/a%C2%85", "bad_request control character"},
           {"GET", "/any/a%E2%80%8B", "bad_request control character"},
           {"GET", "/any/a\tb", "bad_request visible ASCII"},
           {"GET", "/any/a b", "bad_request visible ASCII"},
           {"GET", "/any/a#b", "bad_request RFC 3986"},
           {"GET", "/any/{x}", "bad_request RFC 3986"},
           {"GET", "http://tickets.acme.example/any/1", "bad_request begins with '/'"},
           {"GET", "tickets.acme.example:443", "bad_request begins with '/'"},
           {"OPTIONS", "*", "bad_request begins with '/'"},
           {"GET", "", "bad_request begins with '/'"},
           {"GET", "any/1", "bad_request begins with '/'"},
           {"GET", "?/any/1", "bad_request begins with '/'"},
           {"GET", "/any/*", "bad_request expected no '*'"},
           {"GET", "/files/a/*/b", "bad_request expected no '*'"},
       }) {
    check(row);
  }
}

TEST(MatchRoute, BoundsItsInput) {
  const std::string prefix = "/any/";
  const auto of_length = [&](std::size_t bytes) {
    return prefix + std::string(bytes - prefix.size(), 'x');
  };
  // What the path may hold; its identifier is bounded more tightly.
  EXPECT_TRUE(normalise_target(of_length(4096)));
  check({"GET", of_length(4097), "limit_exceeded longer than 4096"});
  check({"GET", "/any/1?" + std::string(10'000, 'q'), "touch any/1"});
  check({"GET", of_length(1025), "touch any/" + std::string(1020, 'x')});
  check({"GET", of_length(1026), "bad_request at most 1024 bytes"});
  std::string deep = "/static";
  for (int i = 0; i < 63; ++i) deep += "/a";
  check({"GET", deep, "read static"});
  check({"GET", deep + "/a", "limit_exceeded more than 64 segments"});
}

TEST(MatchRoute, HandsItsCapturesOn) {
  using Captures = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(match_route(tickets(), "GET", "/queue/e%75/7?x")->captures,
            (Captures{{"queue", "eu"}, {"ticket", "7"}}));
  EXPECT_EQ(match_route(tickets(), "GET", "/files/a/b")->captures, (Captures{{"path", "a/b"}}));
  EXPECT_EQ(match_route(tickets(), "GET", "/static/a")->captures, Captures{});
}

}  // namespace
}  // namespace mandate
