#include "mandate/record/compact.h"

#include <gtest/gtest.h>

#include "mandate/record/hash_index.h"

namespace mandate::record {
namespace {

TEST(PackedInstant, IsTheInstantThatWasPacked) {
  static_assert(sizeof(PackedInstant) == 6);
  for (const Instant instant :
       {kBeginningOfTime, Instant{}, Instant(Milliseconds(1)),
        Instant(Milliseconds(1) + Seconds(1)), parse_rfc3339("2027-01-15T12:00:00.123Z").value(),
        Instant(Milliseconds(kInstantMsMax)), kEndOfTime}) {
    const PackedInstant packed = instant;
    EXPECT_EQ(Instant(packed), instant);
    EXPECT_TRUE(packed == instant);
    EXPECT_FALSE(packed < instant || packed > instant);
    EXPECT_EQ(kBeginningOfTime < packed, kBeginningOfTime < instant);
    EXPECT_EQ(packed < kEndOfTime, instant < kEndOfTime);
  }
}

TEST(PackedLifetime, IsTheLifetimeThatWasPackedOrNone) {
  static_assert(sizeof(PackedLifetime) == 3);
  for (const std::optional<Seconds> lifetime :
       {std::optional<Seconds>(), std::optional(Seconds(0)), std::optional(Seconds(1)),
        std::optional(Seconds(86'400)), std::optional(PackedLifetime::kMax)}) {
    EXPECT_EQ(PackedLifetime(lifetime), lifetime);
  }
}

// Keys whose hashes share all that a slot keeps of them are told apart by comparison alone.
TEST(HashIndex, FindsEachKeyAlsoWhereHashesAreAlike) {
  for (const std::uint64_t spread : {std::uint64_t{0}, std::uint64_t{3}, ~std::uint64_t{0}}) {
    const auto hash_of = [&](std::uint32_t handle) { return mix(handle) & spread; };
    HashIndex grown;
    HashIndex reserved;
    reserved.reserve(500);
    for (std::uint32_t handle = 0; handle < 500; ++handle) {
      const auto same = [&](std::uint32_t other) { return other == handle; };
      for (HashIndex* index : {&grown, &reserved}) {
        EXPECT_FALSE(index->find(hash_of(handle), same));
        EXPECT_TRUE(index->insert(hash_of(handle), handle, same, hash_of));
        EXPECT_FALSE(index->insert(hash_of(handle), handle, same, hash_of));
      }
    }
    for (std::uint32_t handle = 0; handle < 500; ++handle) {
      const auto same = [&](std::uint32_t other) { return other == handle; };
      EXPECT_EQ(grown.find(hash_of(handle), same), handle);
      EXPECT_EQ(reserved.find(hash_of(handle), same), handle);
    }
  }
}

// Few keys, whose handles are large: a slot has room for these.
TEST(HashIndex, HoldsHandlesFarAboveTheNumberOfItsKeys) {
  const auto key_of = [](std::uint32_t handle) { return handle % 5; };
  const auto hash_of = [&](std::uint32_t handle) { return mix(key_of(handle)); };
  HashIndex index;
  for (std::uint32_t handle = 0; handle < 10'000; ++handle) {
    const auto same = [&](std::uint32_t other) { return key_of(other) == key_of(handle); };
    std::optional<std::uint32_t> before;
    index.exchange(hash_of(handle), handle, same, hash_of,
                   [&](std::optional<std::uint32_t> former) { before = former; });
    EXPECT_EQ(before, handle < 5 ? std::nullopt : std::optional(handle - 5));
    EXPECT_EQ(index.find(hash_of(handle), same), handle);
  }
}

}  // namespace
}  // namespace mandate::record
