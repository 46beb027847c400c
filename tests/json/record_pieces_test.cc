// An input read in pieces: whenever each says that it is sound, all together tell what reading the
// whole tells, lines too.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "mandate/json/record_stream.h"

namespace mandate::json {
namespace {

using Where = RecordStream::Where;

constexpr std::string_view kEnvelopes[] = {"Records"};
constexpr std::string_view kPaths[] = {"id"};
constexpr std::size_t kWindowBytes = 512;

struct Told {
  std::vector<std::string> records;  // id, offset, line
  std::vector<std::string> damage;
  bool is_sound = true;
  std::uint64_t lines = 0;
};

void read(RecordStream& in, std::uint64_t lines_before, Told& told) {
  const Projection wanted(kPaths);
  std::vector<Slot> slots(wanted.slots());
  while (in.next(wanted, slots)) {
    told.records.push_back(std::string(slots[0].text) + " at " + std::to_string(in.offset()) +
                           " line " + std::to_string(lines_before + in.line()));
  }
  for (std::size_t kind = 0; kind < Damage::kKinds; ++kind) {
    const Damage::Row& row = in.damage().rows[kind];
    for (std::uint64_t i = 0; i < row.count; ++i) {
      told.damage.push_back(std::to_string(kind) +
                            (i == 0 ? " at " + std::to_string(row.first_offset) : ""));
    }
  }
  told.lines = lines_before + in.lines();
}

Told whole(std::string_view text) {
  MemorySource source(text);
  RecordStream in(source, kEnvelopes, kWindowBytes);
  Told told;
  read(in, 0, told);
  return told;
}

Told in_pieces(std::string_view text, Where where, const std::vector<std::size_t>& cuts) {
  Told told;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= cuts.size() && told.is_sound; ++i) {
    const bool is_last = i == cuts.size();
    const std::size_t end = is_last ? text.size() : cuts[i];
    MemorySource source(text.substr(begin, end - begin));
    // What holds the records of the first piece shows by itself.
    RecordStream in(source, kEnvelopes, {begin, i == 0 ? Where::kTop : where, where, is_last},
                    kWindowBytes);
    read(in, told.lines, told);
    told.is_sound = in.is_sound_piece();
    begin = end;
  }
  return told;
}

std::string lines_of(std::mt19937& random, int records, const char* between) {
  std::string text;
  for (int i = 0; i < records; ++i) {
    if (i > 0) text += between;
    text += "{\"id\":\"" + std::to_string(i) + "\",\"x\":[{\"a\":1},{\"id\":\"},{\\\"id\\\":\"}]" +
            std::string(random() % 90, ' ') + "}";
  }
  return text;
}

void damage(std::string& text, std::mt19937& random, int often) {
  constexpr std::string_view kChars = "{}[]\",:\\x\n\xff\x01";
  for (int i = 0; i < often; ++i) {
    const std::size_t at = random() % text.size();
    switch (random() % 3) {
      case 0: text[at] = kChars[random() % kChars.size()]; break;
      case 1: text.erase(at, random() % 60); break;
      default: text.insert(at, 1, kChars[random() % kChars.size()]);
    }
  }
}

std::vector<std::size_t> cuts_of(std::string_view text, std::string_view between, std::size_t keep,
                                 std::mt19937& random) {
  std::vector<std::size_t> cuts;
  for (std::size_t at = 0;;) {
    at += 1 + random() % 3000;
    at = text.find(between, at);
    if (at == std::string_view::npos) return cuts;
    cuts.push_back(at + keep);
  }
}

TEST(RecordPieces, that_are_sound_tell_what_the_whole_tells) {
  std::mt19937 random(9);
  int as_one = 0;
  for (int round = 0; round < 3000; ++round) {
    const bool is_array = round % 2 == 0;
    std::string text = lines_of(random, 120, is_array ? "," : "\n");
    if (is_array) text = "{\"Records\":[" + text + "]}";
    if (round % 4 == 3) text.resize(text.size() - random() % 200);
    damage(text, random, round % 3);
    if (text.empty()) continue;
    const auto cuts =
        is_array ? cuts_of(text, "},{\"id\"", 2, random) : cuts_of(text, "\n{", 1, random);
    const Told expected = whole(text);
    const Told found = in_pieces(text, is_array ? Where::kEnvelope : Where::kTop, cuts);
    if (!found.is_sound) continue;
    ++as_one;
    EXPECT_EQ(found.records, expected.records) << "round " << round << "\n" << text;
    EXPECT_EQ(found.damage, expected.damage) << "round " << round << "\n" << text;
    EXPECT_EQ(found.lines, expected.lines);
    if (HasFailure()) return;
  }
  EXPECT_GT(as_one, 300);
}

TEST(RecordPieces, that_end_inside_a_record_say_so) {
  const std::string text = "{\"id\":\"a\"}\n{\"id\":\n{\"n\":1}}\n{\"id\":\"b\"}\n";
  const std::size_t inside = text.find("{\"n\"");
  EXPECT_FALSE(in_pieces(text, Where::kTop, {inside}).is_sound);
  EXPECT_TRUE(in_pieces(text, Where::kTop, {text.find("{\"id\":\"b\"")}).is_sound);
  const std::string array = R"([{"id":"a","s":"},{\"id"},{"id":"b"}])";
  EXPECT_FALSE(in_pieces(array, Where::kArray, {array.find("{\\\"id")}).is_sound);
  EXPECT_TRUE(in_pieces(array, Where::kArray, {array.find("{\"id\":\"b\"")}).is_sound);
  // The array ends within the first piece.
  const std::string two = R"([{"id":"a"}],{"id":"b"})";
  EXPECT_FALSE(in_pieces(two, Where::kArray, {two.find("{\"id\":\"b\"")}).is_sound);
}

}  // namespace
}  // namespace mandate::json
