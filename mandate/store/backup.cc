#include "mandate/store/backup.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"
#include "mandate/ledger/note.h"
#include "mandate/store/data_directory.h"
#include "mandate/store/segment.h"
#include "mandate/store/sqlite.h"
#include "mandate/store/sqlite_record.h"

namespace mandate::store {
namespace {

constexpr std::size_t kChunk = 1 << 20;
constexpr std::uint64_t kKeyFileBytesMax = 16 << 10;

std::string hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

class Copier {
 public:
  Copier(FileSystem& files, std::string out) : files_(files), out_(std::move(out)) {}

  // The first `size` bytes; all where it is not given.
  Result<void> copy(const std::string& from, const std::string& name,
                    std::optional<std::uint64_t> size);
  // What stands there already.
  Result<void> add(const std::string& name);
  Result<void> finish();
  std::uint64_t bytes() const { return bytes_; }

 private:
  FileSystem& files_;
  const std::string out_;
  std::string sums_;
  std::uint64_t bytes_ = 0;
};

Result<void> Copier::copy(const std::string& from, const std::string& name,
                          std::optional<std::uint64_t> size) {
  Result<std::unique_ptr<File>> source = files_.open(from, OpenMode::kRead);
  if (!source) return fail(source.error());
  Result<std::unique_ptr<File>> target = files_.open(out_ + "/" + name, OpenMode::kNew);
  if (!target) return fail(target.error());
  for (std::uint64_t at = 0; !size || at < *size;) {
    const std::uint64_t wanted = size ? std::min<std::uint64_t>(kChunk, *size - at) : kChunk;
    Result<std::string> bytes = (*source)->read(at, static_cast<std::size_t>(wanted));
    if (!bytes) return fail(bytes.error());
    if (bytes->empty()) break;
    if (auto written = (*target)->write(at, *bytes); !written) return written;
    at += bytes->size();
  }
  if (auto synced = (*target)->sync(); !synced) return synced;
  return add(name);
}

// Read back from the copy: what is summed is what is there.
Result<void> Copier::add(const std::string& name) {
  Result<std::unique_ptr<File>> file = files_.open(out_ + "/" + name, OpenMode::kRead);
  if (!file) return fail(file.error());
  crypto::Sha256 hash;
  for (std::uint64_t at = 0;;) {
    Result<std::string> bytes = (*file)->read(at, kChunk);
    if (!bytes) return fail(bytes.error());
    if (bytes->empty()) break;
    hash.update(*bytes);
    at += bytes->size();
    bytes_ += bytes->size();
  }
  sums_ += hex(hash.finish()) + "  " + name + "\n";
  return {};
}

Result<void> Copier::finish() {
  return replace_file(files_, out_ + "/SHA256SUMS", sums_).and_then([&] {
    return files_.sync_directory(folder_of(out_));
  });
}

Result<void> make_new_folder(FileSystem& files, const std::string& out) {
  Result<std::optional<FileInfo>> info = files.info(out);
  if (!info) return fail(info.error());
  if (*info) {
    return fail(Reason::kBadRequest, Place::kConflict,
                "\"" + out + "\" exists; expected a folder that does not yet");
  }
  return files.make_directory(out);
}

Result<void> check_data(FileSystem& files, const std::string& data) {
  Result<std::optional<FileInfo>> record = files.info(data + "/record.db");
  if (!record) return fail(record.error());
  if (*record) return {};
  return fail(Reason::kBadRequest,
              "\"" + data + "\" has no record.db; expected the data folder of a server");
}

// As far as its frames are whole: the server may be writing the next one.
Result<std::uint64_t> copy_journal(FileSystem& files, const std::string& data,
                                   const std::string& out, Copier& copier) {
  if (auto made = files.make_directory(out + "/journal"); !made) return fail(made.error());
  Result<std::vector<std::string>> names = files.list(data + "/journal");
  if (!names) return fail(names.error());
  std::uint64_t logs = 0;
  for (const std::string& name : *names) {
    const std::string path = data + "/journal/" + name;
    Result<std::unique_ptr<File>> file = files.open(path, OpenMode::kRead);
    if (!file) return fail(file.error());
    Result<SegmentIndex> index =
        read_segment(**file, [](std::uint64_t, std::string_view, const Digest&) {});
    if (!index) return fail(index.error());
    if (auto ok = copier.copy(path, "journal/" + name, index->end()); !ok) return fail(ok.error());
    ++logs;
  }
  if (auto synced = files.sync_directory(out + "/journal"); !synced) return fail(synced.error());
  return logs;
}

// SQLite's own copy: one transaction's view, whoever writes meanwhile.
Result<void> copy_record(FileSystem& files, const std::string& from, const std::string& to) {
  // Made by us first, so that its mode is ours.
  if (auto made = files.open(to, OpenMode::kNew); !made) return fail(made.error());
  Result<Database> database = open_database(from, {});
  if (!database) return fail(database.error());
  Result<Statement> statement = prepare(database->get(), "VACUUM INTO ?");
  if (!statement) return fail(statement.error());
  sqlite3_bind_text(statement->get(), 1, to.c_str(), static_cast<int>(to.size()), SQLITE_TRANSIENT);
  if (auto done = step(statement->get(), "copy the record"); !done) return fail(done.error());
  Result<std::unique_ptr<File>> copy = files.open(to, OpenMode::kWrite);
  if (!copy) return fail(copy.error());
  return (*copy)->sync();
}

}  // namespace

Result<Backup> back_up(FileSystem& files, const std::string& data, const std::string& out) {
  auto ready = check_data(files, data).and_then([&] { return make_new_folder(files, out); });
  if (!ready) return fail(ready.error());
  Backup made;
  Result<std::string> checkpoint =
      read_file(files, data + "/log/record/checkpoint", ledger::kNoteBytesMax);
  if (!checkpoint) return fail(checkpoint.error());
  made.checkpoint = *std::move(checkpoint);
  Copier copier(files, out);
  Result<std::uint64_t> logs = copy_journal(files, data, out, copier);
  if (!logs) return fail(logs.error());
  made.journal_logs = *logs;
  const std::string record = out + "/record.db";
  Result<void> copied = copy_record(files, data + "/record.db", record);
  if (!copied) return fail(copied.error());
  {
    // A copy that cannot be read is none.
    auto opened = SqliteRecord::open({.path = record, .vfs = {}});
    if (!opened) return fail(opened.error());
    made.revision = (*opened)->frontier().size();
  }
  auto done = copier.add("record.db")
                  .and_then([&] { return copier.copy(data + "/issuer", "issuer", std::nullopt); })
                  .and_then([&] { return copier.finish(); });
  if (!done) return fail(done.error());
  made.bytes = copier.bytes();
  return made;
}

Result<void> back_up_keys(FileSystem& files, const std::string& data, const std::string& out) {
  auto ready = check_data(files, data).and_then([&] { return make_new_folder(files, out); });
  if (!ready) return ready;
  const std::string folder = DataDirectory::keys_folder(data);
  Result<std::vector<std::string>> names = files.list(folder);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    Result<std::string> bytes = read_file(files, folder + "/" + name, kKeyFileBytesMax);
    if (!bytes) return fail(bytes.error());
    if (auto kept = replace_file(files, out + "/" + name, *bytes); !kept) return kept;
  }
  return files.sync_directory(folder_of(out));
}

}  // namespace mandate::store
