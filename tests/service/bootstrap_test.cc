// The operator that a restore makes, also on a record that an earlier version began.
#include "mandate/service/bootstrap.h"

#include <gmock/gmock.h>

#include "mandate/record/discovery.h"
#include "mandate/service/key_cache.h"
#include "testing/matchers.h"
#include "testing/world.h"

namespace mandate::service {
namespace {

constexpr std::string_view kIssuer = "https://mandate.acme.example";

json::Value key(std::string_view x) {
  return json::Value::object({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", x}});
}

// As the first start makes it, without an action that came later.
std::string begun(bool is_old) {
  std::string text = json::canonical(
      bootstrap_document(kIssuer, key("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
          .value()
          .to_json());
  for (std::size_t at = 0; is_old && (at = text.find(R"(,"scan")")) != std::string::npos;) {
    text.erase(at, 7);
  }
  return text;
}

TEST(CloseAll, GivesTheNewOperatorTheActionsThatThereAre) {
  for (const bool is_old : {false, true}) {
    test::World world(begun(is_old), authenticator_id);
    world.commit(
        record::Discovery({PrincipalId::parse("workload:bot").value()}).plan(world.view()));
    const NewOperator made{restored_operator(7),
                           key("PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw")};
    const Result<record::Plan> plan = plan_close_all(world.view(), kIssuer, made, test::kWorldTime);
    ASSERT_THAT(plan, test::IsOk()) << is_old;
    world.commit(plan);
    const record::View view = world.view();
    const auto entitlements = view.entitlements_of(*view.find_principal(made.id.text()));
    ASSERT_EQ(entitlements.size(), 1U);
    const std::string authority =
        json::canonical(view.entitlement(entitlements[0])->authority->whole().to_json());
    EXPECT_EQ(authority.find("\"scan\"") == std::string::npos, is_old) << authority;
    EXPECT_NE(authority.find("\"suspend\""), std::string::npos);
    // Everybody else is suspended, but for whom that would not change.
    EXPECT_EQ(view.status(record::NodeKind::kPrincipal, kOperatorId), record::Status::kSuspended);
    EXPECT_EQ(view.status(record::NodeKind::kPrincipal, "workload:bot"),
              record::Status::kDiscovered);
  }
}

}  // namespace
}  // namespace mandate::service
