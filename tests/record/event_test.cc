#include "mandate/record/event.h"

#include "tests/record/sample.h"

namespace mandate::record {
namespace {

using test::ErrorIs;

TEST(Event, EveryEntryOfAWorldIsReadBackToTheSameBytes) {
  test::World world(test::kSample);
  world.suspend("agent:triage");
  world.resume("agent:triage");
  world.revoke(NodeKind::kDelegation, "helper-reads");
  world.commit(plan_revoke(world.view(), NodeKind::kToken, "a-jti", test::kWorldTime));
  world.commit(plan_revoke(world.view(), NodeKind::kTransaction, "a-txn", std::nullopt));
  world.commit(Plan{{Discovered{*PrincipalId::parse("workload:arn:aws:iam::1:role/bot")}}, {}});
  world.commit(Plan{{SnapshotTaken{3, Digest{7}}}, {}});
  EXPECT_EQ(world.entries().size(), 19u);
  for (const std::string& entry : world.entries()) {
    Result<Event> event = parse_event(entry);
    ASSERT_TRUE(event) << event.error().detail;
    EXPECT_EQ(serialise(*event), entry);
  }
}

TEST(Event, LooksAsWritten) {
  const Event event{test::kWorldTime, "workload:operator",
                    Revoked{NodeKind::kDelegation, "triage-reads", std::nullopt}};
  EXPECT_EQ(serialise(event),
            R"({"by":"workload:operator","id":"triage-reads","kind":"delegation",)"
            R"("time":"2027-01-15T12:00:00Z","type":"revoked"})");
}

struct Row {
  std::string entry;
  std::optional<Reason> refused;
};

TEST(Event, IsReadStrictly) {
  const std::string head = R"({"by":"x","time":"2027-01-15T12:00:00Z",)";
  const std::vector<Row> rows = {
      {head + R"("type":"suspended","id":"agent:triage"})", std::nullopt},
      {head + R"("type":"suspended","id":"triage"})", Reason::kBadRequest},
      {head + R"("type":"suspended","id":"agent:triage","kind":"principal"})", Reason::kBadRequest},
      {head + R"("type":"suspended"})", Reason::kBadRequest},
      {head + R"("type":"discovered","id":"workload:bot"})", std::nullopt},
      {head + R"("type":"discovered","id":"bot"})", Reason::kBadRequest},
      {head + R"("type":"discovered","id":"workload:bot","owner":"team:a"})", Reason::kBadRequest},
      {head + R"("type":"paused","id":"agent:triage"})", Reason::kBadRequest},
      {head + R"("type":"revoked","id":"a","kind":"delegation"})", std::nullopt},
      {head + R"("type":"revoked","id":"a","kind":"guardrails"})", Reason::kBadRequest},
      {head + R"("type":"revoked","id":"a","kind":"token","until":"tomorrow"})",
       Reason::kBadRequest},
      {head + R"("type":"put","kind":"token","definition":{}})", Reason::kBadRequest},
      {head + R"("type":"put","kind":"principal","definition":{"id":"human:a"}})",
       Reason::kBadRequest},  // names no authenticators
      {head +
           R"("type":"put","kind":"principal","definition":{"id":"human:a"},"authenticators":[]})",
       std::nullopt},
      {head + R"("type":"put","kind":"principal","definition":{"id":"human:a"},)"
              R"("authenticators":["k"]})",
       Reason::kBadRequest},
      {head + R"("type":"put","kind":"guardrails","definition":{}})", Reason::kBadRequest},
      {head + R"("type":"put","kind":"guardrails","definition":[]})", std::nullopt},
      {head + R"("type":"snapshot_taken","revision":1,"digest":"AQ"})", Reason::kBadRequest},
      {R"({"by":"x","time":"2027-01-15","type":"suspended","id":"agent:triage"})",
       Reason::kBadRequest},
      {"[]", Reason::kBadRequest},
      {"", Reason::kBadRequest},
      {std::string(limits::kLogEntryBytesMax + 1, ' '), Reason::kLimitExceeded},
  };
  for (const Row& row : rows) {
    if (row.refused) {
      EXPECT_THAT(parse_event(row.entry), ErrorIs(*row.refused)) << row.entry;
    } else {
      EXPECT_THAT(parse_event(row.entry), test::IsOk()) << row.entry;
    }
  }
}

}  // namespace
}  // namespace mandate::record
