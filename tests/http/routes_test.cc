#include "mandate/http/server/routes.h"

#include <gtest/gtest.h>

namespace mandate::http {
namespace {

TEST(MayWait, holds_for_what_is_not_a_decision_nor_an_end) {
  for (const char* target :
       {"/access/v1/evaluation", "/access/v1/evaluations", "/forward-auth/x", "/revocations",
        "/suspensions", "/revoke", "/revocations?x=1", "/healthz", "/readyz", "/metrics", "/jwks",
        "/.well-known/oauth-authorization-server"}) {
    EXPECT_FALSE(may_wait(target)) << target;
  }
  for (const char* target : {"/token", "/introspect", "/apply", "/path", "/keys", "/delegations",
                             "/log/record/checkpoint", "/revocationsx", "/nothing"}) {
    EXPECT_TRUE(may_wait(target)) << target;
  }
}

}  // namespace
}  // namespace mandate::http
