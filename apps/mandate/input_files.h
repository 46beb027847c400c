// Files to scan: named, below named folders, or standard input; compressed by gzip or not, and
// in UTF-8 or UTF-16, told by content.
//
//   Result<std::unique_ptr<InputFile>> file = InputFile::open("a.json.gz");
//   scan.read("a.json.gz", **file);
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mandate/json/record_stream.h"

namespace mandate::app {

struct InputPath {
  std::string path;         // "-" is standard input
  bool is_named = true;     // and not found below a folder
  std::uint64_t bytes = 0;  // on disk
};

// Every file that the paths name, and every regular file below those that are folders, in the order
// of their names. A path that cannot be read stays in the list; opening it says why.
std::vector<InputPath> expand(const std::vector<std::string>& paths);

class InputFile final : public json::ByteSource {
 public:
  static Result<std::unique_ptr<InputFile>> open(const std::string& path);
  ~InputFile() override;

  // The first bytes, decompressed and in UTF-8; reading begins with them all the same.
  Result<std::string_view> head(std::size_t bytes_max);
  Result<std::size_t> read(std::span<char> into) override;

 private:
  struct Stream;
  InputFile(std::string path, std::unique_ptr<Stream> stream);
  Result<std::size_t> read_stream(std::span<char> into);
  Result<std::size_t> read_utf16(std::span<char> into);
  Result<std::size_t> read_gzip(std::span<char> into);
  Result<void> look();

  std::string path_;
  std::unique_ptr<Stream> stream_;
  std::string head_;
  std::size_t head_read_ = 0;
};

// A file that several threads read at once, at different places: a regular one, not compressed, in
// UTF-8.
class WholeFile {
 public:
  // nullptr where it is no such file.
  static std::unique_ptr<WholeFile> open(const std::string& path);
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  std::uint64_t size() const { return size_; }
  // Fewer bytes only at the end.
  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) const;

 private:
  WholeFile(std::string path, int fd, std::uint64_t size);

  std::string path_;
  int fd_;
  std::uint64_t size_;
};

// The bytes [begin, end) of it.
class FilePiece final : public json::ByteSource {
 public:
  FilePiece(const WholeFile& file, std::uint64_t begin, std::uint64_t end)
      : file_(file), at_(begin), end_(end) {}
  Result<std::size_t> read(std::span<char> into) override;

 private:
  const WholeFile& file_;
  std::uint64_t at_;
  std::uint64_t end_;
};

}  // namespace mandate::app
