// What every `Record` promises: one suite, run on each backend. A world opens the record, closes
// it, and opens the same one again.
//
//   struct MemoryWorld { record::Record& record(); void reopen(); };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Memory, RecordSuite, MemoryWorld);
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "mandate/record/ports.h"
#include "testing/matchers.h"

namespace mandate::test {

template <class World>
class RecordSuite : public ::testing::Test {
 protected:
  World world_;
  record::Record& record() { return world_.record(); }

  static std::vector<std::string> entries(int from, int count) {
    std::vector<std::string> made;
    for (int i = from; i < from + count; ++i) made.push_back("{\"n\":" + std::to_string(i) + "}");
    return made;
  }
};
TYPED_TEST_SUITE_P(RecordSuite);

TYPED_TEST_P(RecordSuite, begins_empty) {
  EXPECT_EQ(this->record().head().value(), 0U);
  EXPECT_THAT(this->record().read(0, 10).value(), ::testing::IsEmpty());
}

TYPED_TEST_P(RecordSuite, appends_a_batch_at_the_expected_head) {
  EXPECT_EQ(this->record().append(0, this->entries(1, 3)).value(), 3U);
  EXPECT_EQ(this->record().append(3, this->entries(4, 1)).value(), 4U);
  EXPECT_EQ(this->record().head().value(), 4U);
  EXPECT_EQ(this->record().read(0, 10).value(), this->entries(1, 4));
}

TYPED_TEST_P(RecordSuite, refuses_another_head_and_writes_nothing) {
  ASSERT_THAT(this->record().append(0, this->entries(1, 2)), IsOk());
  for (record::Revision wrong : {0U, 1U, 3U}) {
    const auto refused = this->record().append(wrong, this->entries(9, 1));
    EXPECT_THAT(refused, ErrorIs(Reason::kBadRequest));
    EXPECT_EQ(refused.error().place, Place::kConflict);
  }
  EXPECT_EQ(this->record().read(0, 10).value(), this->entries(1, 2));
  EXPECT_THAT(this->record().append(2, this->entries(3, 1)), IsOk());
}

TYPED_TEST_P(RecordSuite, an_empty_batch_changes_nothing) {
  EXPECT_EQ(this->record().append(0, {}).value(), 0U);
  EXPECT_EQ(this->record().head().value(), 0U);
}

TYPED_TEST_P(RecordSuite, reads_from_a_revision_and_at_most_so_many) {
  ASSERT_THAT(this->record().append(0, this->entries(1, 5)), IsOk());
  EXPECT_EQ(this->record().read(2, 2).value(), this->entries(3, 2));
  EXPECT_EQ(this->record().read(4, 10).value(), this->entries(5, 1));
  EXPECT_THAT(this->record().read(5, 10).value(), ::testing::IsEmpty());
  EXPECT_THAT(this->record().read(99, 10).value(), ::testing::IsEmpty());
  EXPECT_THAT(this->record().read(0, 0).value(), ::testing::IsEmpty());
}

TYPED_TEST_P(RecordSuite, keeps_bytes_exactly) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  ASSERT_THAT(this->record().append(0, {all, std::string(60 << 10, 'x')}), IsOk());
  this->world_.reopen();
  EXPECT_EQ(this->record().read(0, 1).value().front(), all);
  EXPECT_EQ(this->record().read(1, 1).value().front().size(), 60U << 10);
}

TYPED_TEST_P(RecordSuite, is_there_again_after_reopening) {
  ASSERT_THAT(this->record().append(0, this->entries(1, 300)), IsOk());
  this->world_.reopen();
  EXPECT_EQ(this->record().head().value(), 300U);
  EXPECT_EQ(this->record().read(0, 1000).value(), this->entries(1, 300));
  EXPECT_EQ(this->record().append(300, this->entries(301, 1)).value(), 301U);
}

TYPED_TEST_P(RecordSuite, waits_until_the_head_is_beyond) {
  EXPECT_FALSE(this->record().wait(0, Milliseconds(1)));
  std::thread other([this] { (void)this->record().append(0, this->entries(1, 1)); });
  EXPECT_TRUE(this->record().wait(0, Milliseconds(60'000)));
  other.join();
  EXPECT_TRUE(this->record().wait(0, Milliseconds(0)));
  EXPECT_FALSE(this->record().wait(1, Milliseconds(1)));
}

TYPED_TEST_P(RecordSuite, one_of_two_writers_at_one_head_wins) {
  std::atomic<int> won = 0;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([this, &won, writer] {
      for (record::Revision head = 0; head < 20; ++head) {
        // Each head is taken once, by whoever comes first; the others wait for it.
        while (this->record().head().value() < head)
          (void)this->record().wait(head - 1, Milliseconds(5));
        if (this->record().append(head, this->entries(writer, 1))) ++won;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(won, 20);
  EXPECT_EQ(this->record().head().value(), 20U);
}

TYPED_TEST_P(RecordSuite, reads_whole_batches_while_somebody_writes) {
  std::thread writer([this] {
    for (int batch = 0; batch < 30; ++batch) {
      (void)this->record().append(static_cast<record::Revision>(batch) * 7,
                                  this->entries(batch * 7, 7));
    }
  });
  while (true) {
    const std::vector<std::string> seen = this->record().read(0, 1000).value();
    ASSERT_EQ(seen, this->entries(0, static_cast<int>(seen.size())));
    ASSERT_EQ(seen.size() % 7, 0U);
    if (seen.size() == 210) break;
  }
  writer.join();
}

REGISTER_TYPED_TEST_SUITE_P(RecordSuite, begins_empty, appends_a_batch_at_the_expected_head,
                            refuses_another_head_and_writes_nothing, an_empty_batch_changes_nothing,
                            reads_from_a_revision_and_at_most_so_many, keeps_bytes_exactly,
                            is_there_again_after_reopening, waits_until_the_head_is_beyond,
                            one_of_two_writers_at_one_head_wins,
                            reads_whole_batches_while_somebody_writes);

}  // namespace mandate::test
