// `mandate blast`: what one identity reaches, or who reaches it, over what logs show, inventories
// make possible and the record grants.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "apps/mandate/commands.h"
#include "apps/mandate/exported_record.h"
#include "apps/mandate/remote_logs.h"
#include "apps/mandate/scan_input.h"
#include "apps/mandate/session.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/base/system_clock.h"
#include "mandate/json/line.h"
#include "mandate/observe/inventory/inventory.h"
#include "mandate/observe/observed_graph.h"
#include "mandate/report/blast_view.h"
#include "mandate/report/record_graph.h"
#include "mandate/store/audit/audit.h"

namespace mandate::app {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::string_view kExportSource = "mandate";  // of the scan, for exports

// Lines of a file that `mandate audit export` wrote, compressed or not.
Result<void> read_export(const std::string& path, ExportedRecord& record) {
  Result<std::unique_ptr<InputFile>> file = InputFile::open(path);
  if (!file) return fail(file.error());
  std::string buffer;
  std::uint64_t line = 0;
  std::uint64_t offset = 0;
  for (bool is_over = false; !is_over;) {
    const std::size_t had = buffer.size();
    buffer.resize(had + kChunkBytes);
    const Result<std::size_t> got = (*file)->read({buffer.data() + had, kChunkBytes});
    if (!got) return fail(got.error());
    buffer.resize(had + *got);
    is_over = *got == 0;
    if (is_over && !buffer.empty() && !buffer.ends_with('\n')) buffer += '\n';
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = buffer.find('\n', begin)) != std::string::npos;) {
      const std::string_view text = std::string_view(buffer).substr(begin, end - begin);
      ++line;
      const Result<void> added =
          text.empty() ? Result<void>() : record.add(text, {path, line, offset + begin, {}});
      if (!added) {
        return fail(added.error().reason, mandate::quoted(path) + ":" + std::to_string(line) +
                                              ": " + added.error().detail);
      }
      begin = end + 1;
    }
    offset += begin;
    buffer.erase(0, begin);
    if (buffer.size() > limits::kRecordBytesMax) {
      return fail(Reason::kLimitExceeded, mandate::quoted(path) + " has too long a line");
    }
  }
  return {};
}

// The record that a server has published.
Result<void> read_server(ApiClient& api, const std::string& server, ExportedRecord& record) {
  Result<void> added;
  const RemoteLogs logs(api, "record");
  const Result<void> read = store::audit::export_ndjson(logs, [&](std::string_view line) {
    added = record.add(line, {server, 0, 0, {}});
    return added.has_value();
  });
  return read ? added : read;
}

// Its whole id, or the end of it.
bool is_end_of(std::string_view id, std::string_view what) {
  if (!id.ends_with(what)) return false;
  if (id.size() == what.size()) return true;
  const char before = id[id.size() - what.size() - 1];
  return before == '/' || before == ':';
}

// By its whole id, or else by the end of it, where that is one's alone.
Result<std::vector<graph::Node>> nodes_of(const graph::Graph& graph, const std::string& what) {
  std::vector<graph::Node> found = graph.find(what);
  if (!found.empty()) return found;
  for (graph::Node node = 0; node < graph.node_count(); ++node) {
    if (is_end_of(graph.id(node), what)) found.push_back(node);
  }
  const bool is_one = std::all_of(found.begin(), found.end(), [&](graph::Node node) {
    return graph.id(node) == graph.id(found.front());  // of several kinds
  });
  if (!found.empty() && is_one) return found;
  if (found.empty()) {
    return fail(Reason::kBadRequest, Place::kPath,
                "nothing in what was read is named " + mandate::quoted(what));
  }
  std::string names;
  for (std::size_t i = 0; i < found.size() && i < 5; ++i) {
    names += (i > 0 ? ", " : "") + mandate::quoted(graph.id(found[i]));
  }
  return fail(Reason::kBadRequest, mandate::quoted(what) + " is the end of " +
                                       std::to_string(found.size()) + " ids, " + names +
                                       "; expected the whole id of one");
}

struct Read {
  graph::Graph graph;
  std::vector<observe::EdgeNote> notes;
  bool is_whole = true;
};

// Everything as one graph: what inventories make possible, what logs show, what is on record.
Result<Read> read_all(const BlastOptions& options, const Connection& connection) {
  Result<observe::Part> part = read_logs(expand(options.paths), {});
  if (!part) return fail(part.error());
  ExportedRecord record;
  for (const auto& [path, source] : part->logs) {
    if (source != kExportSource || path == "-") continue;
    if (Result<void> read = read_export(path, record); !read) {
      part->problems.insert(read.error().detail);
      record = ExportedRecord();  // half a record grants what the other half took back
      break;
    }
  }
  const SystemClock clock;
  if (connection.is_named) {
    auto session = connect(connection);
    if (!session) return fail(Reason::kRecordUnavailable, "the server was not asked");
    Result<void> read = read_server(*(*session)->api, connection.server, record);
    if (!read) return fail(read.error());
  }
  observe::Inventories inventories;
  for (const observe::InventoryFile& file : part->inventories)
    inventories.add(file.file, file.text);
  observe::InventoryReport found = std::move(inventories).finish();
  for (const observe::InventorySkipped& skipped : found.skipped) {
    note(skipped.where.file + ":" + std::to_string(skipped.where.line) + ": " + skipped.reason);
  }
  for (const std::string& problem : part->problems) note(problem);
  if (!part->foreign.empty()) {
    note(std::to_string(part->foreign.size()) + " files are of no known kind");
  }
  graph::Builder builder;
  std::vector<observe::EdgeNote> notes = std::move(found.edges);
  builder.add(found.graph);
  observe::add_observed(part->summary, builder, notes);
  if (record.state() != nullptr) {
    report::GrantedOptions how;
    how.place = [&](record::NodeKind kind, std::string_view id) { return record.place(kind, id); };
    if (options.backward) {
      how.acted_for = [&](std::string_view id) { return is_end_of(id, options.what); };
    }
    report::add_granted(record.state()->view(), clock.now(), how, builder, notes);
  }
  const bool is_whole = found.skipped.empty() && part->problems.empty();
  return Read{std::move(builder).build(), std::move(notes), is_whole};
}

}  // namespace

int blast(const BlastOptions& options, const Connection& connection) {
  const Format format = connection.format;
  std::optional<graph::Evidence> evidence = graph::parse_evidence(options.evidence);
  if (!evidence) {
    return report({Reason::kBadRequest, Place::kRequest,
                   "--evidence " + mandate::quoted(options.evidence) +
                       "; expected granted, possible or observed, with commas between"},
                  format);
  }
  if (options.paths.empty() && !connection.is_named) {
    note("blast needs files or folders, or --server URL (`mandate blast --help`)");
    return kExitUsage;
  }
  if (connection.is_named && connection.identity.empty()) {
    return connect(connection).error();  // says what is missing
  }
  const Result<Read> read = read_all(options, connection);
  if (!read) return report(read.error(), format);
  Result<std::vector<graph::Node>> from = nodes_of(read->graph, options.what);
  if (!from) return report(from.error(), format);
  graph::Direction direction =
      options.backward ? graph::Direction::kBackward : graph::Direction::kForward;
  graph::Blast reached = read->graph.blast(*from, direction, *evidence);
  report::BlastView view{read->graph, reached, read->notes, *evidence};
  switch (format) {
    case Format::kOcsf:
    case Format::kSarif:
    case Format::kHtml:
      return report({Reason::kBadRequest, Place::kRequest,
                     "a blast radius has no such form; expected text, json, dot or graphml"},
                    format);
    case Format::kText: print(report::blast_text(view)); break;
    case Format::kJson:
    case Format::kNdjson: print(json::to_line(report::blast_json(view)) + "\n"); break;
    case Format::kGraphviz: print(report::blast_graphviz(view)); break;
    case Format::kGraphml: print(report::blast_graphml(view)); break;
  }
  return read->is_whole ? kExitDone : kExitCouldNot;
}

}  // namespace mandate::app
