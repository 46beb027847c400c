// What `mandate scan` does with its threads: pieces of one file and files side by side, each giving
// what one thread gives. `make threads` looks at it with ThreadSanitizer.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "apps/mandate/file_pieces.h"
#include "apps/mandate/scan_input.h"
#include "testing/temporary_folder.h"

namespace mandate::app {
namespace {

using test::TemporaryFolder;

constexpr std::size_t kLarge = 3 * kPieceBytes;  // three pieces
constexpr std::size_t kThreads = 4;
constexpr std::size_t kLittleMemory = 1 << 20;  // less than the ids of so many events take

std::string event(std::size_t number, const std::string& filling) {
  const std::string id = std::to_string(number);
  return R"({"eventID":"e)" + id + R"(","eventTime":"2026-03-01T10:00:00Z",)" +
         R"("eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1",)" +
         R"("sourceIPAddress":"198.51.100.)" + std::to_string(number % 200) +
         R"(","userAgent":"Boto3/1.34.0","userIdentity":{"type":"IAMUser","arn":)" +
         R"("arn:aws:iam::111122223333:user/u)" + std::to_string(number % 50) +
         R"(","accountId":"111122223333","accessKeyId":"AKIA)" + std::to_string(number % 50) +
         R"("},"requestParameters":)" + filling + "}\n";
}

std::string write(const TemporaryFolder& folder, const std::string& name, std::size_t bytes,
                  const std::string& filling) {
  const std::string path = folder.path() + "/" + name;
  std::ofstream out(path, std::ios::binary);
  std::size_t written = 0;
  for (std::size_t number = 0; written < bytes; ++number) {
    const std::string text = event(number, filling);
    out << text;
    written += text.size();
  }
  return path;
}

struct Found {
  std::string summary;
  std::set<std::string> problems;
  friend bool operator==(const Found&, const Found&) = default;
};

Found found(const std::vector<std::string>& paths, const ReadOptions& options) {
  const Result<observe::Part> part = read_logs(expand(paths), options);
  EXPECT_TRUE(part) << (part ? "" : part.error().detail);
  if (!part) return {};
  EXPECT_GT(part->summary.events(), 0U);
  return {part->summary.describe(), {part->problems.begin(), part->problems.end()}};
}

void expect_the_same(const std::vector<std::string>& paths) {
  const Found one = found(paths, {.threads = 1});
  EXPECT_EQ(found(paths, {.threads = kThreads}), one);
  EXPECT_EQ(found(paths, {.threads = kThreads, .memory_bytes = kLittleMemory}), one);
}

TEST(ScanThreads, read_pieces_of_a_file_like_one_thread) {
  const TemporaryFolder folder;
  expect_the_same({write(folder, "a.json", kLarge, R"({"bucketName":"b"})")});
}

// Most lines that begin with a brace begin no record here: a piece is told to be none while others
// are read.
TEST(ScanThreads, read_a_file_whole_whose_pieces_are_none) {
  const TemporaryFolder folder;
  expect_the_same({write(folder, "a.json", kLarge, "[\n{\"a\":1},\n{\"a\":2},\n{\"a\":3}\n]")});
}

TEST(ScanThreads, read_files_side_by_side_like_one_thread) {
  constexpr std::size_t kFiles = 12;
  constexpr std::size_t kSmall = 200 << 10;
  const TemporaryFolder folder;
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < kFiles; ++i) {
    // Every third ends within a record, and all hold the same events.
    paths.push_back(write(folder, std::to_string(i) + ".json", kSmall + i * 1000, "{}"));
    if (i % 3 == 0) std::ofstream(paths.back(), std::ios::app) << R"({"eventID":)";
  }
  paths.push_back(folder.path() + "/missing.json");
  expect_the_same(paths);
}

}  // namespace
}  // namespace mandate::app
