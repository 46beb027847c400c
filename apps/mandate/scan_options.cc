#include "apps/mandate/scan_options.h"

#include <CLI/CLI.hpp>

namespace mandate::app {
namespace {

void add_common(CLI::App& made, ScanOptions& options) {
  made.add_flag("--chains", options.chains, "who issued which session to whom, and its uses");
  CLI::Option* partial =
      made.add_flag("--partial", options.partial,
                    "write a part for `mandate merge`; -o FILE then names its file");
  made.add_option("--out", options.out, "file of the partial; default: standard output")
      ->needs(partial);
  made.add_flag("--dry-run", options.dry_run,
                "with --server: only say which identities would be discovered");
  made.add_option("--memory", options.memory_mib, "MiB for the ids of events; more lies in TMPDIR")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
}

}  // namespace

void add_scan_options(CLI::App& scan, ScanOptions& options) {
  scan.add_option("path", options.paths, "files or folders; - is standard input");
  add_common(scan, options);
  scan.add_option("--threads", options.threads, "how many read; default: one a core")
      ->check(CLI::Range(1, 1024));
  CLI::Option* rules =
      scan.add_flag("--rules", options.rules, "what each rule looks for, needs and cannot know");
  CLI::Option* following =
      scan.add_flag("--follow", options.follow, "go on as the logs grow; a line of NDJSON each")
          ->excludes(scan.get_option("--chains"))
          ->excludes(scan.get_option("--partial"))
          ->excludes(rules);
  scan.add_option("--state", options.state, "file that keeps what was told, mode 0600")
      ->needs(following);
  scan.add_option("--webhook", options.webhook, "URL that findings are posted to")
      ->needs(following);
  scan.add_option("--syslog", options.syslog, "HOST:PORT (TCP), unix, or unix:PATH (RFC 5424)")
      ->needs(following);
}

void add_merge_options(CLI::App& merge, ScanOptions& options) {
  merge.add_option("partial", options.paths, "partials, in any order")->required();
  add_common(merge, options);
}

}  // namespace mandate::app
