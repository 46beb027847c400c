// `mandate restore`: opens a data folder that is a copy again, once it is told how far the record
// had come. Whatever it leaves undone when it is interrupted, the next run does.
#include <unistd.h>

#include <filesystem>
#include <future>
#include <optional>
#include <string>

#include "apps/mandate/commands.h"
#include "apps/mandate/identity.h"
#include "mandate/base/bytes.h"
#include "mandate/base/system_clock.h"
#include "mandate/service/bootstrap.h"
#include "mandate/service/sequencer.h"
#include "mandate/store/data_directory.h"
#include "mandate/store/key_files.h"
#include "mandate/store/log_entries.h"
#include "mandate/store/restore.h"
#include "mandate/store/verifier_keys.h"

namespace mandate::app {
namespace {

constexpr int kAsideMax = 10'000;

class Restoration {
 public:
  explicit Restoration(const RestoreOptions& options)
      : options_(options), files_(store::posix_file_system()) {}
  Result<void> run();
  json::Value body() const;
  std::string text() const;

 private:
  Result<void> open();
  Result<ledger::Checkpoint> read_told(const ledger::NoteVerifier& key);
  Result<void> bring_back();
  Result<void> close_all();
  Result<void> choose_aside();
  Result<void> put_aside(const std::string& what);
  Result<void> retire_keys();
  std::uint64_t missing() const { return record_back_.missing + journal_back_.missing; }

  const RestoreOptions options_;
  std::unique_ptr<store::FileSystem> files_;
  std::optional<store::DataDirectory> data_;
  std::string issuer_;
  std::string host_;
  std::optional<store::LogPublicKeys> keys_;
  std::unique_ptr<store::SqliteRecord> record_;
  store::BroughtBack record_back_;
  store::BroughtBack journal_back_;
  std::string aside_;
  std::string identity_;
};

Result<void> Restoration::open() {
  Result<store::DataDirectory> data = store::DataDirectory::open(
      *files_, std::filesystem::absolute(options_.data).lexically_normal().string(),
      "pid " + std::to_string(::getpid()));
  if (!data) return fail(data.error());
  data_.emplace(*std::move(data));
  Result<std::string> issuer =
      store::read_file(*files_, data_->path() + "/issuer", limits::kIdBytesMax);
  if (!issuer) return fail(issuer.error());
  issuer_ = *std::move(issuer);
  Result<std::string> host = store::host_of_issuer(issuer_);
  if (!host) return fail(host.error());
  host_ = *std::move(host);
  return choose_aside();
}

// The first name that is free, or that an interrupted restore began with.
Result<void> Restoration::choose_aside() {
  for (int i = 1; i < kAsideMax; ++i) {
    aside_ = data_->path() + "/before-restore-" + std::to_string(i);
    Result<std::optional<store::FileInfo>> info = files_->info(aside_ + "/done");
    if (!info) return fail(info.error());
    if (!*info) return {};
  }
  return fail(Reason::kLimitExceeded, "\"" + data_->path() + "\" was restored too often");
}

Result<ledger::Checkpoint> Restoration::read_told(const ledger::NoteVerifier& key) {
  Result<std::string> note = read_file(options_.checkpoint, ledger::kNoteBytesMax);
  if (!note) return fail(note.error());
  Result<ledger::Checkpoint> told = ledger::open_checkpoint(*note, key);
  if (told) return told;
  return fail(Reason::kBadRequest,
              mandate::quoted(options_.checkpoint) +
                  " is no checkpoint of this server's record: " + told.error().detail);
}

Result<void> Restoration::bring_back() {
  Result<store::LogPublicKeys> keys =
      store::load_log_keys(*files_, store::DataDirectory::keys_folder(data_->path()));
  if (!keys) return fail(keys.error());
  Result<ledger::NoteVerifier> key =
      ledger::NoteVerifier::make(store::record_log_origin(host_), keys->record_log);
  if (!key) return fail(key.error());
  Result<ledger::Checkpoint> told = read_told(*key);
  if (!told) return fail(told.error());
  Result<std::unique_ptr<store::SqliteRecord>> record =
      store::SqliteRecord::open({.path = data_->record_path(), .vfs = {}});
  if (!record) return fail(record.error());
  record_ = *std::move(record);
  // The folder's own logs may be newer than its record, and a mirror newer than both.
  std::vector<std::string> copies = {data_->log_folder()};
  if (!options_.log.empty()) copies.push_back(options_.log);
  std::uint64_t added = 0;
  std::uint64_t journal_added = 0;
  for (const std::string& folder : copies) {
    const store::audit::PosixFolder copy(folder);
    Result<store::BroughtBack> back = store::restore_record(*record_, copy, *key, {*told});
    if (!back) return fail(back.error());
    added += back->added;
    record_back_ = *back;
    Result<store::BroughtBack> journal =
        store::restore_journal(*files_, data_->journal_folder(), copy, host_, keys->journal_log);
    if (!journal) return fail(journal.error());
    journal_added += journal->added;
    journal_back_ = *journal;
  }
  record_back_.added = added;
  journal_back_.added = journal_added;
  return {};
}

Result<void> Restoration::close_all() {
  record::State state;
  if (Result<void> loaded = service::load(*record_, state, {}); !loaded) return loaded;
  const PrincipalId id = service::restored_operator(state.view().revision());
  identity_ = data_->path() + "/" + id.text().substr(id.text().find(':') + 1) + ".json";
  if (Result<void> old = files_->remove(identity_); !old) return old;  // of an interrupted run
  Result<crypto::PrivateKey> key = crypto::PrivateKey::generate(crypto::KeyType::kP256);
  if (!key) return fail(key.error());
  Result<void> kept = write_identity(identity_, {id, *key}).and_then([&] {
    return files_->sync_directory(data_->path());
  });
  if (!kept) return kept;
  const service::NewOperator made{id, key->public_key().to_jwk()};
  const SystemClock clock;
  service::Sequencer sequencer(*record_, state, clock);
  std::promise<Result<service::Committed>> answer;
  sequencer.submit(
      "restore",
      [&](const record::View& view, Instant now) {
        return service::plan_close_all(view, issuer_, made, now);
      },
      [&](Result<service::Committed> done) { answer.set_value(std::move(done)); });
  return answer.get_future().get().map([](const service::Committed&) {});
}

// Into the folder beside, where it is kept.
Result<void> Restoration::put_aside(const std::string& what) {
  Result<std::optional<store::FileInfo>> info = files_->info(data_->path() + what);
  if (!info) return fail(info.error());
  if (!*info) return {};
  const std::string to = aside_ + what;
  return store::make_directories(*files_, store::folder_of(to))
      .and_then([&] { return files_->rename(data_->path() + what, to); })
      .and_then([&] { return files_->sync_directory(store::folder_of(to)); })
      .and_then([&] { return files_->sync_directory(store::folder_of(data_->path() + what)); });
}

// No token from before is accepted any more. Where entries are gone, the logs begin anew under
// other keys: no key ever signs two histories.
Result<void> Restoration::retire_keys() {
  if (auto made = files_->make_directory(aside_); !made) return made;
  std::vector<std::string> gone = {"/keys/es256.jwk", "/keys/rs256.jwk"};
  if (missing() > 0) {
    Result<std::vector<std::string>> lines = store::verifier_keys(*files_, data_->path());
    std::string text;
    for (const std::string& line : lines.value_or(std::vector<std::string>())) text += line + "\n";
    if (!text.empty()) {
      if (auto kept = store::replace_file(*files_, aside_ + "/verifier-keys", text); !kept) {
        return kept;
      }
    }
    gone.insert(gone.end(), {"/log", "/keys/journal-log.jwk", "/keys/record-log.jwk"});
  }
  for (const std::string& what : gone) {
    if (auto put = put_aside(what); !put) return put;
  }
  return files_->sync_directory(data_->path());
}

Result<void> Restoration::run() {
  if (Result<void> opened = open(); !opened) return opened;
  // Its last step before the end: an interrupted run has nothing else left.
  Result<std::optional<store::FileInfo>> ending = files_->info(aside_ + "/keys/record-log.jwk");
  if (!ending) return fail(ending.error());
  if (!*ending) {
    if (Result<void> back = bring_back(); !back) return back;
    if (missing() > 0 && !options_.accept_loss) {
      return fail(Reason::kBadRequest, Place::kConflict,
                  std::to_string(record_back_.missing) + " entries of the record and " +
                      std::to_string(journal_back_.missing) +
                      " of the journal are missing, revocations perhaps among them; expected a "
                      "newer backup, or a copy of the published logs (--log FOLDER). "
                      "--accept-loss goes on without them: everybody is suspended until resumed");
    }
    if (record_back_.missing > 0) {
      if (Result<void> closed = close_all(); !closed) return closed;
    }
    record_.reset();
    if (Result<void> retired = retire_keys(); !retired) return retired;
  }
  return store::mark_place(*files_, *data_).and_then([&] {
    return store::replace_file(*files_, aside_ + "/done", "");
  });
}

json::Value back_body(const store::BroughtBack& back) {
  return json::Value::object({{"added", static_cast<std::int64_t>(back.added)},
                              {"missing", static_cast<std::int64_t>(back.missing)}});
}

json::Value Restoration::body() const {
  json::Value body = json::Value::object({{"record", back_body(record_back_)},
                                          {"journal", back_body(journal_back_)},
                                          {"set_aside", aside_}});
  if (!identity_.empty()) body.set("identity", identity_);
  return body;
}

std::string Restoration::text() const {
  const auto line = [](std::string_view what, const store::BroughtBack& back) {
    return std::string(what) + ": " + std::to_string(back.added) + " entries were brought back, " +
           std::to_string(back.missing) + " are missing\n";
  };
  std::string text = line("record", record_back_) + line("journal", journal_back_) +
                     "no token from before is accepted; the old keys lie in " + aside_ + "\n";
  if (!identity_.empty()) {
    text += "everybody is suspended; " + identity_ +
            " is the operator who resumes them, after a look at what each may do\n";
  }
  return printable(text);
}

}  // namespace

int restore(const RestoreOptions& options, Format format) {
  Restoration restoration(options);
  if (Result<void> done = restoration.run(); !done) return report(done.error(), format);
  if (format == Format::kJson) {
    print_json(restoration.body());
  } else {
    print(restoration.text());
  }
  return kExitDone;
}

}  // namespace mandate::app
