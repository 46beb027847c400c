// Reading logs into a summary: each record is offered to the sources, what none of them takes is
// counted with its first place, and nothing that a file holds ends the reading.
//
//   Scan scan;
//   scan.read("a.json", source);
//   scan.summary().events();   scan.files()[0].unrecognised.count
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/json/record_stream.h"
#include "mandate/observe/sources/source.h"
#include "mandate/observe/summary.h"

namespace mandate::observe {

// What became of one file.
struct FileReport {
  std::string file;
  std::string_view source;  // of the first record that one took; empty where none did
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;  // line ends
  std::uint64_t activities = 0;
  json::Damage::Row unrecognised;  // records of no source
  json::Damage::Row unusable;      // of a source, with no sound time or without an operation
  json::Damage::Row untimed;       // read, and without a place in history
  json::Damage damage;
  std::optional<Error> error;  // reading ended early

  // Whether a record, or the file's rest, could not be read.
  bool is_damaged() const { return error || damage.skipped() > 0; }
  // What follows in the same file.
  void append(const FileReport& next);
};

class Scan {
 public:
  explicit Scan(EventBounds bounds = {});
  ~Scan();
  Scan(Scan&&) noexcept;

  // Where in a file the source begins.
  struct Start {
    std::uint64_t offset = 0;
    std::uint64_t line = 1;
    bool is_lines = false;  // records one to a line, as what came before has shown
  };
  // `file` is what evidence will say.
  void read(std::string_view file, json::ByteSource& source, Start start = {0, 1, false});
  // A piece of the file; evidence counts its lines from the piece's beginning. False where the
  // bytes turn out to be no piece (`RecordStream::is_sound_piece`): the scan is then void.
  bool read_piece(std::string_view file, json::ByteSource& source,
                  const json::RecordStream::Piece& piece);

  // Settled as far as memory goes.
  Summary& summary() {
    summary_.settle_memory();
    return summary_;
  }
  const std::vector<FileReport>& files() const { return files_; }
  // The reports so far, for who reads for ever.
  std::vector<FileReport> take_files() { return std::exchange(files_, {}); }
  void merge(Scan&& other);

 private:
  struct Reader;  // a source with its compiled projection and its slots

  void read(std::string_view file, json::RecordStream& in, const Start& start);
  bool take(json::RecordStream& in, const Place& place, FileReport& report);
  bool take_wrapped(json::RecordStream& in, const Place& place, int levels, FileReport& report);
  Reading offer(Reader& reader, const Place& place, FileReport& report);

  std::vector<Reader> readers_;
  std::size_t current_ = 0;  // whose record came last
  std::unique_ptr<json::Projection> wrappers_;
  Scratch scratch_;
  Summary summary_;
  std::vector<FileReport> files_;
};

}  // namespace mandate::observe
