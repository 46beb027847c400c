// ATTACKS C3 and C4: which URIs are one for DPoP, and what is none.
#include <gtest/gtest.h>

#include "mandate/token/dpop.h"
#include "testing/matchers.h"

namespace mandate::test {
namespace {

// The one door: an empty `normal` is a refusal.
void check(std::string_view uri, std::string_view normal) {
  SCOPED_TRACE(uri);
  const Result<std::string> result = token::normalise_htu(uri);
  if (normal.empty()) {
    ASSERT_THAT(result, ErrorIs(Reason::kBadRequest));
    EXPECT_EQ(result.error().place, Place::kDpopProof);
    return;
  }
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(*result, normal);
  EXPECT_EQ(token::normalise_htu(*result).value(), normal);
}

TEST(Htu, C4_EqualUrisHaveOneForm) {
  constexpr std::string_view kNormal = "https://as.example/token";
  check("https://as.example/token", kNormal);
  check("HTTPS://AS.Example/token", kNormal);
  check("https://as.example:443/token", kNormal);
  check("https://as.example:/token", kNormal);
  check("https://as.example:0443/token", kNormal);
  check("https://as.example/token?a=b", kNormal);
  check("https://as.example/token#part", kNormal);
  check("https://as.example/token?a=b#part", kNormal);
  check("https://as.example/%74oken", kNormal);
  check("https://as.example/./token", kNormal);
  check("https://as.example/a/../token", kNormal);
  check("https://as.example/a/b/../../token", kNormal);
  check("https://as.example/../token", kNormal);
  check("https://as.example/%2e%2E/token", kNormal);
  check("http://as.example:80/token", "http://as.example/token");
  check("https://as.example", "https://as.example/");
  check("https://as.example?x", "https://as.example/");
  check("https://as.example/a/.", "https://as.example/a/");
  check("https://as.example/a/b/..", "https://as.example/a/");
  check("https://as.example/..", "https://as.example/");
  check("https://[::1]:8181/token", "https://[::1]:8181/token");
  check("https://[2001:DB8::1]/x", "https://[2001:db8::1]/x");
}

TEST(Htu, C3_OtherUrisStayOther) {
  check("http://as.example/token", "http://as.example/token");
  check("https://as.example/Token", "https://as.example/Token");
  check("https://as.example/token/", "https://as.example/token/");
  check("https://as.example//token", "https://as.example//token");
  check("https://as.example:80/token", "https://as.example:80/token");
  check("http://as.example:443/token", "http://as.example:443/token");
  check("https://as.example:8443/token", "https://as.example:8443/token");
  check("https://as.example./token", "https://as.example./token");
  // Reserved characters keep their escapes, in upper case.
  check("https://as.example/a%2fb", "https://as.example/a%2Fb");
  check("https://as.example/a%2Fb", "https://as.example/a%2Fb");
  check("https://as.example/a%3fb", "https://as.example/a%3Fb");
  check("https://as.example/a%252e", "https://as.example/a%252e");
  check("https://as.example/...", "https://as.example/...");
}

TEST(Htu, C3_WhatIsNoHttpUriIsRefused) {
  for (const char* uri : {"",
                          "/token",
                          "//as.example/token",
                          "as.example/token",
                          "https:/as.example",
                          "https://",
                          "https:///token",
                          "ftp://as.example/token",
                          "https//a",
                          "https://user@as.example/token",
                          "https://a:b@as.example/token",
                          "https://as.example:65536/token",
                          "https://as.example:x/token",
                          "https://as.example:-1/token",
                          "https://as.example:1:2/token",
                          "https://as example/token",
                          "https://as.example/to ken",
                          "https://as.example/%",
                          "https://as.example/%2",
                          "https://as.example/%zz",
                          "https://as.example/\xc3\xa9",
                          "https://\xc3\xa9.example/",
                          "https://as.example/a\\b",
                          "https://as.example/\"",
                          "https://[::1/token",
                          "https://[]/token",
                          "https://[::g]/token",
                          "https://[::1]x/token",
                          "https://[/token",
                          "https://as.example%2e/token",
                          "javascript:alert(1)",
                          "https://as.example/\n",
                          " https://as.example/token"}) {
    check(uri, "");
  }
}

}  // namespace
}  // namespace mandate::test
