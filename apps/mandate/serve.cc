// The composition root: how a server comes up, and how it ends.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "apps/mandate/documents.h"
#include "apps/mandate/identity.h"
#include "apps/mandate/output.h"
#include "apps/mandate/running.h"
#include "mandate/base/bytes.h"
#include "mandate/record/command.h"
#include "mandate/service/bootstrap.h"
#include "mandate/service/document_check.h"
#include "mandate/service/key_cache.h"
#include "mandate/store/log_entries.h"
#include "mandate/store/restore.h"
#include "mandate/store/snapshot_file.h"
#include "mandate/store/verifier_keys.h"

namespace mandate::app {
namespace {

// A clock that goes back further answers nothing: what ended could be taken for live.
constexpr Seconds kClockBackMax{60};
// Files of our own beside the connections: the record, the journal, tiles, logs.
constexpr std::uint64_t kOwnFiles = 96;
constexpr std::uint64_t kConnectionsMin = 32;

// Of this thread alone, as Linux has it; where it is refused the work is done all the same.
void lower_priority() { (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 10); }

}  // namespace

Running::Running(const ServeOptions& options)
    : options_(options),
      addresses_({.per_second = options.requests_per_address}),
      log_(make_log(options.log_level, options.log_format)),
      log_all_(options.log_access == "all"),
      log_refused_(options.log_access != "none"),
      files_(store::posix_file_system()) {}

Result<void> Running::open_data() {
  Result<SystemTimeZones> zones = SystemTimeZones::load();
  if (!zones) return fail(zones.error());
  zones_.emplace(*std::move(zones));
  Result<store::DataDirectory> data = store::DataDirectory::open(
      *files_, std::filesystem::absolute(options_.data).lexically_normal().string(),
      "pid " + std::to_string(::getpid()));
  if (!data) return fail(data.error());
  data_.emplace(*std::move(data));
  Result<store::KeyFiles> keys = store::load_or_make_keys(*files_, data_->keys_folder(), random_);
  if (!keys) return fail(keys.error());
  keys_.emplace(*std::move(keys));
  run_ = encode_base64url(random_.bytes(12));
  return {};
}

// The issuer is this server's name for ever: what is on record and in tokens names it.
Result<void> Running::choose_issuer(const std::string& default_issuer) {
  const std::string path = data_->path() + "/issuer";
  Result<std::optional<store::FileInfo>> known = files_->info(path);
  if (!known) return fail(known.error());
  std::string stored;
  if (*known) {
    Result<std::string> text = store::read_file(*files_, path, limits::kIdBytesMax);
    if (!text) return fail(text.error());
    stored = *text;
  }
  issuer_ = !options_.issuer.empty() ? options_.issuer : !stored.empty() ? stored : default_issuer;
  if (issuer_.empty()) {
    return fail(Reason::kBadRequest,
                "a server without a TCP address has no name of its own; expected --issuer");
  }
  if (!stored.empty() && stored != issuer_) {
    return fail(Reason::kBadRequest,
                data_->path() + " belongs to issuer " + mandate::quoted(stored) + ", not " +
                    mandate::quoted(issuer_) + "; expected the same --issuer, or another --data");
  }
  Result<ResourceId> id = ResourceId::parse(issuer_);
  const std::size_t authority = issuer_.find("://");
  if (!id || id->text() != issuer_ || issuer_.find('/', authority + 3) != std::string::npos) {
    return fail(Reason::kBadRequest, "--issuer " + mandate::quoted(issuer_) +
                                         "; expected http(s)://host[:port] without path, query "
                                         "or final slash");
  }
  host_ = issuer_.substr(authority + 3);
  return stored.empty() ? store::replace_file(*files_, path, issuer_) : Result<void>();
}

// As many descriptors as the system lets us have, so that connections never take the last one.
Result<void> Running::make_room_for_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  const rlimit wanted{limit.rlim_max, limit.rlim_max};
  if (limit.rlim_cur < limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
  if (limit.rlim_cur < kOwnFiles + kConnectionsMin) {
    return fail(Reason::kRecordUnavailable,
                "this process may have " + std::to_string(limit.rlim_cur) +
                    " open files; expected at least " +
                    std::to_string(kOwnFiles + kConnectionsMin) +
                    " (ulimit -n, or LimitNOFILE= of the systemd unit)");
  }
  const auto most = static_cast<std::int64_t>(
      std::min<std::uint64_t>(limit.rlim_cur - kOwnFiles, std::uint64_t{1} << 30));
  if (options_.connections <= most) return {};
  log_->write(LogLevel::kWarning, "fewer connections than configured",
              {{"connections", std::to_string(most)},
               {"why", "each takes an open file; raise ulimit -n, or LimitNOFILE="}});
  options_.connections = most;
  return {};
}

void Running::bound(http::ServerOptions& server) {
  server.connections_max = static_cast<std::size_t>(options_.connections);
  server.connections_per_address_max = static_cast<std::size_t>(options_.connections_per_address);
  server.waiting_max = static_cast<std::size_t>(options_.waiting);
  server.body_bytes_max_at = http::body_bytes_max;
  server.may_wait = http::may_wait;
  server.admit = [this](const Peer& peer, std::string_view target) {
    return http::is_decision(target) || !peer.address ||
           addresses_.take(peer.address->text(), clock_.now());
  };
  server.refused = [this](Reason reason, std::optional<http::Excess> excess) {
    metrics_.refused(reason);
    if (excess) metrics_.exceeded(*excess);
    if (ready_.load(std::memory_order_acquire) != nullptr) service_->count_refusal(reason);
  };
}

Result<void> Running::listen() {
  if (Result<void> room = make_room_for_files(); !room) return room;
  http::ServerOptions server;
  server.listen.clear();
  for (const std::string& text : options_.listen) {
    Result<http::ListenAddress> address = http::ListenAddress::parse(text);
    if (!address) return fail(address.error());
    server.listen.push_back(*std::move(address));
  }
  if (!options_.tls_certificate.empty()) {
    Result<std::unique_ptr<TlsFiles>> tls = TlsFiles::open(options_, clock_);
    if (!tls) return fail(tls.error());
    tls_ = *std::move(tls);
    server.tls = [this] { return tls_->server().context(); };
  }
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  server.threads = static_cast<int>(options_.threads > 0 ? options_.threads : cores);
  bound(server);
  Result<std::unique_ptr<http::Server>> started = http::Server::start(
      server, [this](const http::Request& request, std::function<void(http::Response)> respond) {
        answer(request, std::move(respond));
      });
  if (!started) return fail(started.error());
  server_ = *std::move(started);
  for (http::ListenAddress& address : server.listen) {
    if (address.is_unix()) continue;
    address.port = server_->port();
    return choose_issuer((tls_ ? "https://" : "http://") + address.text());
  }
  return choose_issuer("");
}

bool Running::clock_went_back() const { return clock_.behind() > kClockBackMax; }

// The record knows a time that has been.
Result<void> Running::check_clock() {
  const std::uint64_t head = record_->frontier().size();
  if (head == 0) return {};
  Result<std::vector<std::string>> last = record_->read(head - 1, 1);
  if (!last) return fail(last.error());
  Result<record::Event> event = record::parse_event(last->front());
  if (!event) return fail(event.error());
  if (event->time <= clock_.now() + kClockBackMax) {
    clock_.not_before(event->time);
    return {};
  }
  if (options_.accept_clock) return {};
  return fail(Reason::kStateTooOld,
              "the clock says " + format_rfc3339(clock_.now()) +
                  ", and the record's last entry is of " + format_rfc3339(event->time) +
                  "; set the clock, or start with --accept-clock where that entry's was wrong");
}

// A record that was restored may have forgotten revocations.
Result<void> Running::check_record() {
  if (record_->frontier().size() == 0) {
    if (Result<void> marked = store::mark_place(*files_, *data_); !marked) return marked;
  } else if (Result<void> here = store::check_place(*files_, *data_); !here) {
    return here;
  }
  if (options_.against.empty()) return {};
  Result<std::string> note = read_file(options_.against, ledger::kNoteBytesMax);
  if (!note) return fail(note.error());
  return ledger::NoteVerifier::make(store::record_log_origin(host_), keys_->record_log.public_key())
      .and_then(
          [&](const ledger::NoteVerifier& key) { return ledger::open_checkpoint(*note, key); })
      .and_then(
          [&](const ledger::Checkpoint& told) { return store::check_against(*record_, told); });
}

Result<void> Running::open_record() {
  Result<std::unique_ptr<store::SqliteRecord>> record =
      store::SqliteRecord::open({.path = data_->record_path(), .vfs = {}});
  if (!record) return fail(record.error());
  record_ = *std::move(record);
  if (Result<void> ours = check_record(); !ours) return ours;
  if (Result<void> late = check_clock(); !late) return late;
  auto last = clock_.now();
  const service::Progress progress = [&](record::Revision done, record::Revision head) {
    if (clock_.now() - last < Seconds(1)) return;
    last = clock_.now();
    log_->write(LogLevel::kInfo, "reading the record",
                {{"done", std::to_string(done)}, {"of", std::to_string(head)}});
  };
  Result<std::unique_ptr<store::SnapshotFile>> snapshot =
      store::open_snapshot(*files_, data_->snapshot_path());
  if (!snapshot) return fail(snapshot.error());
  if (!*snapshot) return service::load(*record_, state_, progress);
  Result<bool> used = service::load(*record_, state_, **snapshot, progress);
  if (!used) return fail(used.error());
  if (*used) snapshot_at_ = state_.applied();
  return {};
}

Result<void> Running::open_journal() {
  const Instant now = clock_.now();
  Result<std::unique_ptr<store::SegmentJournal>> journal = store::SegmentJournal::open(
      {.files = *files_,
       .clock = clock_,
       .folder = data_->journal_folder(),
       .host = host_,
       .run = run_,
       .replay = [&](std::string_view entry) { uses_.remember(entry, now); },
       .published =
           [&](std::uint32_t log) {
             return store::published_size(*files_, data_->log_folder(), host_,
                                          keys_->journal_log.public_key(), log);
           }});
  if (!journal) return fail(journal.error());
  journal_ = *std::move(journal);
  Result<std::unique_ptr<store::PublishedLogs>> logs = store::PublishedLogs::open(
      {.files = *files_,
       .log = *log_,
       .folder = data_->log_folder(),
       .host = host_,
       .record_key = keys_->record_log,
       .journal_key = keys_->journal_log,
       .record = {.frontier = [this]() -> Result<ledger::Frontier> { return record_->frontier(); },
                  .read = [this](std::uint64_t from,
                                 std::size_t max) { return record_->read(from, max); }},
       .journal = *journal_});
  if (!logs) return fail(logs.error());
  logs_ = *std::move(logs);
  finder_.emplace(*journal_, *logs_);
  return {};
}

Result<record::Revision> Running::run_command(std::string by, service::Sequencer::Command command) {
  std::promise<Result<service::Committed>> answer;
  sequencer_->submit(std::move(by), std::move(command),
                     [&](Result<service::Committed> done) { answer.set_value(std::move(done)); });
  return answer.get_future().get().map(
      [](const service::Committed& committed) { return committed.revision; });
}

Result<void> Running::apply_now(const Document& document, std::string by) {
  if (Result<void> fits = service::check_document(document, issuer_, *zones_); !fits) return fits;
  Result<record::Revision> done =
      run_command(std::move(by), [&](const record::View& view, Instant now) {
        return record::plan_apply(
            view, document,
            {.prune = false, .name_authenticator = service::authenticator_id, .keep = {}}, now);
      });
  if (!done) return fail(done.error());
  return {};
}

Result<void> Running::bootstrap() {
  if (state_.view().revision() > 0) return {};
  const std::string path = data_->operator_path();
  Result<std::optional<store::FileInfo>> known = files_->info(path);
  if (!known) return fail(known.error());
  if (!*known) {
    Result<crypto::PrivateKey> key = crypto::PrivateKey::generate(crypto::KeyType::kP256);
    if (!key) return fail(key.error());
    const Identity made{PrincipalId::parse(service::kOperatorId).value(), *std::move(key)};
    if (Result<void> written = write_identity(path, made); !written) return written;
    if (Result<void> named = files_->sync_directory(data_->path()); !named) return named;
  }
  // Also after a crash between the two: the file that was handed out stays the operator's.
  Result<Identity> identity = read_identity(path);
  if (!identity) return fail(identity.error());
  Result<Document> document =
      service::bootstrap_document(issuer_, identity->key.public_key().to_jwk());
  if (!document) return fail(document.error());
  return apply_now(*document, "bootstrap");
}

Result<void> Running::apply_documents() {
  for (const std::string& file : options_.documents) {
    Result<json::Value> value = read_document(file);
    if (!value) return fail(value.error());
    Result<Document> document = Document::parse(*value);
    if (!document) return fail(document.error());
    if (Result<void> applied = apply_now(*document, "serve --apply"); !applied) {
      return fail(applied.error().reason, file + ": " + applied.error().detail);
    }
  }
  return {};
}

std::optional<std::string> Running::read_log(std::string_view path) {
  if (path == "keys") {
    Result<std::vector<std::string>> lines = store::verifier_keys(*files_, data_->path());
    if (!lines) return std::nullopt;
    std::string text;
    for (const std::string& line : *lines) text += line + "\n";
    return text;
  }
  const std::size_t rest = path.starts_with("journal/") ? path.find('/', 8) : path.find('/');
  if (rest == std::string_view::npos) return std::nullopt;
  const std::string_view log = path.substr(0, rest);
  const std::string_view file = path.substr(rest + 1);
  Result<std::string> bytes =
      file == "checkpoint" ? logs_->read_checkpoint(log) : logs_->read_tile(log, file);
  if (!bytes) return std::nullopt;
  return *std::move(bytes);
}

std::string Running::health() const {
  if (sequencer_->closed()) return "the record cannot be written; see the log, then restart";
  if (journal_->closed()) return "the journal cannot be written; see the log, then restart";
  if (logs_->trouble()) return "the logs cannot be published; see the log";
  if (clock_went_back()) {
    return "the clock went back by " +
           format_duration(std::chrono::floor<Seconds>(clock_.behind())) +
           "; set it right, or restart";
  }
  return "";
}

// Once each, and here alone: paths and the system's errors are nobody else's matter.
void Running::say_closed() {
  const auto say = [this](bool& said, std::string_view what, const Error& why) {
    if (said) return;
    said = true;
    log_->write(LogLevel::kError, what, {{"why", why.detail}});
  };
  if (std::optional<Error> why = journal_->closed()) {
    say(said_journal_, "the journal cannot be written", *why);
  }
  if (!sequencer_->closed()) return;
  // A closed sequencer answers at once, with what closed it.
  Result<record::Revision> refused =
      run_command("health", [](const record::View&, Instant) { return record::Plan(); });
  if (!refused) say(said_record_, "the record cannot be written", refused.error());
}

// Refusals of strangers are counted, and written once a second; so is why the server closed.
void Running::tick() {
  std::future<void> stopping = stopping_.get_future();
  ticker_ = std::thread([this, stopping = std::move(stopping)] {
    while (stopping.wait_for(std::chrono::seconds(1)) == std::future_status::timeout) {
      service_->flush_counts();
      take_snapshot();
      say_closed();
      const std::lock_guard lock(tls_mutex_);
      if (tls_) tls_->look(*log_);
    }
  });
}

Result<void> Running::prepare_keys() {
  key_source_.emplace(*files_, data_->keys_folder());
  Result<void> settled = settle_keys(
      *files_, data_->keys_folder(), *keys_, [this] { return state_.view(); }, clock_.now(),
      [this](service::Sequencer::Command command) {
        return run_command("start", std::move(command)).map([](record::Revision) {});
      });
  if (!settled) return settled;
  Result<ledger::NoteSigner> receipts =
      ledger::NoteSigner::make(host_ + "/receipt", keys_->receipt);
  if (!receipts) return fail(receipts.error());
  signing_keys_.emplace(service::SigningKeys{.es256 = keys_->es256,
                                             .rs256 = keys_->rs256,
                                             .receipt = *std::move(receipts),
                                             .nonce_run_key = random_.bytes(32)});
  return {};
}

Result<void> Running::start() {
  Result<void> step = open_data();
  if (step) step = listen_for_operators();
  if (step) step = listen();
  if (step) step = open_record();
  if (step) step = open_journal();
  if (!step) return step;
  sequencer_ = std::make_unique<service::Sequencer>(*record_, state_, clock_);
  step = bootstrap();
  if (step) step = prepare_keys();
  if (step) step = apply_documents();
  if (!step) return step;
  service_ = std::make_unique<service::Service>(
      service::Dependencies{.issuer = issuer_,
                            .run_started = clock_.now(),
                            .state = state_,
                            .sequencer = *sequencer_,
                            .journal = *journal_,
                            .uses = uses_,
                            .journal_reader = *finder_,
                            .clock = clock_,
                            .random = random_,
                            .zones = *zones_,
                            .keys = *signing_keys_,
                            .key_source = *key_source_,
                            .log = *log_,
                            .counters = metrics_,
                            .requests_per_second_max = options_.requests_per_client,
                            .begin_background = lower_priority});
  routes_ = std::make_unique<http::Routes>(
      *service_,
      http::RoutesOptions{.issuer = issuer_,
                          .read_log = [this](std::string_view path) { return read_log(path); },
                          .health = [this] { return health(); }});
  ready_.store(routes_.get(), std::memory_order_release);
  tick();
  log_->write(
      LogLevel::kInfo, "started",
      {{"issuer", issuer_}, {"run", run_}, {"revision", std::to_string(state_.view().revision())}});
  return {};
}

// On the ticker's thread; commands and decisions go on meanwhile.
void Running::take_snapshot() {
  const record::Revision now = state_.view().revision();
  if (sequencer_->closed() ||
      now < snapshot_at_ + static_cast<record::Revision>(options_.snapshot_every))
    return;
  snapshot_at_ = now;  // also where it fails: the next try is as far away
  Result<service::Sequencer::Command> taken =
      service::take_snapshot(state_, [this](record::Revision, std::string_view bytes) {
        return store::write_snapshot(*files_, data_->snapshot_path(), bytes).map([](const Digest&) {
        });
      });
  const Result<record::Revision> named =
      taken ? run_command("snapshot", *std::move(taken)) : fail(taken.error());
  if (!named) {
    log_->write(LogLevel::kWarning, "no snapshot was taken", {{"why", named.error().detail}});
  }
}

void Running::stop() {
  if (ticker_.joinable()) log_->write(LogLevel::kInfo, "stopping", {});
  if (operator_server_) operator_server_->stop();
  if (server_) server_->stop();
  ready_.store(nullptr, std::memory_order_release);
  if (ticker_.joinable()) {
    stopping_.set_value();
    ticker_.join();
    service_->flush_counts();
    take_snapshot();
    say_closed();
  }
  // A slow disk may still hold answers; they use the server and the service, which stand until
  // here. The sequencer first: what it answers may be journalled.
  if (sequencer_) sequencer_->stop();
  if (service_) service_->stop();
  if (journal_) journal_->stop();
}

void Running::reload(const Configured& configured) {
  for (const std::string& error : configured.errors) {
    log_->write(LogLevel::kError, "not reloaded", {{"why", error}});
  }
  if (!configured.errors.empty()) return;
  if (tls_ && !configured.options.tls_certificate.empty()) {
    const std::lock_guard lock(tls_mutex_);
    if (Result<void> used = tls_->use(configured.options); !used) {
      return log_->write(LogLevel::kError, "not reloaded", {{"why", used.error().detail}});
    }
  }
  const Reloaded reloaded = take_reloadable(configured.options, options_);
  log_->set_level(options_.log_level);
  log_all_ = options_.log_access == "all";
  log_refused_ = options_.log_access != "none";
  const auto listed = [](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
  };
  log_->write(LogLevel::kInfo, "reloaded", {{"changed", listed(reloaded.changed)}});
  if (reloaded.need_restart.empty()) return;
  log_->write(LogLevel::kWarning, "restart needed",
              {{"settings", listed(reloaded.need_restart)},
               {"why", "these settings changed, and are read at start only"}});
}

}  // namespace mandate::app
