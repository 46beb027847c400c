#include <gtest/gtest.h>

#include "mandate/authority/definition.h"
#include "tests/authority/documents.h"

namespace mandate {
namespace {

using test::Change;
using test::check;
using test::check_all;

Document read(std::string_view text) {
  const Result<json::Value> yaml = json::parse_yaml(text);
  EXPECT_TRUE(yaml) << yaml.error().detail;
  const Result<Document> document = Document::parse(*yaml);
  EXPECT_TRUE(document) << document.error().detail;
  return *document;
}

TEST(Document, ReadsTheExcerptIntoItsNouns) {
  const Document document = read(test::kExcerpt);
  ASSERT_EQ(document.teams.size(), 1u);
  EXPECT_EQ(document.teams[0].members[0].text(), "human:kim@acme.example");
  ASSERT_EQ(document.principals.size(), 4u);
  EXPECT_EQ(document.principals[0].id.text(), "agent:triage");
  EXPECT_EQ(document.principals[0].environment, "prod");
  EXPECT_EQ(document.principals[0].authenticators[0].not_after,
            *parse_rfc3339("2027-03-31T00:00:00Z"));
  ASSERT_EQ(document.resources.size(), 1u);
  EXPECT_EQ(document.resources[0].enforcement_points[0].headers, HeaderFamily::kOriginal);
  ASSERT_EQ(document.entitlements.size(), 1u);
  EXPECT_EQ(document.entitlements[0].max_depth, 2);
  ASSERT_EQ(document.delegations.size(), 1u);
  EXPECT_EQ(document.delegations[0].max_token_lifetime, Seconds{300});
  EXPECT_EQ(document.delegations[0].purpose, "first-line triage");
  ASSERT_TRUE(document.guardrails);
  EXPECT_EQ((*document.guardrails)[0].kind, PrincipalKind::kAgent);
  ASSERT_EQ(document.trusted_issuers.size(), 1u);
  EXPECT_EQ(document.trusted_issuers[0].jwks_file, "github.jwks.json");
}

TEST(Document, RefusesEachFieldThatIsNotEnforcedYetWithItsLine) {
  constexpr std::string_view kYet = "is not enforced yet";
  constexpr std::string_view kPurpose = "    purpose: \"first-line triage\"\n";
  constexpr std::string_view kAge = "    max_token_age: 10m\n";
  const auto below = [](std::string_view line, std::string_view more) {
    return std::string(line) + std::string(more);
  };
  check_all({
      {"the excerpt itself", "apiVersion", "apiVersion"},
      {"approvals", kPurpose,
       below(kPurpose,
             "    approvals: {required: 2, approvers: [\"team:security\"], "
             "separate_control_plane: true}\n"),
       kYet, 1},
      {"review", kPurpose, below(kPurpose, "    review_interval: 90d\n"), kYet, 1},
      {"workflow", kPurpose, below(kPurpose, "    workflow: release-42\n"), kYet, 1},
      {"uses of a delegation", kPurpose, below(kPurpose, "    max_uses: 3\n"), kYet, 1},
      {"an issuer for software", "    authenticators: []\n",
       "    authenticators:\n      - issuer: github\n"
       "        claims: {sub: \"repo:acme/web:environment:production\"}\n",
       kYet, 1},
      {"an X.509 name", "    authenticators: []\n",
       "    authenticators:\n      - x509: {san: \"web.acme.example\"}\n", kYet, 1},
      {"shadow is enforced", "enforcement: enforce", "enforcement: shadow"},
      {"counted", "permits: listed", "permits: counted", kYet},
      {"durable is enforced", "permits: listed", "permits: durable"},
      {"a cache is enforced", "cache_when_down: 0s", "cache_when_down: 1s"},
      {"an exception", "exceptions: []\n",
       "exceptions:\n  - {select: {principal: \"service:legacy-sync\"}, relax: possession, reason: "
       "\"client cannot do DPoP yet\",\n     owner: \"team:support\", not_after: "
       "\"2027-02-01T00:00:00Z\"}\n",
       kYet, 1},
      {"keys by address", kAge, below(kAge, "    jwks_uri: \"https://idp.acme.example/jwks\"\n"),
       kYet, 1},
      {"a SPIFFE bundle", kAge, below(kAge, "    spiffe_bundle: bundle.json\n"), kYet, 1},
      {"a control plane", kAge, below(kAge, "    control_plane: ci\n"), kYet, 1},
      {"attestation claims", kAge, below(kAge, "    attestation_claims: [repository, ref]\n"), kYet,
       1},
      {"a chain from elsewhere", "may_assert: []", "may_assert: [act]", kYet},
  });
  for (std::string_view constraint :
       {"max_uses: 3", "provenance: {builder: ci}", "approval: {approvers: [\"team:support\"]}",
        "step_up: {max_age: 5m}", "attestation: {ref: main}", "event: {issuer: bank}"}) {
    check({constraint, "max: {context.amount: 500}",
           "max: {context.amount: 500}, " + std::string(constraint), kYet});
  }
}

TEST(Document, RefusesWhatItDoesNotKnowAndNamesWhatItDoes) {
  check_all({
      {"version", "mandate/v1", "mandate/v2", "expected \"mandate/v1\""},
      {"version is text", "apiVersion: mandate/v1", "apiVersion: 1", "expected a string"},
      {"section", "exceptions: []\n", "people: []\n", "unknown member \"people\" in document"},
      {"its known ones are named", "exceptions: []\n", "people: []\n",
       "apiVersion, teams, principals, resources, entitlements, delegations, guardrails, "
       "exceptions, trusted_issuers"},
      {"null section", "exceptions: []\n", "exceptions: null\n",
       "exceptions is null; expected an array"},
      {"no list", "guardrails:\n  - {select: {kind: agent}, max_token_lifetime: 10m, max_depth: 2}",
       "guardrails: {}", "guardrails is an object; expected an array"},
  });
  const Result<Document> none = Document::parse(*json::parse_yaml("teams: []\n"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().detail, "line 1: document has no \"apiVersion\"");
  EXPECT_TRUE(Document::parse(*json::parse_yaml("apiVersion: mandate/v1\nteams: []\n")));
}

TEST(Document, RefusesAnIdThatStandsTwiceWithBothLines) {
  const std::string start = "apiVersion: mandate/v1\n";
  const auto refused = [&](const std::string& rest) -> std::string {
    const Result<Document> document = Document::parse(*json::parse_yaml(start + rest));
    return document ? "accepted" : document.error().detail;
  };
  const std::string a = "  - {id: \"team:a\", members: []}\n";
  const std::string b = "  - {id: \"team:b\", members: []}\n";
  EXPECT_EQ(refused("teams:\n" + a + b), "accepted");
  EXPECT_EQ(refused("teams:\n" + a + b + a),
            "line 5: team \"team:a\" stands twice; the first is on line 3");
  const auto resource = [](std::string_view id) {
    return "  - {id: \"" + std::string(id) + "\", type: t, actions: [read]}\n";
  };
  EXPECT_EQ(
      refused("resources:\n" + resource("https://a.example") + resource("https://a.example/x")),
      "accepted");
  EXPECT_EQ(
      refused("resources:\n" + resource("https://a.example") + resource("https://a.example/")),
      "line 4: resource \"https://a.example\" stands twice; the first is on line 3");
  // One id may name a delegation and an entitlement: they are different nouns.
  const std::string authority =
      "authority: [{type: t, locations: [\"https://a.example\"], actions: [read]}]}\n";
  const std::string entitlement = "  - {id: x, principal: \"human:a\", " + authority;
  const std::string delegation =
      "  - {id: x, delegator: \"human:a\", delegate: \"agent:b\", " + authority;
  EXPECT_EQ(refused("entitlements:\n" + entitlement + "delegations:\n" + delegation), "accepted");
  EXPECT_EQ(refused("entitlements:\n" + entitlement + entitlement),
            "line 4: entitlement \"x\" stands twice; the first is on line 3");
  EXPECT_EQ(refused("delegations:\n" + delegation + delegation),
            "line 4: delegation \"x\" stands twice; the first is on line 3");
}

TEST(Document, OrderOfListingNeverMatters) {
  const Document one = read(R"(apiVersion: mandate/v1
teams:
  - {id: "team:a", members: ["human:x", "human:y"]}
  - {id: "team:b", members: []}
principals:
  - id: "human:x"
    authenticators:
      - {issuer: idp, claims: {sub: "1", tenant: "2"}}
      - {issuer: other, claims: {sub: "1"}}
resources:
  - {id: "https://a.example", type: t, actions: [read, write],
     enforcement_points: [{address: "10.0.0.1", headers: original},
                          {address: "::1", headers: forwarded}],
     routes: [{methods: [GET, HEAD], path: "/{x}", action: read, identifier: "{x}"}]}
entitlements:
  - {id: e, principal: "human:x", authority: [
      {type: t, locations: ["https://a.example", "https://b.example"], actions: [read, write]},
      {type: u, locations: ["https://a.example"], actions: [read]}]}
)");
  const Document other = read(R"(entitlements:
  - {authority: [
      {actions: [read], type: u, locations: ["https://a.example"]},
      {locations: ["https://b.example", "https://a.example/"], type: t, actions: [write, read]}],
     principal: "human:x", id: e, max_depth: 0}
resources:
  - {actions: [write, read], type: t, id: "https://a.example/", origin: "https://a.example",
     routes: [{identifier: "{x}", action: read, methods: [HEAD, GET], path: "/{x}"}],
     enforcement_points: [{headers: forwarded, address: "::1"},
                          {headers: original, address: "10.0.0.1"}]}
principals:
  - authenticators:
      - {claims: {sub: "1"}, issuer: other}
      - {claims: {tenant: "2", sub: "1"}, issuer: idp}
    id: "human:x"
teams:
  - {members: [], id: "team:b"}
  - {members: ["human:y", "human:x"], id: "team:a"}
apiVersion: mandate/v1
)");
  EXPECT_TRUE(one == other);
  EXPECT_EQ(json::canonical(one.to_json()), json::canonical(other.to_json()));
}

TEST(Document, AnEmptyListOfGuardrailsIsNotAnAbsentOne) {
  const Document absent = read("apiVersion: mandate/v1\n");
  const Document empty = read("apiVersion: mandate/v1\nguardrails: []\n");
  EXPECT_FALSE(absent.guardrails);
  ASSERT_TRUE(empty.guardrails);
  EXPECT_EQ(json::canonical(absent.to_json()), R"({"apiVersion":"mandate/v1"})");
  EXPECT_EQ(json::canonical(empty.to_json()), R"({"apiVersion":"mandate/v1","guardrails":[]})");
}

TEST(Document, JsonAndYamlReadTheSame) {
  const Document yaml = read(test::kExcerpt);
  const Result<json::Value> text = json::parse(json::pretty(*json::parse_yaml(test::kExcerpt)));
  ASSERT_TRUE(text) << text.error().detail;
  const Result<Document> document = Document::parse(*text);
  ASSERT_TRUE(document) << document.error().detail;
  EXPECT_TRUE(*document == yaml);
}

TEST(Document, EveryActionIsKeptAsWritten) {
  const std::string every = "actions: [\"*\"]}]\n    max_depth: 2";
  check({"every action", "actions: [read, comment, close]}]\n    max_depth: 2", every});
  const Document document = read(R"(apiVersion: mandate/v1
entitlements:
  - {id: e, principal: "human:x",
     authority: [{type: t, locations: ["https://a.example"], actions: ["*"]}]}
)");
  EXPECT_EQ(document.entitlements[0].authority.permissions()[0].actions,
            std::vector<std::string>{std::string(kEveryAction)});
}

}  // namespace
}  // namespace mandate
