// Remedies: the least that permits what was seen, asked of the engine with the events themselves.
#include "mandate/report/remedy.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "mandate/base/time_zones.h"
#include "mandate/decision/decision.h"
#include "mandate/observe/scan.h"
#include "mandate/report/remedy_authority.h"
#include "testing/shared_data.h"
#include "testing/world.h"

namespace mandate::report {
namespace {

using observe::Activity;
using observe::Finding;
using observe::Operations;
using observe::Outcome;
using observe::Targets;
using observe::Use;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const SystemTimeZones& zones() {
  static const SystemTimeZones loaded = SystemTimeZones::load().value();
  return loaded;
}

std::vector<std::string> patterns_of(const std::vector<std::string_view>& targets) {
  Targets all;
  for (const std::string_view target : targets) all.add(target);
  Targets merged;
  for (std::size_t i = targets.size(); i-- > 0;) {
    Targets one;
    one.add(targets[i]);
    merged.merge(one);
  }
  EXPECT_EQ(all, merged) << "the order matters";
  return all.patterns().value_or(std::vector<std::string>{"anything"});
}

TEST(Targets, are_named_while_they_are_few_and_then_the_narrowest_pattern) {
  EXPECT_THAT(patterns_of({"b/1", "b/2", "b/1"}), ElementsAre("b/1", "b/2"));
  EXPECT_THAT(patterns_of({"b/1", ""}), ElementsAre("anything"));
  EXPECT_THAT(patterns_of({"b/1", "a//b"}), ElementsAre("anything"));
  EXPECT_THAT(patterns_of({"b/1", "b/*"}), ElementsAre("anything"));
  EXPECT_THAT(patterns_of({}), ElementsAre("anything"));
  EXPECT_THAT(patterns_of({"b/1", "b/2", "b/3", "b/4", "b/5", "b/6", "b/7", "b/8"}),
              ::testing::SizeIs(8));
  EXPECT_THAT(patterns_of({"b/1", "b/2", "b/3", "b/4", "b/5", "b/6", "b/7", "b/8", "b/9"}),
              ElementsAre("b/*"));
  EXPECT_THAT(patterns_of({"b/1", "b/2", "b/3", "b/4", "b/5", "b/6", "b/7", "b/8", "b/x/9"}),
              ElementsAre("b/**"));
  EXPECT_THAT(patterns_of({"1", "2", "3", "4", "5", "6", "7", "8", "b/x/9"}),
              ElementsAre("anything"));
}

Use used(std::string source, std::string_view action, std::string_view target) {
  Use use;
  use.key.source = std::move(source);
  use.first = *parse_rfc3339("2026-01-01T09:00:00Z");
  use.last = use.first;
  use.hours = 1U << 9;
  use.operations.add(1, "s3.amazonaws.com", action, target);
  return use;
}

std::string authority_text(const std::vector<Use>& uses) {
  std::vector<const Use*> all;
  for (const Use& use : uses) all.push_back(&use);
  const auto authority = authority_of(all);
  return authority ? json::canonical(constrained(*authority, all).to_json()) : "none";
}

TEST(RemedyAuthority, is_bound_to_networks_that_are_addresses_all) {
  EXPECT_THAT(authority_text({used("10.0.0.1", "Get", "b/1"), used("10.0.0.2", "Get", "b/1")}),
              HasSubstr(R"("networks":["10.0.0.1/32","10.0.0.2/32"])"));
  EXPECT_THAT(authority_text({used("10.0.0.1", "Get", "b/1"), used("here", "Get", "b/1")}),
              Not(HasSubstr("networks")));
  std::vector<Use> many;
  for (std::size_t i = 0; i < kNetworksMax; ++i) {
    many.push_back(used("10.0.0." + std::to_string(i), "Get", "b/1"));
  }
  EXPECT_THAT(authority_text(many), HasSubstr("networks"));
  many.push_back(used("10.0.1.0", "Get", "b/1"));
  EXPECT_THAT(authority_text(many), Not(HasSubstr("networks")));
}

TEST(RemedyAuthority, is_bound_to_hours_that_the_use_shows_for_long_enough) {
  Use use = used("10.0.0.1", "Get", "b/1");
  use.last = use.first + kHoursEvidenceMin;
  EXPECT_THAT(authority_text({use}), HasSubstr(R"("from":"09:00","to":"10:00","zone":"UTC")"));
  use.last -= Milliseconds(1);
  EXPECT_THAT(authority_text({use}), Not(HasSubstr("hours")));
  use.last += Milliseconds(1);
  Use untimed = used("10.0.0.1", "Get", "b/1");
  std::swap(untimed.first, untimed.last);
  untimed.first += Milliseconds(1);
  EXPECT_THAT(authority_text({use, untimed}), Not(HasSubstr("hours")));
  use.hours = (1U << 23) | (1U << 0);  // past midnight
  EXPECT_THAT(authority_text({use}), HasSubstr(R"("from":"23:00","to":"01:00")"));
  use.hours = 0x00ffff;  // sixteen hours, then a pause of eight
  EXPECT_THAT(authority_text({use}), HasSubstr(R"("from":"00:00","to":"16:00")"));
  use.hours = 0x01ffff;
  EXPECT_THAT(authority_text({use}), Not(HasSubstr("hours")));
}

TEST(RemedyAuthority, gives_up_identifiers_before_it_gives_up_and_never_guesses) {
  Use use = used("10.0.0.1", "Get", "b/1");
  for (int i = 0; i < 20; ++i) {
    const std::string action = "A" + std::to_string(i);
    for (const char* target : {"x", "y", "z", "u"}) {
      use.operations.add(static_cast<std::uint64_t>(i) + 2, "s3.amazonaws.com", action,
                         std::string(target) + "/" + std::to_string(i));
    }
  }
  EXPECT_THAT(authority_text({use}), Not(HasSubstr("identifier")));
  for (std::uint64_t i = 0; i < Operations::kMax; ++i) {
    use.operations.add(100 + i, "s3.amazonaws.com", "B" + std::to_string(i), "");
  }
  EXPECT_EQ(authority_text({use}), "none");
}

TEST(RemedyAuthority, names_a_resource_by_its_host_and_else_asks_for_a_name) {
  EXPECT_EQ(resource_of("s3.amazonaws.com").text(), "https://s3.amazonaws.com");
  EXPECT_EQ(resource_of("https://tickets.acme.example").text(), "https://tickets.acme.example");
  EXPECT_EQ(resource_of("Office 365 Exchange").text(), "https://office-365-exchange.invalid");
  EXPECT_EQ(resource_of("../..").text(), "https://service.invalid");
  EXPECT_EQ(resource_of("").text(), "https://service.invalid");
  EXPECT_EQ(type_of("Sign-in"), "sign-in");
  EXPECT_EQ(action_of("Add member to role."), "Add-member-to-role.");
}

// Every event of the folder's JSON files, as the sources read them.
template <class Visit>
void each_event(const std::filesystem::path& folder, const Visit& visit) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const std::string text = test::read_file(entry.path());
    for (const observe::Source* source : observe::all_sources()) {
      if (source->name != "cloudtrail") continue;
      json::MemorySource bytes(text);
      json::RecordStream in(bytes, observe::all_envelopes());
      json::Projection projection(source->paths);
      std::vector<json::Slot> slots(source->paths.size());
      observe::Scratch scratch;
      while (in.next(projection, slots)) {
        Activity activity;
        scratch.clear();
        if (source->read(slots, scratch, activity) == observe::Reading::kActivity) visit(activity);
      }
    }
  }
}

struct Invictus {
  observe::Scan scan;
  std::vector<Finding> findings;
};

Invictus& invictus() {
  static Invictus read = [] {
    Invictus made;
    for (const auto& entry :
         std::filesystem::directory_iterator(test::shared_path("data/invictus-aws/CloudTrail"))) {
      if (entry.path().extension() != ".json") continue;
      const std::string text = test::read_file(entry.path());
      json::MemorySource source(text);
      made.scan.read(entry.path().filename().string(), source);
    }
    made.findings = observe::find_borrowed_trust(made.scan.summary());
    return made;
  }();
  return read;
}

const Finding& finding_of(std::string_view rule, std::string_view who) {
  for (const Finding& finding : invictus().findings) {
    if (finding.rule == rule && finding.principal.ends_with(who)) return finding;
  }
  std::abort();
}

// Puts the person's key's calls by software to the delegation, through the engine.
TEST(Remedies, of_a_persons_key_permit_each_call_that_its_software_made) {
  MANDATE_NEEDS_SHARED("data/invictus-aws");
  for (const std::string_view who : {"user/benjamin", "user/bert-jan"}) {
    SCOPED_TRACE(std::string(who));
    const Finding& finding = finding_of("person_key_automated", who);
    const auto remedy = Remedies(invictus().scan.summary()).of(finding);
    ASSERT_TRUE(remedy);
    test::World world(json::canonical(remedy->document.to_json()));
    const record::View view = world.view();
    const decision::Lineage lineage{*view.find_entitlement(remedy->parts[0].entitlement.text()),
                                    {*view.find_delegation(remedy->parts[0].delegation.text())}};
    std::uint64_t asked = 0;
    std::uint64_t refused_elsewhere = 0;
    each_event(test::shared_path("data/invictus-aws/CloudTrail"), [&](const Activity& activity) {
      const observe::Context& context = activity.context;
      if (activity.credential.id != finding.credential || activity.outcome != Outcome::kSucceeded ||
          context.agent_kind != observe::AgentKind::kSoftware || context.source_is_service ||
          !context.invoked_by.empty()) {
        return;
      }
      ++asked;
      AccessRequest request =
          request_of(activity.service, activity.action, activity.target, context.source);
      const auto answer = decision::check_permits(view, activity.time, zones(), lineage, request);
      EXPECT_TRUE(answer) << activity.event_id << ": " << answer.error().detail;
      request.client_address = *IpAddress::parse("203.0.113.9");
      refused_elsewhere +=
          decision::check_permits(view, activity.time, zones(), lineage, request) ? 0 : 1;
      request = request_of(activity.service, "DeleteEverything", activity.target, context.source);
      EXPECT_FALSE(decision::check_permits(view, activity.time, zones(), lineage, request));
    });
    EXPECT_GT(asked, 10U);
    EXPECT_EQ(refused_elsewhere, asked) << "its networks do not bind";
    const RemedyComparison comparison = compare(*remedy, zones());
    EXPECT_GT(comparison.observed, 10U);
    EXPECT_EQ(comparison.observed_refused, 0U) << comparison.first_refused;
  }
}

TEST(Remedies, that_lack_a_permission_are_seen_to_refuse) {
  MANDATE_NEEDS_SHARED("data/invictus-aws");
  auto remedy =
      Remedies(invictus().scan.summary()).of(finding_of("person_key_automated", "user/benjamin"));
  ASSERT_TRUE(remedy);
  Authority& authority = remedy->document.delegations[0].authority;
  std::vector<Permission> fewer(authority.permissions().begin() + 1, authority.permissions().end());
  authority = *Authority::of(fewer);
  EXPECT_GT(compare(*remedy, zones()).observed_refused, 0U);
}

TEST(Remedies, are_none_where_the_rule_is_answered_otherwise) {
  MANDATE_NEEDS_SHARED("data/invictus-aws");
  const Remedies remedies(invictus().scan.summary());
  EXPECT_FALSE(remedies.of(finding_of("trust_widened", "user/bert-jan")));
  EXPECT_FALSE(remedies.of(finding_of("login_set_for_another", "user/bert-jan")));
}

// The stolen session's own use is not in it: only what the machine did at home.
TEST(Remedies, of_a_stolen_session_are_bound_to_where_the_machine_is) {
  MANDATE_NEEDS_SHARED("data/invictus-aws");
  const Finding& finding = finding_of("machine_session_elsewhere", "-role");
  const auto remedy = Remedies(invictus().scan.summary()).of(finding);
  ASSERT_TRUE(remedy);
  const std::string text = json::canonical(remedy->document.to_json());
  EXPECT_THAT(text, HasSubstr("networks"));
  EXPECT_THAT(text, Not(HasSubstr("192.168.10.20")));
}

TEST(Remedies, of_several_findings_are_one_document) {
  MANDATE_NEEDS_SHARED("data/invictus-aws");
  const Remedies remedies(invictus().scan.summary());
  std::vector<Remedy> all;
  for (const Finding& finding : invictus().findings) {
    if (auto remedy = remedies.of(finding)) all.push_back(*std::move(remedy));
  }
  ASSERT_GT(all.size(), 1U);
  const Remedy one = joined(std::move(all));
  const auto read = Document::parse(one.document.to_json());
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(compare(one, zones()).observed_refused, 0U);
}

TEST(Remedies, of_two_findings_about_one_use_stand_there_once) {
  MANDATE_NEEDS_SHARED("data/invictus-aws");
  const Remedies remedies(invictus().scan.summary());
  Finding again = finding_of("person_key_automated", "user/benjamin");
  std::vector<Remedy> two{*remedies.of(again), *remedies.of(again)};
  two[1].document.delegations[0].id = DelegationId::parse("other").value();
  two[1].parts[0].delegation = two[1].document.delegations[0].id;
  EXPECT_EQ(joined(two).parts.size(), 1U);
  two[1].document.delegations[0].not_after = kEndOfTime;
  EXPECT_EQ(joined(two).document.delegations.size(), 2U);
}

TEST(Remedies, are_compared_with_what_an_inventory_grants) {
  MANDATE_NEEDS_SHARED("data/invictus-aws");
  const std::string user = "arn:aws:iam::123837392027:user/benjamin";
  const std::vector<observe::GrantedPair> granted = {
      {user, "iam", "listusers", "*"},    // used, on anything
      {user, "iam", "createuser", "*"},   // never used
      {user, "iam", "*", "*"},            // more than was used
      {user, "s3", "getbucketacl", "*"},  // used, on named buckets
      {"arn:aws:iam::1:user/x", "iam", "listusers", "*"}};
  auto remedy =
      Remedies(invictus().scan.summary()).of(finding_of("person_key_automated", "user/benjamin"));
  ASSERT_TRUE(remedy);
  remedy->document.delegations[0].delegate = PrincipalId::parse("human:" + user).value();
  RemedyComparison comparison;
  compare_with_grants(remedy->document, granted, comparison);
  EXPECT_EQ(comparison.granted, 4U);
  EXPECT_EQ(comparison.granted_refused, 3U);
}

}  // namespace
}  // namespace mandate::report
