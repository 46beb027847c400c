#include "mandate/authority/ids.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testing/matchers.h"

namespace mandate {
namespace {

using test::ErrorIs;

struct Row {
  std::string text;
  std::string normal;  // empty: refused
};

template <class SomeId>
void check(const Row& row) {
  SCOPED_TRACE(row.text);
  const Result<SomeId> id = SomeId::parse(row.text);
  if (row.normal.empty()) {
    EXPECT_THAT(id, ErrorIs(Reason::kBadRequest));
    return;
  }
  ASSERT_TRUE(id) << id.error().detail;
  EXPECT_EQ(id->text(), row.normal);
  EXPECT_EQ(SomeId::parse(id->text()).value(), *id) << "the normal form is its own normal form";
}

template <class SomeId>
void check_all(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    check<SomeId>(row);
  }
}

// Accepted as it stands.
Row same(const std::string& text) { return {text, text}; }
Row refused(const std::string& text) { return {text, {}}; }

TEST(PrincipalId, HasAKindAndARest) {
  check_all<PrincipalId>({
      same("human:maria@acme.example"),
      same("organization:acme.example"),
      same("workload:operator"),
      same("pipeline:web-release"),
      same("integration:crm/sync"),
      same("agent:triage"),
      same("service:a:b"),
      same("human:" + std::string(200, 'x')),
      refused("human:" + std::string(201, 'x')),
      refused("human:"),
      refused("human"),
      refused(":maria"),
      refused("Human:maria"),
      refused("team:support"),
      refused("robot:maria"),
      refused(" human:maria"),
      refused(""),
  });
}

TEST(PrincipalId, HoldsNothingThatTheEyeCannotTell) {
  check_all<PrincipalId>({
      {"human:Zoe\u0308", "human:Zo\u00eb"},
      same("human:Zo\u00eb"),
      refused("human:a b"),
      refused("human:a\tb"),
      refused("human:a\nb"),
      refused(std::string("human:a\0b", 9)),
      refused("human:a\x7f"),
      refused("human:a\u00a0b"),
      refused("human:a\u200bb"),
      refused("human:a\u202eb"),
      refused("human:a\u2028b"),
      refused("human:a\"b"),
      refused("human:a<b"),
      refused("human:a>b"),
      refused("human:a\\b"),
      refused("human:a\xff"),
      refused("human:a\xc0\xaf"),
      refused("human:a\xed\xa0\x80"),
  });
}

TEST(PrincipalId, FollowsSpiffe) {
  const std::string longest = "spiffe://td/" + std::string(2048 - 12, 'x');
  check_all<PrincipalId>({
      same("spiffe://acme.example/web/1"),
      same("spiffe://a_b-c.example/A.b_c-d"),
      same(longest),
      refused(longest + "x"),
      refused("spiffe://acme.example"),
      refused("spiffe://acme.example/"),
      refused("spiffe:///web"),
      refused("spiffe://Acme.example/web"),
      refused("spiffe://acme.example/a//b"),
      refused("spiffe://acme.example/a/"),
      refused("spiffe://acme.example/a/./b"),
      refused("spiffe://acme.example/a/../b"),
      refused("spiffe://acme.example/a/.."),
      same("spiffe://acme.example/a/..."),
      refused("spiffe://acme.example/a%20b"),
      refused("spiffe://acme.example:8443/a"),
      refused("spiffe://me@acme.example/a"),
      refused("spiffe://acme.example/a?b"),
      refused("spiffe://acme.example/a#b"),
      refused("SPIFFE://acme.example/a"),
      refused("spiffe://" + std::string(256, 'a') + "/x"),
      same("spiffe://" + std::string(255, 'a') + "/x"),
  });
}

TEST(TeamId, HasItsPrefix) {
  check_all<TeamId>({
      same("team:support"),
      refused("team:"),
      refused("support"),
      refused("human:support"),
      refused("team:a b"),
  });
}

TEST(ResourceId, IsAnAbsoluteUriWithOneSpelling) {
  check_all<ResourceId>({
      same("https://tickets.acme.example"),
      {"https://tickets.acme.example/", "https://tickets.acme.example"},
      same("https://tickets.acme.example/api/v1"),
      {"https://tickets.acme.example/api/v1/", "https://tickets.acme.example/api/v1"},
      same("http://127.0.0.1:8181"),
      same("https://[::1]:8443/x"),
      same("https://acme.example/a%20b"),
      same("https://acme.example/" + std::string(255 - 21, 'x')),
      refused("https://acme.example/" + std::string(255 - 20, 'x')),
      refused("https://acme.example//"),
      refused("https://acme.example/a//b"),
      refused("https://acme.example/a/../b"),
      refused("https://acme.example/a/."),
      refused("https://acme.example/%2"),
      refused("https://acme.example/%zz"),
      refused("https://acme.example?x=1"),
      refused("https://acme.example/#f"),
      refused("https://me@acme.example"),
      refused("https://Acme.example"),
      refused("HTTPS://acme.example"),
      refused("https://acme.example:"),
      refused("https://acme.example:123456"),
      refused("https://acme.example:x"),
      refused("https://"),
      refused("https:///x"),
      refused("https://.example"),
      refused("https://a..example"),
      refused("https://[]"),
      refused("https://[::1"),
      refused("ftp://acme.example"),
      refused("//acme.example"),
      refused("tickets"),
      refused("https://acme.example/a b"),
      refused("https://acme.example/a\nb"),
      refused(""),
  });
}

TEST(RecordId, IsPlain) {
  check_all<DelegationId>({
      same("triage-reads"),
      same("7"),
      same("a.b_c-D"),
      same(std::string(128, 'x')),
      refused(std::string(129, 'x')),
      refused(""),
      refused("-a"),
      refused(".a"),
      refused("a b"),
      refused("a/b"),
      refused("a:b"),
      refused("\u00eb"),
  });
  check<EntitlementId>(same("support-tickets"));
  check<EntitlementId>(refused("_x"));
  check<TrustedIssuerId>(same("github"));
  check<TrustedIssuerId>(refused("a,b"));
}

TEST(PrincipalKind, IsThePrefix) {
  for (std::size_t i = 0; i < kPrincipalKindCount; ++i) {
    const auto kind = static_cast<PrincipalKind>(i);
    EXPECT_EQ(parse_principal_kind(name(kind)), kind);
    EXPECT_EQ(kind_of(*PrincipalId::parse(std::string(name(kind)) + ":x")), kind);
    EXPECT_EQ(is_software(kind), i > 1) << name(kind);
  }
  EXPECT_EQ(kind_of(*PrincipalId::parse("spiffe://acme.example/x")), PrincipalKind::kWorkload);
  EXPECT_EQ(parse_principal_kind("team"), std::nullopt);
}

}  // namespace
}  // namespace mandate
