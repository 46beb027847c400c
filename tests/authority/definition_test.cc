#include "mandate/authority/definition.h"

#include <gtest/gtest.h>

#include "mandate/authority/public_jwk.h"
#include "tests/authority/documents.h"

namespace mandate {
namespace {

using test::check;
using test::check_all;

std::string of_length(std::size_t length) { return std::string(length, 'x'); }

std::string items(std::size_t count, std::string_view before, std::string_view after) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += (i == 0 ? "" : ", ") + std::string(before) + std::to_string(i) + std::string(after);
  }
  return out;
}

TEST(TeamDefinition, IsReadStrictly) {
  constexpr std::string_view kMembers =
      "members: [\"human:maria@acme.example\", \"human:kim@acme.example\"]";
  check_all({
      {"nobody", kMembers, "members: []"},
      {"no list", kMembers, "purpose: x", "team has no \"members\""},
      {"null", kMembers, "members: null", "members is null; expected an array"},
      {"software", kMembers, "members: [\"human:a\", \"agent:b\"]", "expected a human"},
      {"a number", kMembers, "members: [7]", "members is a number; expected a string"},
      {"twice", kMembers, "members: [\"human:a\", \"human:a\"]", "stands twice; the first is on"},
      {"1000", kMembers, "members: [" + items(1000, "\"human:", "\"") + "]"},
      {"1001", kMembers, "members: [" + items(1001, "\"human:", "\"") + "]", "at most 1000"},
      {"prefix", "{id: \"team:support\"", "{id: \"human:support\"", "expected the prefix team:"},
      {"unknown", kMembers, "members: [], lead: x", "expected only id, members"},
  });
}

TEST(PrincipalDefinition, HasAnOwnerExactlyWhereItIsSoftware) {
  constexpr std::string_view kHuman = "  - id: \"human:maria@acme.example\"\n";
  constexpr std::string_view kAgent = "    owner: \"team:support\"                  # every non";
  constexpr std::string_view kPipeline =
      "  - id: \"pipeline:web-release\"\n    owner: \"human:maria@acme.example\"\n";
  check_all({
      {"a team", kAgent, "    owner: \"team:other\" #"},
      {"a human", kAgent, "    owner: \"human:kim\" #"},
      {"software", kAgent, "    owner: \"service:kim\" #", "expected a team or a human"},
      {"an organisation", kAgent, "    owner: \"organization:x\" #", "expected a team or a human"},
      {"null", kAgent, "    owner: null #", "owner is null; expected a string"},
      {"none", kAgent, "    #", "principal \"agent:triage\" has no \"owner\"", -1},
      {"a human has none", kHuman, std::string(kHuman) + "    owner: \"team:support\"\n",
       "a human has no owner", 1},
      {"an organisation needs none", kPipeline, "  - id: \"organization:acme\"\n"},
      {"an organisation may have one", kPipeline,
       "  - id: \"organization:acme\"\n    owner: \"team:support\"\n"},
      {"every software kind", kPipeline, "  - id: \"spiffe://acme.example/web\"\n",
       "has no \"owner\""},
      {"its twin", kPipeline, "  - id: \"spiffe://acme.example/web\"\n    owner: \"human:x\"\n"},
  });
}

TEST(PrincipalDefinition, IsReadStrictly) {
  constexpr std::string_view kEnd = "    not_after: \"2027-12-31T00:00:00Z\"\n";
  check_all({
      {"id", "  - id: \"agent:triage\"", "  - id: \"robot:triage\"", "expected a prefix of human:"},
      {"no id", "  - id: \"agent:triage\"\n    owner", "  - owner", "principal has no \"id\""},
      {"environment",
       "  - {id: \"service:tickets-api\", owner: \"team:support\", environment: prod",
       "  - {id: \"service:tickets-api\", owner: \"team:support\", environment: \"a b\"",
       "environment \"a b\": expected 1 to 64"},
      {"no end", kEnd, ""},
      {"date", kEnd, "    not_after: \"2027-12-31\"\n", "2027-12-31"},
      {"kind", kEnd, "    not_after: \"2027-12-31T00:00:00Z\"\n    kind: agent\n",
       "unknown member \"kind\" in principal", 1},
  });
}

TEST(Authenticator, IsAKeyForSoftwareAndAnIssuerForAHuman) {
  constexpr std::string_view kHuman =
      "    authenticators: [{issuer: acme-idp, claims: {email: \"maria@acme.example\"}}]";
  constexpr std::string_view kNone = "    authenticators: []";
  constexpr std::string_view kPipeline =
      "  - id: \"pipeline:web-release\"\n    owner: \"human:maria@acme.example\"\n"
      "    environment: prod\n    authenticators: []";
  const std::string organisation = "  - id: \"organization:acme\"\n    environment: prod\n";
  constexpr std::string_view kKey =
      "{kty: OKP, crv: Ed25519, x: \"22qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
  const auto human = [](const std::string& rest) { return "    authenticators: [" + rest + "]"; };
  const std::string jwk = "{jwk: " + std::string(kKey) + "}";
  check_all({
      {"a person's key", kHuman, human(jwk), "credential never authenticates software"},
      {"software's key", kNone, human(jwk)},
      {"an organisation's key", kPipeline, organisation + human(jwk),
       "an organization has no \"jwk\"", 2},
      {"an organisation without", kPipeline, organisation + std::string(kNone)},
      {"software's issuer", kNone, human("{issuer: idp, claims: {sub: x}}"), "is not enforced yet"},
      {"both", kNone, human("{jwk: " + std::string(kKey) + ", issuer: idp, claims: {sub: x}}"),
       "unknown member \"issuer\" in authenticator"},
      {"neither, software", kNone, human("{not_after: \"2027-01-01T00:00:00Z\"}"),
       "authenticator has no \"jwk\""},
      {"neither, human", kHuman, human("{claims: {sub: x}}"), "authenticator has no \"issuer\""},
      {"no claims", kHuman, human("{issuer: idp}"), "authenticator has no \"claims\""},
      {"empty claims", kHuman, human("{issuer: idp, claims: {}}"), "expected an object of 1 to 3"},
      {"3 claims", kHuman, human("{issuer: idp, claims: {" + items(3, "c", ": x") + "}}")},
      {"4 claims", kHuman, human("{issuer: idp, claims: {" + items(4, "c", ": x") + "}}"),
       "expected an object of 1 to 3"},
      {"claim's type", kHuman, human("{issuer: idp, claims: {sub: 7}}"), "sub is a number"},
      {"empty claim", kHuman, human("{issuer: idp, claims: {sub: \"\"}}"), "sub \"\""},
      {"end", kHuman,
       human("{issuer: idp, claims: {sub: x}, not_after: \"2027-01-01T00:00:00Z\"}")},
      {"issuer", kHuman, human("{issuer: \"a b\", claims: {sub: x}}"), "trusted issuer id"},
      {"twice", kNone, human(jwk + ", " + jwk), "stands twice"},
      {"twice with another end", kNone,
       human(jwk + ", {not_after: \"2027-01-01T00:00:00Z\", jwk: " + std::string(kKey) + "}"),
       "stands twice"},
      {"16", kHuman, human(items(16, "{issuer: idp, claims: {sub: s", "}}"))},
      {"17", kHuman, human(items(17, "{issuer: idp, claims: {sub: s", "}}")), "at most 16"},
      {"unknown", kNone, human("{jwk: " + std::string(kKey) + ", name: x}"),
       "unknown member \"name\" in authenticator; expected only jwk, not_after"},
  });
}

TEST(PublicJwk, HasItsPublicMembersOnly) {
  constexpr std::string_view kKey =
      "{kty: OKP, crv: Ed25519, x: "
      "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
  constexpr std::string_view kAdvice = "keep private and symmetric keys out of documents";
  check_all({
      {"P-256", kKey, "{kty: EC, crv: P-256, x: AQAB, y: AQAB}"},
      {"P-384", kKey, "{kty: EC, crv: P-384, x: AQAB, y: AQAB}"},
      {"RSA", kKey, "{kty: RSA, n: AQAB, e: AQAB}"},
      {"kid, alg, use", kKey, "{kty: RSA, n: AQAB, e: AQAB, kid: one, alg: PS256, use: sig}"},
      {"another alg", kKey, "{kty: RSA, n: AQAB, e: AQAB, alg: ES256}", "alg absent or one that"},
      {"empty alg", kKey, "{kty: EC, crv: P-256, x: AQAB, y: AQAB, alg: \"\"}", "alg absent or"},
      {"curve's alg", kKey, "{kty: EC, crv: P-256, x: AQAB, y: AQAB, alg: ES384}", "alg absent or"},
      {"its twin", kKey, "{kty: EC, crv: P-384, x: AQAB, y: AQAB, alg: ES384}"},
      {"enc", kKey, "{kty: RSA, n: AQAB, e: AQAB, use: enc}", "use absent or \"sig\""},
      {"private EC", kKey, "{kty: EC, crv: P-256, x: AQAB, y: AQAB, d: AQAB}", kAdvice},
      {"private prime", kKey, "{kty: RSA, n: AQAB, e: AQAB, p: AQAB}", kAdvice},
      {"symmetric", kKey, "{kty: oct, k: c2VjcmV0}", kAdvice},
      {"symmetric by name only", kKey, "{kty: oct}", "jwk is of an unknown kind"},
      {"curve", kKey, "{kty: EC, crv: secp256k1, x: AQAB, y: AQAB}", "jwk is of an unknown kind"},
      {"curve of another kind", kKey, "{kty: OKP, crv: P-256, x: AQAB}", "unknown kind"},
      {"no curve", kKey, "{kty: EC, x: AQAB, y: AQAB}", "jwk has no \"crv\""},
      {"no kind", kKey, "{crv: P-256, x: AQAB, y: AQAB}", "jwk has no \"kty\""},
      {"no y", kKey, "{kty: EC, crv: P-256, x: AQAB}", "jwk has no \"y\""},
      {"another kind's member", kKey, "{kty: OKP, crv: Ed25519, x: AQAB, y: AQAB}",
       "unknown member \"y\" in jwk"},
      {"no text", kKey, "{kty: RSA, n: 65537, e: AQAB}", "n is a number; expected a string"},
      {"padding", kKey, "{kty: RSA, n: \"AQ==\", e: AQAB}", "base64url without padding"},
      {"empty", kKey, "{kty: RSA, n: \"\", e: AQAB}", "base64url without padding"},
      {"long", kKey, "{kty: RSA, n: " + of_length(1400) + ", e: AQAB}"},
      {"too long", kKey, "{kty: RSA, n: " + of_length(1404) + ", e: AQAB}", "1 to 1400"},
      {"no object", kKey, "AQAB", "jwk is a string; expected an object"},
  });
  const auto jwk = [](std::string_view text) { return parse_public_jwk(*json::parse(text)); };
  EXPECT_EQ(json::canonical(*jwk(R"({"use":"sig","kid":"1","alg":"RS256","kty":"RSA","e":"AQAB",
                                    "n":"AQAB"})")),
            R"({"e":"AQAB","kty":"RSA","n":"AQAB"})");
  // The refusal never holds the secret.
  EXPECT_EQ(jwk(R"({"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB","d":"c2VjcmV0"})")
                .error()
                .detail.find("c2VjcmV0"),
            std::string::npos);
}

TEST(PublicJwks, KeepsWhatCanVerifyAndRefusesSecrets) {
  const auto kept = [](std::string_view text) -> std::string {
    const Result<json::Value> set = parse_public_jwks(*json::parse(text));
    return set ? json::canonical(*set) : set.error().detail;
  };
  constexpr std::string_view kKept =
      R"({"keys":[{"alg":"RS256","e":"AQAB","kid":"1","kty":"RSA","n":"AQAB"}]})";
  const std::string key = R"({"kty":"RSA","n":"AQAB","e":"AQAB","kid":"1","alg":"RS256",)"
                          R"("use":"sig","x5t":"AA","x5c":["AA"]})";
  EXPECT_EQ(kept(R"({"keys":[)" + key + "]}"), kKept);
  EXPECT_EQ(kept(kKept), kKept);
  for (std::string_view foreign :
       {R"({"kty":"RSA","n":"AQAB","e":"AQAB","use":"enc"})",
        R"({"kty":"RSA","n":"AQAB","e":"AQAB","alg":"RSA-OAEP"})",
        R"({"kty":"EC","crv":"P-521","x":"AQAB","y":"AQAB"})", R"({"kty":"AKP"})"}) {
    EXPECT_EQ(kept(R"({"keys":[)" + std::string(foreign) + "," + key + "]}"), kKept) << foreign;
  }
  EXPECT_NE(kept(R"({"keys":[{"kty":"AKP"}]})").find("holds no key"), std::string::npos);
  EXPECT_NE(kept(R"({"keys":[]})").find("holds no key"), std::string::npos);
  EXPECT_EQ(kept(R"({})"), "line 1: jwks has no \"keys\"");
  EXPECT_NE(kept(R"({"keys":[{"kty":"oct","k":"AA"},)" + key + "]}").find("is secret"),
            std::string::npos);
  EXPECT_NE(kept(R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AA"}]})").find("is secret"),
            std::string::npos);
  EXPECT_EQ(kept("{\"keys\":[\n{\"kty\":\"RSA\",\"n\":\"AQAB\"}]}"), "line 2: jwk has no \"e\"");
  std::string many = key;
  for (int i = 1; i < 100; ++i) many += "," + key;
  EXPECT_EQ(kept("{\"keys\":[" + many + "]}").substr(0, 9), "{\"keys\":[");
  EXPECT_NE(kept("{\"keys\":[" + many + "," + key + "]}").find("at most 100"), std::string::npos);
}

TEST(ResourceDefinition, IsReadStrictly) {
  constexpr std::string_view kPoints =
      "enforcement_points: [{address: \"10.0.0.7\", headers: original}]";
  constexpr std::string_view kServer = "resource_server: \"service:tickets-api\"";
  constexpr std::string_view kOrigin = "    origin: \"https://tickets.acme.example\"\n";
  constexpr std::string_view kActions = "    actions: [read, comment, close]\n    resource";
  const auto points = [](const std::string& list) { return "enforcement_points: [" + list + "]"; };
  check_all({
      {"id", "  - id: \"https://tickets.acme.example\"", "  - id: \"tickets\"", "resource id"},
      {"type", "type: tickets\n", "type: Tickets\n", "type \"Tickets\": expected 1 to 64"},
      {"no type", "    type: tickets\n", "", "resource has no \"type\"", -1},
      {"actions", kActions, "    actions: []\n    resource", "actions: expected at least one"},
      {"every action", kActions, "    actions: [\"*\"]\n    resource", "action \"*\": expected 1"},
      {"an action twice", kActions, "    actions: [read, read]\n    resource", "stands twice"},
      {"64 actions", kActions, "    actions: [read, " + items(63, "a", "") + "]\n    resource"},
      {"65 actions", kActions, "    actions: [read, " + items(64, "a", "") + "]\n    resource",
       "at most 64"},
      {"a person as server", kServer, "resource_server: \"human:x\"", "expected software"},
      {"an agent as server", kServer, "resource_server: \"agent:x\""},
      {"a word for true", "accept_asserted: false", "accept_asserted: \"false\"", "true or false"},
      {"asserted", "accept_asserted: false", "accept_asserted: true"},
      {"origin", kOrigin, "    origin: \"http://10.0.0.1:8080\"\n"},
      {"origin's path", kOrigin, "    origin: \"https://a.example/b\"\n", "without a path"},
      {"origin's slash", kOrigin, "    origin: \"https://a.example/\"\n"},
      {"origin's scheme", kOrigin, "    origin: \"ftp://a.example\"\n", "http or https"},
      {"points", kPoints, points("{address: \"::1\", headers: forwarded}")},
      {"no address", kPoints, points("{headers: original}"),
       "expected exactly one of address, certificate and user_id"},
      {"an address and a user", kPoints,
       points("{address: \"::1\", user_id: 33, headers: original}"), "expected exactly one of"},
      {"a user", kPoints, points("{user_id: 33, headers: original}")},
      {"user 0", kPoints, points("{user_id: 0, headers: original}")},
      {"no user", kPoints, points("{user_id: -1, headers: original}"), "user_id"},
      {"the highest user", kPoints, points("{user_id: 4294967294, headers: original}")},
      {"past it", kPoints, points("{user_id: 4294967295, headers: original}"), "user_id"},
      {"a certificate", kPoints,
       points("{certificate: \"proxy.acme.example\", headers: original}")},
      {"a certificate's URI", kPoints,
       points("{certificate: \"spiffe://acme.example/proxy\", headers: original}")},
      {"a wildcard", kPoints, points("{certificate: \"*.acme.example\", headers: original}"),
       "expected one DNS name in lower case, without wildcard"},
      {"upper case", kPoints, points("{certificate: \"Proxy.acme.example\", headers: original}"),
       "expected one DNS name in lower case"},
      {"a bare word", kPoints, points("{certificate: \"proxy\", headers: original}"),
       "expected one DNS name"},
      {"no headers", kPoints, points("{address: \"::1\"}"), "enforcement point has no \"headers\""},
      {"a network", kPoints, points("{address: \"10.0.0.0/8\", headers: original}"), "10.0.0.0/8"},
      {"headers", kPoints, points("{address: \"::1\", headers: both}"),
       "headers \"both\": expected original or forwarded"},
      {"one address in two forms", kPoints,
       points("{address: \"10.0.0.7\", headers: original}, "
              "{address: \"::ffff:10.0.0.7\", headers: forwarded}"),
       "stands twice"},
      {"64 points", kPoints, points(items(64, "{address: \"10.0.0.", "\", headers: original}"))},
      {"65 points", kPoints, points(items(65, "{address: \"10.0.0.", "\", headers: original}")),
       "at most 64"},
      {"RS256", "signing_algorithm: ES256", "signing_algorithm: RS256"},
      {"none", "signing_algorithm: ES256", "signing_algorithm: none", "expected ES256 or RS256"},
      {"enforcement", "enforcement: enforce", "enforcement: off_", "expected enforce or shadow"},
      {"permits", "permits: listed", "permits: forgotten", "expected listed or durable or counted"},
      {"cache", "cache_when_down: 0s", "cache_when_down: never", "is not a duration"},
      {"the longest cache", "cache_when_down: 0s", "cache_when_down: 5m"},
      {"a longer cache", "cache_when_down: 0s", "cache_when_down: 301s", "expected 0s to 5m"},
      {"unknown", kOrigin, "    htu: \"https://a.example\"\n",
       "unknown member \"htu\" in resource"},
  });
}

TEST(ResourceDefinition, ItsOriginIsItsIdsWhereNoneIsWritten) {
  const auto origin = [](std::string_view text) {
    return ResourceDefinition::parse(*json::parse_yaml(text))->origin;
  };
  EXPECT_EQ(origin("{id: \"https://a.example\", type: t, actions: [r]}"), "https://a.example");
  EXPECT_EQ(origin("{id: \"http://a.example:8080/b/c\", type: t, actions: [r]}"),
            "http://a.example:8080");
  const Result<ResourceDefinition> written = ResourceDefinition::parse(*json::parse_yaml(
      "{id: \"https://a.example/b\", type: t, actions: [r], origin: \"https://a.example\"}"));
  EXPECT_EQ(written->to_json().find("origin"), nullptr);
}

TEST(Route, IsCheckedWhenItIsWritten) {
  constexpr std::string_view kRoute =
      "{methods: [GET], path: \"/queue/{queue}/{ticket}\", action: read,\n"
      "         identifier: \"queue/{queue}/{ticket}\"}";
  const auto route = [](const std::string& methods, const std::string& path,
                        const std::string& identifier) {
    return "{" + methods + "path: \"" + path + "\", action: read, identifier: \"" + identifier +
           "\"}";
  };
  const auto path = [&](const std::string& text) { return route("", text, "x"); };
  const auto template_ = [&](const std::string& text) {
    return route("", "/{a}/{b_2}/{rest...}", text);
  };
  std::string deep;
  for (int i = 0; i < 64; ++i) deep += "/a";
  const std::string routes = "routes:\n      - " + std::string(kRoute);
  check_all({
      {"every method", kRoute, path("/x")},
      {"two methods", kRoute, route("methods: [PUT, GET], ", "/x", "x")},
      {"no method", kRoute, route("methods: [], ", "/x", "x"), "methods: expected at least one"},
      {"small method", kRoute, route("methods: [get], ", "/x", "x"), "in upper case"},
      {"odd method", kRoute, route("methods: [\"G T\"], ", "/x", "x"), "an HTTP method"},
      {"method twice", kRoute, route("methods: [GET, GET], ", "/x", "x"), "stands twice"},
      {"action", kRoute, "{path: \"/x\", action: delete, identifier: x}",
       "expected one of the resource's actions"},
      {"no action", kRoute, "{path: \"/x\", identifier: x}", "route has no \"action\""},
      {"no identifier", kRoute, "{path: \"/x\", action: read}", "route has no \"identifier\""},
      {"no path", kRoute, "{action: read, identifier: x}", "route has no \"path\""},
      {"unknown", kRoute, "{path: \"/x\", action: read, identifier: x, host: a}",
       "unknown member \"host\" in route"},
      {"root", kRoute, path("/")},
      {"a final slash", kRoute, path("/x/")},
      {"relative", kRoute, path("x"), "a '/' first"},
      {"empty segment", kRoute, path("/x//y"), "only as the last one"},
      {"dots", kRoute, path("/x/../y"), "decoded text without"},
      {"encoded", kRoute, path("/x%2fy"), "decoded text without"},
      {"a lone percent", kRoute, path("/100%")},
      {"parameter", kRoute, path("/x;y"), "decoded text without"},
      {"query", kRoute, path("/x?y"), "decoded text without"},
      {"the rest", kRoute, path("/x/**")},
      {"the rest in the middle", kRoute, path("/**/x"), "only as the last one"},
      {"one star", kRoute, path("/x/*"), "a literal, {name}"},
      {"capture of the rest", kRoute, path("/x/{rest...}")},
      {"capture of the rest in the middle", kRoute, path("/{rest...}/x"), "only as the last one"},
      {"capture within a segment", kRoute, path("/x-{y}"), "a literal, {name}"},
      {"no name", kRoute, path("/{}"), "a literal, {name}"},
      {"odd name", kRoute, path("/{a-b}"), "a literal, {name}"},
      {"nothing but dots", kRoute, path("/{...}"), "a literal, {name}"},
      {"name twice", kRoute, path("/{a}/{a}"), "each capture's name once"},
      {"64 segments", kRoute, path(deep)},
      {"65 segments", kRoute, path(deep + "/a"), "at most 64"},
      {"captures", kRoute, template_("q/{b_2}/{a}/{rest}")},
      {"a capture twice", kRoute, template_("{a}/{a}")},
      {"no such capture", kRoute, template_("{c}"), "a capture of the path"},
      {"the rest first", kRoute, template_("{rest}/{a}"), "only as the last segment"},
      {"the rest as in the path", kRoute, template_("{rest...}"), "a literal or {name}"},
      {"unnamed rest", kRoute, template_("a/**"), "a literal or {name}"},
      {"a star", kRoute, template_("a/*"), "a literal or {name}"},
      {"within a segment", kRoute, template_("a-{a}"), "a literal or {name}"},
      {"absolute", kRoute, template_("/a"), "none of them empty"},
      {"dots in the template", kRoute, template_("../a"), "none of them empty, '.' or '..'"},
      {"256 routes", routes,
       "routes: [" + items(256, "{action: read, identifier: x, path: \"/", "\"}") + "]"},
      {"257 routes", routes,
       "routes: [" + items(257, "{action: read, identifier: x, path: \"/", "\"}") + "]",
       "at most 256"},
  });
}

TEST(EntitlementDefinition, IsReadStrictly) {
  constexpr std::string_view kDepth = "    max_depth: 2  ";
  constexpr std::string_view kAuthority =
      "[{type: tickets, locations: [\"https://tickets.acme.example\"],\n"
      "                 actions: [read, comment, close]}]";
  check_all({
      {"depth left out", kDepth, "    #"},
      {"depth 0", kDepth, "    max_depth: 0 "},
      {"depth 16", kDepth, "    max_depth: 16 "},
      {"depth 17", kDepth, "    max_depth: 17 ", "a whole number from 0 to 16"},
      {"depth -1", kDepth, "    max_depth: -1 ", "a whole number from 0 to 16"},
      {"depth 1.5", kDepth, "    max_depth: 1.5 ", "a whole number from 0 to 16"},
      {"no authority", kAuthority, "[]", "expected at least one permission"},
      {"no list", kAuthority, "{}", "array"},
      {"no locations", kAuthority, "[{type: tickets, actions: [read]}]", "locations"},
      {"unknown in a permission", kAuthority,
       "[{type: t, locations: [\"https://a.example\"], actions: [r], datatypes: [x]}]",
       "unknown member \"datatypes\""},
      {"id", "  - id: support-tickets", "  - id: -x", "entitlement id"},
      {"principal", "principal: \"human:maria@acme.example\"", "principal: \"team:support\"",
       "principal id"},
      {"an end", kDepth, "    not_after: \"2027-01-01T00:00:00Z\" #", "unknown member"},
  });
}

TEST(DelegationDefinition, IsReadStrictly) {
  constexpr std::string_view kFrom = "    delegator: \"human:maria@acme.example\"\n";
  constexpr std::string_view kStart = "    not_before: \"2026-12-01T00:00:00Z\"\n";
  constexpr std::string_view kLife = "max_token_lifetime: 5m\n";
  constexpr std::string_view kPurpose = "purpose: \"first-line triage\"";
  check_all({
      {"parent", kFrom, "    parent: other\n"},
      {"both", kFrom, std::string(kFrom) + "    parent: other\n", "expected one of them", -1},
      {"neither", kFrom, "", "expected one of them", -1},
      {"itself", kFrom, "    parent: triage-reads\n", "is its own parent"},
      {"no delegate", "    delegate: \"agent:triage\"\n", "", "delegation has no \"delegate\"", -2},
      {"a team", "delegate: \"agent:triage\"", "delegate: \"team:support\"", "principal id"},
      {"no start", kStart, ""},
      {"starts just before its end", kStart, "    not_before: \"2027-03-30T23:59:59.999Z\"\n"},
      {"starts at its end", kStart, "    not_before: \"2027-03-31T00:00:00Z\"\n",
       "expected later than not_before", 1},
      {"depth 16", "    max_depth: 1\n", "    max_depth: 16\n"},
      {"depth 17", "    max_depth: 1\n", "    max_depth: 17\n", "from 0 to 16"},
      {"1 s", kLife, "max_token_lifetime: 1s\n"},
      {"0 s", kLife, "max_token_lifetime: 0s\n", "expected 1s to 1d"},
      {"24 h", kLife, "max_token_lifetime: 24h\n"},
      {"24 h 1 s", kLife, "max_token_lifetime: 86401s\n", "expected 1s to 1d"},
      {"a number", kLife, "max_token_lifetime: 300\n", "expected a string"},
      {"1024 bytes", kPurpose, "purpose: " + of_length(1024)},
      {"1025 bytes", kPurpose, "purpose: " + of_length(1025), "at most 1024 bytes"},
      {"escape", kPurpose, "purpose: \"a\\x1b[2Jb\"", "without control"},
      {"empty", kPurpose, "purpose: \"\"", "without control"},
      {"no purpose", kPurpose, "# none"},
      {"unknown", kPurpose, "reason: x", "unknown member \"reason\" in delegation"},
  });
}

TEST(DelegationDefinition, LeavesItsDefaultsOut) {
  const Result<DelegationDefinition> read = DelegationDefinition::parse(*json::parse_yaml(
      "{id: d, parent: p, delegate: \"agent:b\", max_depth: 0, authority: [{type: t, locations: "
      "[\"https://a.example/\"], actions: [r]}]}"));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(json::canonical(read->to_json()),
            R"({"authority":[{"actions":["r"],"locations":["https://a.example"],"type":"t"}],)"
            R"("delegate":"agent:b","id":"d","parent":"p"})");
}

TEST(GuardrailDefinition, NamesWhomItBoundsAndBoundsSomething) {
  constexpr std::string_view kGuardrail =
      "{select: {kind: agent}, max_token_lifetime: 10m, max_depth: 2}";
  const std::string guardrails = "guardrails:\n  - " + std::string(kGuardrail);
  check_all({
      {"one principal", kGuardrail, "{select: {principal: \"agent:x\"}, max_depth: 0}"},
      {"both", kGuardrail, "{select: {kind: agent, principal: \"agent:x\"}, max_depth: 0}"},
      {"both of which nobody is", kGuardrail,
       "{select: {kind: human, principal: \"agent:x\"}, max_depth: 0}", "select names nobody"},
      {"nobody", kGuardrail, "{select: {}, max_depth: 0}", "select names nobody"},
      {"no select", kGuardrail, "{max_depth: 0}", "guardrail has no \"select\""},
      {"kind", kGuardrail, "{select: {kind: team}, max_depth: 0}", "kind \"team\": expected human"},
      {"another key", kGuardrail, "{select: {kind: agent, owner: x}, max_depth: 0}",
       "unknown member \"owner\" in select; expected only kind, principal"},
      {"nothing", kGuardrail, "{select: {kind: agent}}", "guardrail bounds nothing"},
      {"a lifetime", kGuardrail, "{select: {kind: agent}, max_token_lifetime: 1s}"},
      {"no lifetime", kGuardrail, "{select: {kind: agent}, max_token_lifetime: 0s}", "1s to 1d"},
      {"depth", kGuardrail, "{select: {kind: agent}, max_depth: 17}", "from 0 to 16"},
      {"256", kGuardrail,
       "{select: {kind: agent}, max_depth: 2}" +
           [] {
             std::string more;
             for (int i = 1; i < 256; ++i) more += "\n  - {select: {kind: agent}, max_depth: 2}";
             return more;
           }()},
      {"257", guardrails,
       "guardrails: [" + items(257, "{select: {principal: \"agent:", "\"}, max_depth: 2}") + "]",
       "at most 256"},
  });
}

TEST(GuardrailDefinition, SelectsByKindByPrincipalOrByBoth) {
  const PrincipalId triage = *PrincipalId::parse("agent:triage");
  const PrincipalId other = *PrincipalId::parse("agent:other");
  const PrincipalId service = *PrincipalId::parse("service:triage");
  const auto selects = [](std::string_view select, const PrincipalId& id) {
    return GuardrailDefinition::parse(
               *json::parse_yaml("{max_depth: 1, select: " + std::string(select) + "}"))
        ->selects(id);
  };
  EXPECT_TRUE(selects("{kind: agent}", triage));
  EXPECT_FALSE(selects("{kind: agent}", service));
  EXPECT_TRUE(selects("{principal: \"agent:triage\"}", triage));
  EXPECT_FALSE(selects("{principal: \"agent:triage\"}", other));
  EXPECT_TRUE(selects("{kind: agent, principal: \"agent:triage\"}", triage));
  EXPECT_FALSE(selects("{kind: agent, principal: \"agent:triage\"}", other));
}

TEST(TrustedIssuerDefinition, IsReadStrictly) {
  constexpr std::string_view kFile = "    jwks_file: \"github.jwks.json\"\n";
  constexpr std::string_view kIssuer = "issuer: \"https://token.actions.githubusercontent.com\"";
  constexpr std::string_view kAlgorithms = "algorithms: [RS256]";
  constexpr std::string_view kAge = "max_token_age: 10m\n    may";
  const std::string keys = "    jwks: {keys: [{kty: RSA, n: AQAB, e: AQAB, kid: a}]}\n";
  check_all({
      {"id", "  - id: github", "  - id: git hub", "trusted issuer id"},
      {"issuer", kIssuer, "issuer: acme", "expected the URL"},
      {"http", kIssuer, "issuer: \"http://127.0.0.1:9000\""},
      {"a final slash counts", kIssuer, "issuer: \"https://idp.acme.example/\""},
      {"no issuer", kIssuer, "#", "trusted issuer has no \"issuer\"", -1},
      {"no audience", "    audience: \"https://mandate.acme.example\"\n", "",
       "trusted issuer has no \"audience\"", -2},
      {"keys", kFile, keys},
      {"both", kFile, keys + std::string(kFile), "both \"jwks_file\" and \"jwks\"", -3},
      {"neither", kFile, "", "neither \"jwks_file\" and \"jwks\"", -3},
      {"keys without one", kFile, "    jwks: {keys: []}\n", "holds no key"},
      {"every algorithm", kAlgorithms, "algorithms: [ES256, ES384, EdDSA, RS256, PS256]"},
      {"HS256", kAlgorithms, "algorithms: [HS256]", "expected ES256 or ES384 or EdDSA or RS256 or"},
      {"none", kAlgorithms, "algorithms: []", "expected at least one"},
      {"twice", kAlgorithms, "algorithms: [RS256, RS256]", "stands twice"},
      {"no algorithms", "    algorithms: [RS256]\n", "", "trusted issuer has no \"algorithms\"",
       -4},
      {"age left out", kAge, "may"},
      {"1 s", kAge, "max_token_age: 1s\n    may"},
      {"0 s", kAge, "max_token_age: 0s\n    may", "expected 1s to 1d"},
      {"24 h", kAge, "max_token_age: 1d\n    may"},
      {"25 h", kAge, "max_token_age: 25h\n    may", "expected 1s to 1d"},
      {"asserts no list", "may_assert: []", "may_assert: act", "expected an array"},
      {"unknown", kFile, std::string(kFile) + "    keys: x\n", "unknown member \"keys\"", 1},
  });
}

}  // namespace
}  // namespace mandate
