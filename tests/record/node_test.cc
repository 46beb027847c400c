#include "mandate/record/node.h"

#include "tests/record/sample.h"

namespace mandate::record {
namespace {

using test::ErrorIs;

TEST(ShortId, IsOneTextForOneNode) {
  const std::vector<std::pair<NodeRef, std::string>> rows = {
      {{NodeKind::kPrincipal, 0, ""}, "p0"},
      {{NodeKind::kTeam, 3, ""}, "g3"},
      {{NodeKind::kResource, 10, ""}, "r10"},
      {{NodeKind::kEntitlement, 7, ""}, "e7"},
      {{NodeKind::kDelegation, 4294967295, ""}, "d4294967295"},
      {{NodeKind::kAuthenticator, 1, ""}, "k1"},
      {{NodeKind::kTrustedIssuer, 2, ""}, "i2"},
      {{NodeKind::kToken, 0, "abc"}, "t:abc"},
      {{NodeKind::kTransaction, 0, "x:y"}, "x:x:y"},
  };
  for (const auto& [node, text] : rows) {
    EXPECT_EQ(short_id(node), text);
    ASSERT_TRUE(parse_short_id(text)) << text;
    EXPECT_EQ(*parse_short_id(text), node);
  }
}

TEST(ShortId, RefusesWhatIsNone) {
  for (std::string text :
       {"", "p", "p-1", "p01", "p4294967296", "p1 ", "q1", "t", "t:", "t1", "p:1", "1", "P1"}) {
    EXPECT_THAT(parse_short_id(text), ErrorIs(Reason::kBadRequest)) << text;
  }
  EXPECT_TRUE(parse_short_id("t:" + std::string(limits::kJtiBytesMax, 'a')));
  EXPECT_THAT(parse_short_id("t:" + std::string(limits::kJtiBytesMax + 1, 'a')),
              ErrorIs(Reason::kBadRequest));
}

TEST(NodeKind, NamesAreReadBack) {
  for (std::size_t i = 0; i < kNodeKindCount; ++i) {
    const auto kind = static_cast<NodeKind>(i);
    EXPECT_EQ(parse_node_kind(name(kind)), kind);
  }
  EXPECT_EQ(parse_node_kind("guardrails"), std::nullopt);
}

}  // namespace
}  // namespace mandate::record
