#include "testing/faulty_file_system.h"

#include <algorithm>
#include <utility>

namespace mandate::test {
namespace {

using store::FileInfo;
using store::folder_of;
using store::OpenMode;

tl::unexpected<Error> refuse(const std::string& operation, const std::string& path,
                             const std::string& why) {
  return fail(Reason::kRecordUnavailable, "cannot " + operation + " \"" + path + "\": " + why);
}

// Bytes up to `bytes.size()`, zeros from there to `size`: room that was made costs nothing here.
struct Content {
  std::string bytes;
  std::uint64_t size = 0;

  void write(std::uint64_t offset, std::string_view part) {
    const std::uint64_t end = offset + part.size();
    if (bytes.size() < end) bytes.resize(end);
    bytes.replace(offset, part.size(), part);
    size = std::max(size, end);
  }
  void cut(std::uint64_t to) {
    bytes.resize(std::min<std::uint64_t>(bytes.size(), to));
    size = to;
  }
  std::string read(std::uint64_t offset, std::size_t count) const {
    if (offset >= size) return {};
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(count, size - offset));
    std::string part = offset < bytes.size() ? bytes.substr(offset, want) : std::string();
    part.resize(want);
    return part;
  }
};

struct Change {
  enum class Kind : std::uint8_t { kWrite, kCut, kMakeRoom } kind = Kind::kWrite;
  std::uint64_t at = 0;  // the offset, or the size
  std::string bytes;

  void apply(Content& content) const {
    switch (kind) {
      case Kind::kWrite: return content.write(at, bytes);
      case Kind::kCut: return content.cut(at);
      case Kind::kMakeRoom: content.size = std::max(content.size, at); return;
    }
  }
};

}  // namespace

struct FaultyFileSystem::Node {
  bool is_directory = false;
  Content content;
  Content durable;
  std::vector<Change> pending;

  void change(Change made, bool is_durable) {
    made.apply(content);
    pending.push_back(std::move(made));
    if (is_durable) settle();
  }
  void settle() {
    for (const Change& each : pending) each.apply(durable);
    pending.clear();
  }
};

class FaultyFile final : public store::File {
 public:
  FaultyFile(FaultyFileSystem& files, std::string path, FaultyFileSystem::NodePointer node)
      : files_(files),
        path_(std::move(path)),
        node_(std::move(node)),
        generation_(files.generation_) {}

  Result<std::string> read(std::uint64_t offset, std::size_t count) override {
    const std::lock_guard lock(files_.mutex_);
    if (is_gone()) return refuse("read", path_, "the machine stands");
    return node_->content.read(offset, count);
  }
  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    return change("write", {Change::Kind::kWrite, offset, std::string(bytes)});
  }
  Result<void> truncate(std::uint64_t size) override {
    return change("truncate", {Change::Kind::kCut, size, {}});
  }
  Result<void> preallocate(std::uint64_t size) override {
    return change("make room in", {Change::Kind::kMakeRoom, size, {}});
  }
  Result<void> sync() override {
    const std::lock_guard lock(files_.mutex_);
    if (is_gone()) return refuse("sync", path_, "the machine stands");
    auto outcome = files_.begin("sync", path_);
    if (!outcome) return fail(outcome.error());
    if (*outcome == FaultyFileSystem::Outcome::kLost) {
      node_->pending.clear();  // marked clean: nobody will write them any more
    } else {
      node_->settle();
    }
    return files_.result_of(*outcome, "sync", path_);
  }
  Result<std::uint64_t> size() override {
    const std::lock_guard lock(files_.mutex_);
    return node_->content.size;
  }

 private:
  bool is_gone() const { return files_.crashed_ || generation_ != files_.generation_; }

  Result<void> change(const char* operation, Change made) {
    const std::lock_guard lock(files_.mutex_);
    if (is_gone()) return refuse(operation, path_, "the machine stands");
    if (made.kind != Change::Kind::kCut && !files_.has_room(*node_, made.at + made.bytes.size())) {
      return refuse(operation, path_, "No space left on device");
    }
    auto outcome = files_.begin(operation, path_);
    if (!outcome) return fail(outcome.error());
    if (*outcome == FaultyFileSystem::Outcome::kLost) {
      if (made.kind != Change::Kind::kWrite || made.bytes.empty()) {
        return files_.result_of(*outcome, operation, path_);
      }
      made.bytes.resize(files_.choice_.below(made.bytes.size()));  // a short write
    }
    node_->change(std::move(made), *outcome == FaultyFileSystem::Outcome::kKept);
    return files_.result_of(*outcome, operation, path_);
  }

  FaultyFileSystem& files_;
  const std::string path_;
  const FaultyFileSystem::NodePointer node_;
  const std::uint64_t generation_;
};

class FaultyLock final : public store::FileLock {
 public:
  FaultyLock(FaultyFileSystem& files, std::string path)
      : files_(files), path_(std::move(path)), generation_(files.generation_) {}
  ~FaultyLock() override {
    const std::lock_guard lock(files_.mutex_);
    if (generation_ == files_.generation_) files_.locks_.erase(path_);
  }

 private:
  FaultyFileSystem& files_;
  const std::string path_;
  const std::uint64_t generation_;
};

FaultyFileSystem::FaultyFileSystem(std::uint64_t seed) : choice_(seed) {
  auto root = std::make_shared<Node>();
  root->is_directory = true;
  names_["/"] = durable_names_["/"] = root;
}
FaultyFileSystem::~FaultyFileSystem() = default;

void FaultyFileSystem::plan(std::uint64_t nth, Fault fault) {
  const std::lock_guard lock(mutex_);
  planned_ = {operations_ + nth, fault};
  met_.clear();
}

void FaultyFileSystem::only_paths_with(std::string text) {
  const std::lock_guard lock(mutex_);
  only_ = std::move(text);
}

std::uint64_t FaultyFileSystem::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

std::string FaultyFileSystem::met() const {
  const std::lock_guard lock(mutex_);
  return met_;
}

void FaultyFileSystem::limit_space(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  space_ = bytes;
}

void FaultyFileSystem::crash() {
  const std::lock_guard lock(mutex_);
  crashed_ = true;
}

void FaultyFileSystem::restart(Power power) {
  const std::lock_guard lock(mutex_);
  if (power == Power::kLost) lose_power();
  crashed_ = false;
  planned_.reset();
  ++generation_;
  locks_.clear();
}

void FaultyFileSystem::overwrite(const std::string& path, std::string bytes) {
  const std::lock_guard lock(mutex_);
  Node& node = *names_.at(path);
  node.pending.clear();
  node.content = {std::move(bytes), 0};
  node.content.size = node.content.bytes.size();
  node.durable = node.content;
}

// --- faults ---

Result<FaultyFileSystem::Outcome> FaultyFileSystem::begin(const std::string& operation,
                                                          const std::string& path) {
  if (crashed_) return refuse(operation, path, "the machine stands");
  if (path.find(only_) == std::string::npos) return Outcome::kDone;
  ++operations_;
  if (!planned_ || planned_->first != operations_) return Outcome::kDone;
  const Fault fault = planned_->second;
  planned_.reset();
  met_ = operation + " " + path;
  switch (fault) {
    case Fault::kFailsAndIsLost: return Outcome::kLost;
    case Fault::kFailsButIsKept: return Outcome::kKept;
    case Fault::kCrash: crashed_ = true; break;
  }
  return refuse(operation, path, "the machine stands");
}

Result<void> FaultyFileSystem::result_of(Outcome outcome, const std::string& operation,
                                         const std::string& path) {
  if (outcome == Outcome::kDone) return {};
  return refuse(operation, path, "Input/output error");
}

bool FaultyFileSystem::has_room(const Node& node, std::uint64_t size) const {
  if (!space_ || size <= node.content.size) return true;
  std::uint64_t all = size - node.content.size;
  for (const auto& [path, each] : names_) all += each->content.size;
  return all <= *space_;
}

void FaultyFileSystem::apply(Names& names, const NameChange& change) {
  if (!change.from.empty()) names.erase(change.from);
  if (change.node) {
    names[change.path] = change.node;
  } else {
    names.erase(change.path);
  }
}

void FaultyFileSystem::change_name(NameChange change, bool is_durable) {
  const std::string folder = folder_of(change.path);
  apply(names_, change);
  pending_names_[folder].push_back(std::move(change));
  if (is_durable) settle_folder(folder);
}

void FaultyFileSystem::settle_folder(const std::string& path) {
  for (const NameChange& change : std::exchange(pending_names_[path], {})) {
    apply(durable_names_, change);
  }
}

// Names change in their order, and some of the last changes are lost. Writes to a file reach the
// disk in any order, or not, or in part.
void FaultyFileSystem::lose_power() {
  const bool is_kind = choice_.below(4) == 0;  // one crash in four loses nothing of what it may
  for (auto& [folder, changes] : pending_names_) {
    const std::size_t kept = is_kind ? changes.size() : choice_.below(changes.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) apply(durable_names_, changes[i]);
  }
  pending_names_.clear();
  names_.clear();
  for (const auto& [path, node] : durable_names_) {
    if (path == "/" || names_.contains(folder_of(path))) names_.emplace(path, node);
  }
  durable_names_ = names_;
  for (const auto& [path, node] : names_) {
    for (Change change : std::exchange(node->pending, {})) {
      const std::uint64_t fate = is_kind ? 0 : choice_.below(3);
      if (fate == 2) continue;
      if (fate == 1 && !change.bytes.empty()) {
        change.bytes.resize(choice_.below(change.bytes.size()));
      }
      change.apply(node->durable);
    }
    node->content = node->durable;
  }
}

// --- the port ---

Result<std::unique_ptr<store::File>> FaultyFileSystem::open(const std::string& path,
                                                            OpenMode mode) {
  const std::lock_guard lock(mutex_);
  if (crashed_) return refuse("open", path, "the machine stands");
  const auto at = names_.find(path);
  const bool exists = at != names_.end();
  if (exists && at->second->is_directory) return refuse("open", path, "Is a directory");
  if (mode == OpenMode::kRead || mode == OpenMode::kWrite) {
    if (!exists) return refuse("open", path, "No such file or directory");
    return std::make_unique<FaultyFile>(*this, path, at->second);
  }
  if (exists && mode == OpenMode::kNew) return refuse("open", path, "File exists");
  if (!names_.contains(folder_of(path))) {
    return refuse("open", path, "No such file or directory");
  }
  auto outcome = begin("make", path);
  if (!outcome) return fail(outcome.error());
  if (*outcome != Outcome::kLost) {
    const bool is_durable = *outcome == Outcome::kKept;
    if (exists) {
      at->second->change({Change::Kind::kCut, 0, {}}, is_durable);
    } else {
      change_name({path, std::make_shared<Node>(), {}}, is_durable);
    }
  }
  if (auto ok = result_of(*outcome, "make", path); !ok) return fail(ok.error());
  return std::make_unique<FaultyFile>(*this, path, names_.at(path));
}

Result<std::optional<FileInfo>> FaultyFileSystem::info(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (crashed_) return refuse("look at", path, "the machine stands");
  const auto at = names_.find(path);
  if (at == names_.end()) return std::nullopt;
  return FileInfo{at->second->is_directory, at->second->content.size,
                  at->second->is_directory ? 0700U : 0600U,
                  std::hash<const Node*>()(at->second.get())};
}

Result<void> FaultyFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  auto outcome = begin("rename", to);
  if (!outcome) return fail(outcome.error());
  const auto at = names_.find(from);
  if (at == names_.end()) return refuse("rename", from, "No such file or directory");
  if (*outcome != Outcome::kLost) {
    change_name({to, at->second, from}, *outcome == Outcome::kKept);
  }
  return result_of(*outcome, "rename", to);
}

Result<void> FaultyFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  auto outcome = begin("remove", path);
  if (!outcome) return fail(outcome.error());
  if (!names_.contains(path)) return result_of(*outcome, "remove", path);
  const bool has_names = std::ranges::any_of(
      names_, [&](const auto& each) { return each.first != "/" && folder_of(each.first) == path; });
  if (has_names) return refuse("remove", path, "Directory not empty");
  if (*outcome != Outcome::kLost) change_name({path, nullptr, {}}, *outcome == Outcome::kKept);
  return result_of(*outcome, "remove", path);
}

Result<void> FaultyFileSystem::make_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (crashed_) return refuse("make the folder", path, "the machine stands");
  if (const auto at = names_.find(path); at != names_.end()) {
    if (at->second->is_directory) return {};
    return refuse("make the folder", path, "File exists");
  }
  if (!names_.contains(folder_of(path))) {
    return refuse("make the folder", path, "No such file or directory");
  }
  auto outcome = begin("make the folder", path);
  if (!outcome) return fail(outcome.error());
  auto node = std::make_shared<Node>();
  node->is_directory = true;
  if (*outcome != Outcome::kLost) change_name({path, node, {}}, *outcome == Outcome::kKept);
  return result_of(*outcome, "make the folder", path);
}

Result<std::vector<std::string>> FaultyFileSystem::list(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (crashed_) return refuse("list", path, "the machine stands");
  const auto at = names_.find(path);
  if (at == names_.end() || !at->second->is_directory) {
    return refuse("list", path, "No such file or directory");
  }
  std::vector<std::string> names;
  for (const auto& [each, node] : names_) {
    if (each != "/" && folder_of(each) == path) names.push_back(each.substr(each.rfind('/') + 1));
  }
  return names;
}

Result<void> FaultyFileSystem::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  auto outcome = begin("sync the folder", path);
  if (!outcome) return fail(outcome.error());
  if (!names_.contains(path)) return refuse("sync the folder", path, "No such file or directory");
  if (*outcome != Outcome::kLost) settle_folder(path);
  return result_of(*outcome, "sync the folder", path);
}

Result<void> FaultyFileSystem::sync_all(const std::string& path) {
  const std::lock_guard lock(mutex_);
  auto outcome = begin("sync the files around", path);
  if (!outcome) return fail(outcome.error());
  for (const auto& [each, node] : names_) {
    if (*outcome == Outcome::kLost) {
      node->pending.clear();
    } else {
      node->settle();
      settle_folder(each);
    }
  }
  return result_of(*outcome, "sync the files around", path);
}

Result<std::unique_ptr<store::FileLock>> FaultyFileSystem::lock(const std::string& path,
                                                                std::string_view holder) {
  {
    const std::lock_guard guard(mutex_);
    if (locks_.contains(path)) {
      return fail(Reason::kBadRequest, Place::kConflict,
                  "\"" + path + "\" is locked by " + names_.at(path)->content.bytes);
    }
  }
  auto file = open(path, OpenMode::kReplace);
  if (!file) return fail(file.error());
  if (auto ok = (*file)->write(0, holder); !ok) return fail(ok.error());
  const std::lock_guard guard(mutex_);
  locks_.insert(path);
  return std::make_unique<FaultyLock>(*this, path);
}

}  // namespace mandate::test
