#include "mandate/ledger/tile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "mandate/base/limits.h"
#include "testing/matchers.h"

namespace mandate::ledger {

void PrintTo(const TileId& tile, std::ostream* out) { *out << tile_path(tile); }

namespace {

using test::ErrorIs;
using test::IsOk;
using ::testing::HasSubstr;

TEST(TilePath, is_the_one_of_the_specification) {
  const auto check = [](const TileId& tile, std::string_view path) {
    EXPECT_EQ(tile_path(tile), path);
    const Result<TileId> parsed = parse_tile_path(path);
    ASSERT_THAT(parsed, IsOk()) << path;
    EXPECT_EQ(*parsed, tile);
  };
  check({.level = 0, .index = 0}, "tile/0/000");
  check({.level = 0, .index = 1234}, "tile/0/x001/234");
  check({.level = 3, .index = 1234067}, "tile/3/x001/x234/067");
  check({.level = 0, .index = 999}, "tile/0/999");
  check({.level = 0, .index = 1000}, "tile/0/x001/000");
  check({.level = 5, .index = 0, .width = 1}, "tile/5/000.p/1");
  check({.level = 1, .index = 7, .width = 255}, "tile/1/007.p/255");
  check({.entries = true, .index = 0, .width = 17}, "tile/entries/000.p/17");
  check({.entries = true, .index = 70000}, "tile/entries/x070/000");
  check({.index = (std::uint64_t{1} << 55) - 1}, "tile/0/x036/x028/x797/x018/x963/967");
  check({.level = 5, .index = 32767}, "tile/5/x032/767");
}

TEST(TilePath, is_refused_in_every_other_form) {  // ATTACKS H4
  for (std::string_view path : {"",
                                "tile",
                                "tile/",
                                "tile/0",
                                "tile/0/",
                                "/tile/0/000",
                                "tile/0/000/",
                                "tile//000",
                                "tile/0/0",
                                "tile/0/00",
                                "tile/0/0000",
                                "tile/0/000/000",
                                "tile/0/x000/000",
                                "tile/0/x000/001",
                                "tile/0/001/234",
                                "tile/0/x001/x234",
                                "tile/0/x1/234",
                                "tile/0/xx01/234",
                                "tile/0/X001/234",
                                "tile/0/x001234",
                                "tile/0/x001/23",
                                "tile/0/-01",
                                "tile/0/+01",
                                "tile/0/0x1",
                                "tile/0/ 00",
                                "tile/0/00a",
                                "tile/00/000",
                                "tile/01/000",
                                "tile/6/000",
                                "tile/63/000",
                                "tile/64/000",
                                "tile/-1/000",
                                "tile/entry/000",
                                "tile/Entries/000",
                                "tile/entries/entries/000",
                                "tile/0/000.p/0",
                                "tile/0/000.p/256",
                                "tile/0/000.p/257",
                                "tile/0/000.p/01",
                                "tile/0/000.p/",
                                "tile/0/000.p",
                                "tile/0/000.p/1/",
                                "tile/0/000.p/1.p/1",
                                "tile/0/000.p/-1",
                                "tile/0/000.P/1",
                                "tile/0/000.p/99999999999999999999",
                                "tile/0/../000",
                                "tile/0/..",
                                "tile/0/%30%30%30",
                                "checkpoint",
                                "tile/0/x036/x028/x797/x018/x963/968",
                                "tile/5/x032/768",
                                "tile/4/x008/x388/608",
                                "tile/0/x999/x999/x999/x999/x999/x999/x999/999"}) {
    EXPECT_THAT(parse_tile_path(path), ErrorIs(Reason::kBadRequest)) << path;
  }
  EXPECT_THAT(parse_tile_path(std::string("tile/0/000\0", 11)), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(parse_tile_path(std::string(1 << 20, '0')), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(parse_tile_path("tile/4/x008/x388/607"), IsOk());  // 2^23 - 1
}

std::vector<std::string> paths_between(std::uint64_t old_size, std::uint64_t new_size) {
  std::vector<std::string> paths;
  for (const TileId& tile : tiles_between(old_size, new_size)) paths.push_back(tile_path(tile));
  return paths;
}

TEST(TilesBetween, are_those_that_hold_something_new) {
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  EXPECT_THAT(paths_between(0, 0), IsEmpty());
  EXPECT_THAT(paths_between(5, 5), IsEmpty());
  EXPECT_THAT(paths_between(256, 256), IsEmpty());
  EXPECT_THAT(paths_between(6, 5), IsEmpty());
  EXPECT_THAT(paths_between(0, 1), ElementsAre("tile/entries/000.p/1", "tile/0/000.p/1"));
  EXPECT_THAT(paths_between(5, 6), ElementsAre("tile/entries/000.p/6", "tile/0/000.p/6"));
  EXPECT_THAT(paths_between(255, 256),
              ElementsAre("tile/entries/000", "tile/0/000", "tile/1/000.p/1"));
  EXPECT_THAT(paths_between(256, 257), ElementsAre("tile/entries/001.p/1", "tile/0/001.p/1"));
  EXPECT_THAT(paths_between(255, 258),
              ElementsAre("tile/entries/000", "tile/entries/001.p/2", "tile/0/000",
                          "tile/0/001.p/2", "tile/1/000.p/1"));
  EXPECT_THAT(paths_between(65535, 65536),
              ElementsAre("tile/entries/255", "tile/0/255", "tile/1/000", "tile/2/000.p/1"));
}

// The specification's own example: 273 full tiles and one of 112, one full and one of 17, one of 1.
TEST(TilesBetween, of_70000_entries_are_those_of_the_specification) {
  const std::vector<std::string> paths = paths_between(0, 70'000);
  const std::set<std::string> all(paths.begin(), paths.end());
  EXPECT_EQ(all.size(), paths.size());
  EXPECT_EQ(all.size(), 274u + 274u + 2u + 1u);
  for (std::string_view path : {"tile/entries/273.p/112", "tile/0/272", "tile/0/273.p/112",
                                "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"}) {
    EXPECT_TRUE(all.contains(std::string(path))) << path;
  }
}

// A tree that grew in steps has the same tiles as one written at once, but for outgrown partials.
TEST(TilesBetween, add_up_however_the_tree_grew) {
  std::set<std::string> grown;
  for (std::uint64_t size = 0, step = 1; size < 2000; size += step, step = step % 97 + 3) {
    for (const std::string& path : paths_between(size, size + step)) grown.insert(path);
    for (const std::string& path : paths_between(0, size + step)) EXPECT_TRUE(grown.contains(path));
  }
}

TEST(Bundle, comes_back_entry_by_entry) {
  const auto check = [](const std::vector<std::string>& entries) {
    const Result<std::string> bytes = encode_bundle(entries);
    ASSERT_THAT(bytes, IsOk());
    const auto again = decode_bundle(*bytes, static_cast<int>(entries.size()));
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(*again, entries);
  };
  check({"a"});
  check({""});
  check({"", "b", std::string(300, 'c'), std::string("\0\n\xff", 3)});
  check({std::string(limits::kLogEntryBytesMax, 'x')});
  check(std::vector<std::string>(256, "{}"));
  EXPECT_EQ(encode_bundle({"ab", std::string(258, 'c')}).value().substr(0, 6),
            std::string("\0\2ab\1\2", 6));
}

TEST(Bundle, holds_256_entries_of_60_kib_at_most) {  // ATTACKS H6
  EXPECT_THAT(encode_bundle(std::vector<std::string>(257, "")), ErrorIs(Reason::kLimitExceeded));
  EXPECT_THAT(encode_bundle({std::string(limits::kLogEntryBytesMax + 1, 'x')}),
              ErrorIs(Reason::kLimitExceeded));
  EXPECT_THAT(encode_bundle({std::string(70'000, 'x')}), ErrorIs(Reason::kLimitExceeded));
}

TEST(Bundle, is_read_with_its_exact_width_only) {
  const std::string two = *encode_bundle({"ab", "cd"});
  const auto check = [](const std::string& bytes, int width, std::string_view expected_detail) {
    const auto entries = decode_bundle(bytes, width);
    ASSERT_THAT(entries, ErrorIs(Reason::kBadRequest));
    EXPECT_THAT(entries.error().detail, HasSubstr(expected_detail));
  };
  EXPECT_THAT(decode_bundle(two, 2), IsOk());
  check(two, 1, "has bytes after its 1 entries");
  check(two, 3, "has 2 entries; expected 3");
  check(two + '\0', 2, "has bytes after its 2 entries");
  check(two + '\0', 3, "has bytes after its 2 entries");
  check(two.substr(0, 7), 2, "ends inside an entry");
  check(two.substr(0, 5), 2, "has bytes after its 1 entries");
  check("", 1, "has 0 entries; expected 1");
  check("", 0, "width outside 1 to 256");
  check("", -1, "width outside 1 to 256");
  check(*encode_bundle(std::vector<std::string>(256, "")) + std::string(2, '\0'), 257,
        "width outside 1 to 256");
}

TEST(Hashes, come_back_and_are_read_with_their_exact_width_only) {
  std::vector<Digest> hashes(3);
  hashes[1][0] = 1;
  hashes[2][31] = 2;
  const std::string bytes = encode_hashes(hashes);
  EXPECT_EQ(bytes.size(), 96u);
  EXPECT_EQ(decode_hashes(bytes, 3).value(), hashes);
  for (int width : {-1, 0, 2, 4, 257}) {
    EXPECT_THAT(decode_hashes(bytes, width), ErrorIs(Reason::kBadRequest)) << width;
  }
  EXPECT_THAT(decode_hashes("", 0), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(decode_hashes(bytes + 'x', 3), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(decode_hashes(std::string(256 * 32, 'x'), 256), IsOk());
  EXPECT_THAT(decode_hashes(std::string(257 * 32, 'x'), 257), ErrorIs(Reason::kBadRequest));
}

}  // namespace
}  // namespace mandate::ledger
