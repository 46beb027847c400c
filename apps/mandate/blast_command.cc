// `mandate blast`: what one identity reaches, or who reaches it, over inventories in files.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "apps/mandate/commands.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/observe/inventory/inventory.h"
#include "mandate/report/blast_view.h"

namespace mandate::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeadBytes = 64 << 10;

// Files, and those below folders, in the order of their names.
Result<std::vector<std::string>> files_of(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> below;
    for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
         at.increment(error)) {
      if (at->is_regular_file(error)) below.push_back(at->path().string());
    }
    if (error) {
      return fail(Reason::kRecordUnavailable,
                  "cannot read the folder " + mandate::quoted(path) + ": " + error.message());
    }
    std::sort(below.begin(), below.end());
    files.insert(files.end(), below.begin(), below.end());
  }
  return files;
}

Result<std::string> text_of(const std::string& file) {
  std::error_code error;
  std::uintmax_t size = fs::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) return fail(Reason::kRecordUnavailable, "cannot read " + mandate::quoted(file));
  if (size > limits::kDocumentBytesMax) {
    return fail(Reason::kLimitExceeded, mandate::quoted(file) + " has " + std::to_string(size) +
                                            " bytes; expected at most " +
                                            std::to_string(limits::kDocumentBytesMax));
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// By its whole id, or else by the end of it, where that is one's alone.
Result<std::vector<graph::Node>> nodes_of(const graph::Graph& graph, const std::string& what) {
  std::vector<graph::Node> found = graph.find(what);
  if (!found.empty()) return found;
  for (graph::Node node = 0; node < graph.node_count(); ++node) {
    std::string_view id = graph.id(node);
    if (!id.ends_with(what) || id.size() == what.size()) continue;
    char before = id[id.size() - what.size() - 1];
    if (before == '/' || before == ':') found.push_back(node);
  }
  if (found.size() == 1) return found;
  if (found.empty()) {
    return fail(Reason::kBadRequest, Place::kPath,
                "nothing in these files is named " + mandate::quoted(what));
  }
  std::string names;
  for (std::size_t i = 0; i < found.size() && i < 5; ++i) {
    names += (i > 0 ? ", " : "") + mandate::quoted(graph.id(found[i]));
  }
  return fail(Reason::kBadRequest, mandate::quoted(what) + " is the end of " +
                                       std::to_string(found.size()) + " ids, " + names +
                                       "; expected the whole id of one");
}

}  // namespace

int blast(const BlastOptions& options, Format format) {
  std::optional<graph::Evidence> evidence = graph::parse_evidence(options.evidence);
  if (!evidence) {
    return report({Reason::kBadRequest, Place::kRequest,
                   "--evidence " + mandate::quoted(options.evidence) +
                       "; expected granted, possible or observed, with commas between"},
                  format);
  }
  Result<std::vector<std::string>> files = files_of(options.paths);
  if (!files) return report(files.error(), format);
  observe::Inventories inventories;
  std::size_t others = 0;
  for (const std::string& file : *files) {
    Result<std::string> text = text_of(file);
    if (!text) return report(text.error(), format);
    if (observe::Inventories::recognises(std::string_view(*text).substr(0, kHeadBytes))) {
      inventories.add(file, *text);
    } else {
      ++others;
    }
  }
  observe::InventoryReport read = std::move(inventories).finish();
  if (others > 0) note(std::to_string(others) + " files hold no inventory that is known");
  for (const observe::InventorySkipped& skipped : read.skipped) {
    note(skipped.where.file + ":" + std::to_string(skipped.where.line) + ": " + skipped.reason);
  }
  Result<std::vector<graph::Node>> from = nodes_of(read.graph, options.what);
  if (!from) return report(from.error(), format);
  graph::Direction direction =
      options.backward ? graph::Direction::kBackward : graph::Direction::kForward;
  graph::Blast reached = read.graph.blast(*from, direction, *evidence);
  report::BlastView view{read.graph, reached, read.edges, *evidence};
  switch (format) {
    case Format::kOcsf:
    case Format::kSarif:
    case Format::kHtml:
      return report({Reason::kBadRequest, Place::kRequest,
                     "a blast radius has no such form; expected text, json, dot or graphml"},
                    format);
    case Format::kText: print(report::blast_text(view)); break;
    case Format::kJson:
    case Format::kNdjson: print_json(report::blast_json(view)); break;
    case Format::kGraphviz: print(report::blast_graphviz(view)); break;
    case Format::kGraphml: print(report::blast_graphml(view)); break;
  }
  return read.skipped.empty() ? kExitDone : kExitCouldNot;
}

}  // namespace mandate::app
