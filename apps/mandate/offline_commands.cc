// Commands on a data folder itself, for whoever owns it: a copy, and a new operator.
#include <unistd.h>

#include <filesystem>
#include <future>
#include <optional>

#include "apps/mandate/commands.h"
#include "apps/mandate/identity.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/base/system_clock.h"
#include "mandate/service/operator_replacement.h"
#include "mandate/service/sequencer.h"
#include "mandate/store/backup.h"
#include "mandate/store/data_directory.h"
#include "mandate/store/sqlite_record.h"

namespace mandate::app {
namespace {

std::string absolute(const std::string& path) {
  std::string text = std::filesystem::absolute(path).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

// A server's folder while no server runs on it.
struct Offline {
  std::unique_ptr<store::FileSystem> files;
  std::optional<store::DataDirectory> data;
  std::string issuer;
  std::unique_ptr<store::SqliteRecord> record;
  record::State state;
};

Result<void> open_offline(Offline& offline, const std::string& path) {
  offline.files = store::posix_file_system();
  Result<std::optional<store::FileInfo>> record = offline.files->info(path + "/record.db");
  if (!record) return fail(record.error());
  if (!*record) {
    return fail(Reason::kBadRequest,
                mandate::quoted(path) + " has no record.db; expected the data folder of a server");
  }
  Result<store::DataDirectory> data =
      store::DataDirectory::open(*offline.files, path, "pid " + std::to_string(::getpid()));
  if (!data) return fail(data.error());
  offline.data.emplace(*std::move(data));
  // On a copy it would be another server's past.
  if (Result<void> here = store::check_place(*offline.files, *offline.data); !here) return here;
  Result<std::string> issuer =
      store::read_file(*offline.files, path + "/issuer", limits::kIdBytesMax);
  if (!issuer) return fail(issuer.error());
  offline.issuer = *std::move(issuer);
  Result<std::unique_ptr<store::SqliteRecord>> opened =
      store::SqliteRecord::open({.path = offline.data->record_path(), .vfs = {}});
  if (!opened) return fail(opened.error());
  offline.record = *std::move(opened);
  return service::load(*offline.record, offline.state, {});
}

Result<void> run_offline(Offline& offline, service::Sequencer::Command command) {
  const SystemClock clock;
  service::Sequencer sequencer(*offline.record, offline.state, clock);
  std::promise<Result<service::Committed>> answer;
  sequencer.submit("operator replace", std::move(command),
                   [&](Result<service::Committed> done) { answer.set_value(std::move(done)); });
  return answer.get_future().get().map([](const service::Committed&) {});
}

}  // namespace

int backup(const BackupOptions& options, Format format) {
  auto files = store::posix_file_system();
  const std::string data = absolute(options.data);
  Result<store::Backup> made = store::back_up(*files, data, absolute(options.out));
  if (!made) return report(made.error(), format);
  if (!options.keys_out.empty()) {
    Result<void> keys = store::back_up_keys(*files, data, absolute(options.keys_out));
    if (!keys) return report(keys.error(), format);
  }
  if (format == Format::kJson) {
    print_json(json::Value::object({{"checkpoint", made->checkpoint},
                                    {"revision", static_cast<std::int64_t>(made->revision)},
                                    {"journal_logs", static_cast<std::int64_t>(made->journal_logs)},
                                    {"bytes", static_cast<std::int64_t>(made->bytes)}}));
    return kExitDone;
  }
  note("copied revision " + std::to_string(made->revision) + " and " +
       std::to_string(made->journal_logs) + " logs of the journal, " + std::to_string(made->bytes) +
       " bytes");
  if (options.keys_out.empty()) note("the private keys are not in it; --keys copies them");
  note("keep this checkpoint elsewhere; a restore is told by it how far the record had come");
  print(made->checkpoint);
  return kExitDone;
}

int replace_operator(const OperatorOptions& options, Format format) {
  Offline offline;
  if (Result<void> opened = open_offline(offline, absolute(options.data)); !opened) {
    return report(opened.error(), format);
  }
  const std::string out =
      options.out.empty() ? offline.data->path() + "/operator-new.json" : absolute(options.out);
  Result<crypto::PrivateKey> key = crypto::PrivateKey::generate(crypto::KeyType::kP256);
  if (!key) return report(key.error(), format);
  const service::OperatorNames names = service::living_operator(offline.state.view());
  const Identity identity{PrincipalId::parse(names.principal).value(), *key};
  // The file first: an operator on record whose key nobody has helps nobody.
  if (Result<void> kept = write_identity(out, identity); !kept) {
    return report(kept.error(), format);
  }
  Result<void> replaced = run_offline(offline, [&](const record::View& view, Instant now) {
    return service::plan_operator(view, offline.issuer, names, key->public_key().to_jwk(), now);
  });
  if (!replaced) {
    (void)offline.files->remove(out);
    return report(replaced.error(), format);
  }
  if (format == Format::kJson) {
    print_json(json::Value::object({{"principal", names.principal}, {"identity", out}}));
  } else {
    note("start the server, then look at what the old key did: `mandate audit export`");
    print(names.principal + " has a new key in " + (options.out.empty() ? out : options.out) +
          "; its old ones are revoked\n");
  }
  return kExitDone;
}

}  // namespace mandate::app
