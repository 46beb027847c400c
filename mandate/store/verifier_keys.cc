#include "mandate/store/verifier_keys.h"

#include <utility>

#include "mandate/ledger/note.h"
#include "mandate/store/data_directory.h"
#include "mandate/store/key_files.h"
#include "mandate/store/log_entries.h"

namespace mandate::store {
namespace {

Result<std::string> published_host(FileSystem& files, const std::string& data_path) {
  const std::string path = data_path + "/log/record/checkpoint";
  Result<std::string> note = read_file(files, path, ledger::kNoteBytesMax);
  if (!note) return fail(note.error());
  const std::string origin = note->substr(0, note->find('\n'));
  const std::string suffix = record_log_origin("");
  if (origin.ends_with(suffix)) return origin.substr(0, origin.size() - suffix.size());
  return fail(Reason::kBadRequest, "\"" + path + "\" is no checkpoint of a record's log");
}

}  // namespace

Result<std::vector<std::string>> verifier_keys(FileSystem& files, const std::string& data_path) {
  Result<LogPublicKeys> keys = load_log_keys(files, DataDirectory::keys_folder(data_path));
  if (!keys) return fail(keys.error());
  Result<std::string> host = published_host(files, data_path);
  if (!host) return fail(host.error());
  Result<std::vector<std::string>> logs = files.list(data_path + "/log/journal");
  if (!logs) return fail(logs.error());

  std::vector<std::pair<std::string, const crypto::PublicKey*>> named = {
      {record_log_origin(*host), &keys->record_log}};
  for (const std::string& log : *logs) {
    const std::optional<std::uint32_t> number = parse_log_number(log);
    if (number) named.emplace_back(journal_log_origin(*host, *number), &keys->journal_log);
  }
  named.emplace_back(receipt_key_name(*host), &keys->receipt);

  std::vector<std::string> lines;
  for (const auto& [name, key] : named) {
    Result<ledger::NoteVerifier> verifier = ledger::NoteVerifier::make(name, *key);
    if (!verifier) return fail(verifier.error());
    lines.push_back(verifier->text());
  }
  return lines;
}

}  // namespace mandate::store
