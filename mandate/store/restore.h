// Brings logs up to what is known of them, after a backup was restored. Entries that the backup
// lacks and a copy of the published logs holds are put back; each is checked against a signed root
// before anything is written. What nobody has is counted, never made up.
//
//   Result<BroughtBack> back = restore_record(record, PosixFolder("/mirror/log"), key, {told});
//   back->missing   // entries that a checkpoint was signed for, and that are gone
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/ledger/note.h"
#include "mandate/store/audit/folder.h"
#include "mandate/store/file_system.h"
#include "mandate/store/sqlite_record.h"

namespace mandate::store {

struct BroughtBack {
  std::uint64_t had = 0;      // entries before
  std::uint64_t added = 0;    // from the copy
  std::uint64_t missing = 0;  // that a checkpoint was signed for
};

// `copy` is a folder like DIR/log, or an empty one. `told` are checkpoints of the record's log,
// their signatures checked; the copy's own is checked here, by `key`. `bad_request`
// (Place::kConflict) where the record or the copy leads to another root than one of them was signed
// for: then nothing was written.
Result<BroughtBack> restore_record(SqliteRecord& record, const audit::Folder& copy,
                                   const ledger::NoteVerifier& key,
                                   std::vector<ledger::Checkpoint> told);

// The same of the journal's segments in `folder`, summed over its logs. Nobody may have it open.
Result<BroughtBack> restore_journal(FileSystem& files, const std::string& folder,
                                    const audit::Folder& copy, std::string_view host,
                                    const crypto::PublicKey& key);

// Whether the record is the one that this checkpoint was signed for, and at least as long.
// `bad_request` (Place::kConflict) says what it is instead.
Result<void> check_against(SqliteRecord& record, const ledger::Checkpoint& told);

}  // namespace mandate::store
