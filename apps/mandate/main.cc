// The command line: what can be said, with its help; each command is a function of `commands.h`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/mandate/arguments.h"
#include "apps/mandate/commands.h"
#include "apps/mandate/configuration.h"
#include "apps/mandate/examples.h"
#include "apps/mandate/follow.h"
#include "apps/mandate/nearest.h"
#include "apps/mandate/scan_options.h"
#include "apps/mandate/self_description.h"

namespace mandate::app {
namespace {

constexpr const char* kAbout =
    "Mandate: who may act for whom, proven.\n\n"
    "Governs delegations between people and software, issues tokens that can only narrow, decides\n"
    "over every hop's rights as they are now, ends everything below what is revoked, and proves\n"
    "afterwards who really acted.\n";
constexpr const char* kFooter =
    "\nStart with `mandate serve --data data`, then use the operator's identity:\n"
    "  export MANDATE_IDENTITY=data/operator.json\n"
    "  mandate apply -f org.yaml\n"
    "  mandate revoke principal agent:triage --dry-run\n\n"
    "Each command's own help has an example: `mandate token --help`.\n"
    "Exit codes: 0 done, 1 refused or negative, 2 usage, 3 could not.";
constexpr const char* kCommonFooter =
    "\n\n--server, --identity and --output come before or after the command: `mandate --help`.\n"
    "Exit codes: 0 done, 1 refused or negative, 2 usage, 3 could not.";

struct Everything {
  Connection connection;
  Given given;
  bool only_check = false;
  ApplyOptions apply;
  GetOptions get;
  GrantOptions grant;
  RevokeOptions revoke;
  std::string principal;
  TokenOptions token;
  CheckOptions check;
  PathOptions path;
  KeysOptions keys;
  ReportOptions report;
  IdentityOptions identity;
  AuditOptions audit;
  ScanOptions scan;
  ProposeOptions propose;
  BlastOptions blast;
  RestoreOptions restore;
  BackupOptions backup;
  OperatorOptions op;
  std::string shell;
  std::string output = "text";
  int code = kExitDone;
};

Format format_of(const std::string& output) {
  if (output == "json") return Format::kJson;
  if (output == "ndjson") return Format::kNdjson;
  if (output == "graphml") return Format::kGraphml;
  if (output == "ocsf") return Format::kOcsf;
  if (output == "sarif") return Format::kSarif;
  if (output == "html") return Format::kHtml;
  return output == "dot" ? Format::kGraphviz : Format::kText;
}

// Options of the program, which every command takes too (`fallthrough`): one place, so that what is
// said on the command line always wins over the environment.
void add_common(CLI::App& app, Everything& all) {
  app.add_option(
         "-o,--output", all.output,
         "text, json; for `scan` ndjson, ocsf, sarif, html; for `path` and `blast` dot (Graphviz); "
         "for `blast` graphml")
      ->check(CLI::IsMember({"text", "json", "ndjson", "ocsf", "sarif", "html", "dot", "graphml"}))
      ->capture_default_str();
  app.add_option("--server", all.connection.server, "URL of the server")
      ->envname("MANDATE_SERVER")
      ->capture_default_str();
  app.add_option("--expect-issuer", all.connection.issuer,
                 "issuer that the server's metadata must name, where it is not its URL")
      ->envname("MANDATE_ISSUER");
  app.add_option("--ca", all.connection.ca,
                 "PEM file of the authorities of an https server; default: the system's")
      ->envname("MANDATE_CA");
  app.add_option("--identity", all.connection.identity,
                 "identity file: {\"client_id\", \"jwk\"}, mode 0600")
      ->envname("MANDATE_IDENTITY");
}

template <class Run>
CLI::App* command(CLI::App& parent, Everything& all, const char* name, const char* about, Run run) {
  CLI::App* made = parent.add_subcommand(name, about);
  made->footer(std::string(example_of(name)) + kCommonFooter);
  made->fallthrough();
  made->callback([&all, run] {
    all.connection.format = format_of(all.output);
    all.code = run(all);
  });
  return made;
}

// One option a setting. What was said is kept as it is: `configure` reads it, as it reads the file.
void add_setting(CLI::App& app, const Setting& setting, Given& given) {
  const std::string name(setting.name);
  const bool is_list =
      std::holds_alternative<std::vector<std::string> ServeOptions::*>(setting.slot);
  const auto keep = [&given, name](const std::vector<std::string>& said) {
    given.flags[name] = said;
    return true;
  };
  CLI::Option* option = nullptr;
  if (std::holds_alternative<bool ServeOptions::*>(setting.slot)) {
    option = app.add_flag_callback(
        flag_of(setting), [&given, name] { given.flags[name] = {"true"}; },
        std::string(setting.about));
  } else {
    option = app.add_option(flag_of(setting), CLI::callback_t(keep), std::string(setting.about));
    option->type_name(std::string(setting.takes))->default_str(default_of(setting));
    is_list ? option->allow_extra_args(false)->expected(1, -1) : option->expected(1);
    option->multi_option_policy(is_list ? CLI::MultiOptionPolicy::TakeAll
                                        : CLI::MultiOptionPolicy::Throw);
  }
}

void add_serve(CLI::App& app, Everything& all) {
  CLI::App* serve_command = command(
      app, all, "serve", "Run the server; prints `ready URL` when it is", [](Everything& e) {
        e.given.environment = mandate_environment();
        return e.only_check ? check_config(e.given, e.connection.format) : serve(e.given);
      });
  serve_command
      ->add_option("--config", all.given.file,
                   "YAML file of the settings below: `log: {level: info}` is --log-level info; "
                   "each may also be a variable: MANDATE_LOG_LEVEL")
      ->type_name("FILE")
      ->envname("MANDATE_CONFIG");
  serve_command->add_flag("--check-config", all.only_check,
                          "print what it would run with and where each value came from, and end");
  for (const Setting& setting : settings()) add_setting(*serve_command, setting, all.given);
}

void add_governing(CLI::App& app, Everything& all) {
  CLI::App* apply_command = command(app, all, "apply", "Put a document on record",
                                    [](Everything& e) { return apply(e.connection, e.apply); });
  apply_command->add_option("-f,--file", all.apply.file, "document, YAML or JSON; - is stdin")
      ->required();
  apply_command->add_flag("--dry-run", all.apply.dry_run, "stop after the difference");
  apply_command->add_flag("--prune", all.apply.prune, "also end what the document does not name");

  CLI::App* get_command = command(app, all, "get", "Show what is on record",
                                  [](Everything& e) { return get(e.connection, e.get); });
  get_command
      ->add_option("noun", all.get.noun,
                   "principals, teams, resources, entitlements, delegations or "
                   "trusted_issuers")
      ->required();
  get_command->add_option("id", all.get.id, "one of them");

  CLI::App* grant_command = command(app, all, "grant", "Put one delegation on record",
                                    [](Everything& e) { return grant(e.connection, e.grant); });
  GrantOptions& g = all.grant;
  grant_command->add_option("id", g.id, "the delegation's id")->required();
  auto* from = grant_command->add_option_group("from", "who delegates");
  from->add_option("--delegator", g.delegator, "principal whose entitlement is the root");
  from->add_option("--parent", g.parent, "delegation that this is cut from");
  from->require_option(1);
  grant_command->add_option("--delegate", g.delegate, "principal that may act")->required();
  grant_command->add_option("--type", g.type, "the permission's type")->required();
  grant_command->add_option("--location", g.locations, "resource; may repeat")->required();
  grant_command->add_option("--action", g.actions, "action; may repeat")->required();
  grant_command->add_option("--identifier", g.identifier, "pattern: queue/eu/*");
  grant_command->add_option("--not-before", g.not_before, "RFC 3339");
  grant_command->add_option("--not-after", g.not_after, "RFC 3339");
  grant_command->add_option("--max-token-lifetime", g.max_token_lifetime, "for example 5m");
  grant_command->add_option("--max-depth", g.max_depth, "delegations allowed below")
      ->capture_default_str();
  grant_command->add_option("--purpose", g.purpose, "what it is for");
  grant_command->add_flag("--dry-run", g.dry_run, "stop after the difference");
}

void add_ending(CLI::App& app, Everything& all) {
  CLI::App* revoke_command =
      command(app, all, "revoke", "End something and everything that rests on it, for ever",
              [](Everything& e) { return revoke(e.connection, e.revoke); });
  revoke_command
      ->add_option("kind", all.revoke.kind,
                   "token, transaction, delegation, entitlement, authenticator, "
                   "principal or trusted_issuer")
      ->required();
  revoke_command->add_option("id", all.revoke.id, "which one")->required();
  revoke_command->add_flag("--dry-run", all.revoke.dry_run, "list what would stop, by owner");
  CLI::App* suspend_command =
      command(app, all, "suspend", "Stop a principal until it is resumed",
              [](Everything& e) { return suspend(e.connection, e.principal, true); });
  suspend_command->add_option("principal", all.principal, "its id")->required();
  CLI::App* resume_command =
      command(app, all, "resume", "Take a suspension back",
              [](Everything& e) { return suspend(e.connection, e.principal, false); });
  resume_command->add_option("principal", all.principal, "its id")->required();
}

void add_using(CLI::App& app, Everything& all) {
  CLI::App* token_command =
      command(app, all, "token", "Get an access token, in one's own right or for another",
              [](Everything& e) { return token(e.connection, e.token); });
  TokenOptions& t = all.token;
  token_command->add_option("--resource", t.resource,
                            "whom the token is for; default: the only one that it can be for");
  token_command->add_option("--scope", t.scope,
                            "words like tickets:read; default: all that is held there");
  token_command->add_option("--authorization-details", t.authorization_details, "RFC 9396 JSON");
  token_command->add_option("--delegation", t.delegation, "act under this delegation");
  token_command->add_option("--subject-token", t.subject_token_file, "file: exchange this token");
  token_command->add_option("--hop-grant", t.hop_grant_file, "file: the holder's hop grant");
  token_command->add_option("--delegation-id", t.delegation_id,
                            "which one, where several would do");
  token_command->add_option("--request", t.request_method, "with --url: print headers for it");
  token_command->add_option("--url", t.request_url, "print headers for a request to this URL");

  CLI::App* check_command = command(app, all, "check", "Ask for a decision, as a resource server",
                                    [](Everything& e) { return check(e.connection, e.check); });
  CheckOptions& c = all.check;
  check_command->add_option("--subject", c.subject, "on whose behalf: a principal")->required();
  check_command->add_option("--action", c.action, "what is to be done: read")->required();
  check_command->add_option("--type", c.type, "the resource's type")->required();
  check_command->add_option("--id", c.id, "identifier in the resource")->required();
  check_command->add_option("--location", c.location, "which resource, where there are several");
  check_command->add_option("--client-address", c.client_address,
                            "where the request came from, for `networks`");
  check_command->add_option("--access-token", c.access_token_file, "file: the actor's token");
  check_command->add_option("--actor", c.actor_identity, "identity file whose key proves it");
  check_command->add_option("--request", c.request_method, "method of the actor's request")
      ->capture_default_str();
  check_command->add_option("--url", c.request_url,
                            "URL of the actor's request; default: the resource's root");

  CLI::App* path_command =
      command(app, all, "path", "Who really acted, for whom, by what right; each entry verified",
              [](Everything& e) { return path(e.connection, e.path); });
  path_command->add_option("what", all.path.what, "a receipt, a token or a jti, or a file of one")
      ->required();
  path_command->add_flag("--txn", all.path.transaction, "it is a transaction");
  path_command->add_option(
      "--keys", all.path.keys_file,
      "verifier keys (`mandate audit key`); default: as the server shows them");
}

void add_keys(CLI::App& app, Everything& all) {
  CLI::App* group = app.add_subcommand("keys", "The keys that the server signs tokens with");
  group->footer("Each has an example in its help: `mandate keys rotate --help`.");
  group->require_subcommand(1);
  group->fallthrough();
  const auto action = [&](const char* name, const char* about) {
    const std::string word = std::string_view(name) == "list" ? "" : name;
    return command(*group, all, name, about, [word](Everything& e) {
      e.keys.action = word;
      return keys(e.connection, e.keys);
    });
  };
  KeysOptions& o = all.keys;
  action("list", "Show those that are believed");
  CLI::App* rotate = action("rotate", "Sign with a new key; the old one is believed for a while");
  rotate->add_option("--algorithm", o.algorithm, "ES256 or RS256")->capture_default_str();
  rotate->add_option("--overlap", o.overlap, "how long the old one is believed; default: 30d");
  action("retire", "Believe a rotated key no longer")
      ->add_option("kid", o.kid, "which one")
      ->required();
  action("compromise",
         "Somebody else has the key: believe nothing that it signed, now and for ever")
      ->add_option("kid", o.kid, "which one")
      ->required();
}

void add_finding(CLI::App& app, Everything& all) {
  CLI::App* blast_command =
      command(app, all, "blast", "What an identity reaches, or who reaches it",
              [](Everything& e) { return blast(e.blast, e.connection); });
  blast_command
      ->add_option("what", all.blast.what,
                   "id of a principal, credential, session, delegation or resource, or the end of "
                   "one")
      ->required();
  blast_command->add_option(
      "paths", all.blast.paths,
      "logs, inventories, exports of `mandate audit export`: files, .gz or not, or folders");
  blast_command->add_flag("--backward", all.blast.backward, "who reaches it");
  blast_command
      ->add_option("--evidence", all.blast.evidence, "granted, possible, observed: any of them")
      ->capture_default_str();
}

void add_report(CLI::App& app, Everything& all) {
  CLI::App* report = app.add_subcommand("report", "What the journal says of the past");
  report->footer("Each has an example in its help: `mandate report shadow --help`.");
  report->require_subcommand(1);
  report->fallthrough();
  CLI::App* shadow =
      command(*report, all, "shadow", "What resources in shadow would have refused, and what lacks",
              [](Everything& e) { return report_shadow(e.connection, e.report); });
  shadow->add_option("--since", all.report.since,
                     "how long ago (7d) or an instant; default: from the beginning");
  shadow->add_option("--propose", all.report.propose_file,
                     "write the document that would permit it");
}

void add_identity(CLI::App& app, Everything& all) {
  CLI::App* made =
      command(app, all, "identity", "Make an identity file and print its public key for a document",
              [](Everything& e) { return new_identity(e.identity, e.connection.format); });
  made->add_option("client_id", all.identity.client_id, "principal")->required();
  made->add_option("--out", all.identity.out, "file, made with mode 0600")->required();
  made->add_option("--algorithm", all.identity.algorithm, "ES256, ES384, EdDSA or RS256")
      ->capture_default_str();
}

void add_scan(CLI::App& app, Everything& all) {
  CLI::App* made =
      command(app, all, "scan", "Find borrowed trust in logs and inventories", [](Everything& e) {
        return e.scan.follow ? follow(e.scan, e.connection) : scan(e.scan, e.connection);
      });
  made->footer(scan_help());
  add_scan_options(*made, all.scan);
  add_merge_options(
      *command(app, all, "merge", "Find borrowed trust in what `scan --partial` wrote",
               [](Everything& e) { return merge(e.scan, e.connection); }),
      all.scan);
}

void add_propose(CLI::App& app, Everything& all) {
  CLI::App* made =
      command(app, all, "propose", "Write the delegation that would replace what a scan found",
              [](Everything& e) { return propose(e.propose, e.connection.format); });
  made->add_option("path", all.propose.paths, "files or folders, as for scan")->required();
  CLI::Option* finding =
      made->add_option("--finding", all.propose.finding, "id of a finding, or its beginning");
  made->add_option("--principal", all.propose.principal, "of every finding about this principal")
      ->excludes(finding);
  made->add_option("--out", all.propose.out, "file for the document; default: standard output");
}

void add_audit(CLI::App& app, Everything& all) {
  CLI::App* audit = app.add_subcommand("audit", "Check the logs, offline");
  audit->footer("Each has an example in its help: `mandate audit verify --help`.");
  audit->require_subcommand(1);
  audit->fallthrough();
  AuditOptions& o = all.audit;
  CLI::App* key = command(*audit, all, "key", "Print the verifier keys: each log's, the receipts'",
                          [](Everything& e) { return audit_key(e.audit, e.connection.format); });
  key->add_option("--data", o.data, "the server's folder")->required();
  CLI::App* verify =
      command(*audit, all, "verify", "Verify a copy of DIR/log, or of one log in it",
              [](Everything& e) { return audit_verify(e.audit, e.connection.format); });
  verify->add_option("folder", o.folder, "the copy")->required();
  verify->add_option("--keys", o.keys_file, "verifier keys, as `mandate audit key` prints them")
      ->required();
  verify->add_option("--against", o.against, "a later checkpoint or a receipt, or a file of one");
  CLI::App* prove =
      command(*audit, all, "prove", "Print an entry's inclusion proof",
              [](Everything& e) { return audit_prove(e.audit, e.connection.format); });
  prove->add_option("folder", o.folder, "the copy")->required();
  prove->add_option("leaf", o.leaf, "a leaf hash (a token's jti), or ORIGIN#INDEX")->required();
  CLI::App* dump = command(*audit, all, "export", "Write every entry as NDJSON",
                           [](Everything& e) { return audit_export(e.audit); });
  dump->add_option("folder", o.folder, "the copy")->required();
}

void add_restore(CLI::App& app, Everything& all) {
  CLI::App* made =
      command(app, all, "restore", "Open a data folder that was copied or restored, offline",
              [](Everything& e) { return restore(e.restore, e.connection.format); });
  RestoreOptions& o = all.restore;
  made->add_option("--data", o.data, "the server's folder")->required();
  made->add_option(
          "--checkpoint", o.checkpoint,
          "file: the newest checkpoint of the record (log/record/checkpoint) that is known")
      ->required();
  made->add_option("--log", o.log, "a copy of DIR/log that may be newer than the backup");
  made->add_flag("--accept-loss", o.accept_loss,
                 "go on without entries that nobody has; everybody is suspended");
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) names.push_back(option->get_name());
  }
  return names;
}

void add_life(CLI::App& app, Everything& all) {
  CLI::App* copy =
      command(app, all, "backup", "Copy a server's folder, also while it is written to",
              [](Everything& e) { return backup(e.backup, e.connection.format); });
  copy->add_option("data", all.backup.data, "the server's folder")->required();
  copy->add_option("out", all.backup.out, "folder that is made")->required();
  copy->add_option("--keys", all.backup.keys_out, "another one, for the private keys");

  command(app, all, "health", "Whether the server answers and can record; exit code 0 is yes",
          [](Everything& e) { return health(e.connection); });

  CLI::App* op = app.add_subcommand("operator", "The operator that the first start made");
  op->footer("It has an example in its help: `mandate operator replace --help`.");
  op->require_subcommand(1);
  op->fallthrough();
  CLI::App* replace =
      command(*op, all, "replace", "Give it a new key where the old one is lost; offline",
              [](Everything& e) { return replace_operator(e.op, e.connection.format); });
  replace->add_option("--data", all.op.data, "the server's folder")->required();
  replace->add_option("--out", all.op.out, "identity file; default: DIR/operator-new.json");
}

// What other programs need to know of this command line.
void add_description(CLI::App& app, Everything& all) {
  command(app, all, "completion", "Print a shell's completion script",
          [&app](Everything& e) {
            print(completion_script(app, e.shell));
            return kExitDone;
          })
      ->add_option("shell", all.shell, "bash, zsh or fish")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->required();
  command(app, all, "man", "Print the manual page", [&app](Everything&) {
    print(manual_page(app, MANDATE_VERSION));
    return kExitDone;
  });
}

// What was wrong, and where the help for it is.
std::string usage_message(const CLI::App* app, const CLI::Error& error) {
  std::string text = "mandate: ";
  std::string command = "mandate";
  const CLI::App* at = app;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    command += " " + at->get_name();
  }
  const std::vector<std::string> unknown = app->remaining(true);
  if (!unknown.empty() && !at->get_subcommands({}).empty()) {
    text += "there is no command '" + unknown.front() + "'";
  } else {
    text += error.what();
    for (const std::string& word : unknown) {
      const std::string near = nearest(word.substr(0, word.find('=')), options_of(*at));
      if (word.starts_with("--") && !near.empty()) text += "; did you mean " + near + "?";
    }
  }
  return text + "; see `" + command + " --help`\n";
}

// On the command line itself; `words` are last first, and behind "--" are no options.
bool names_a_server(const std::vector<std::string>& words) {
  for (auto word = words.rbegin(); word != words.rend() && *word != "--"; ++word) {
    if (*word == "--server" || word->starts_with("--server=")) return true;
  }
  return false;
}

int run(int argc, char** argv) {
  CLI::App app(kAbout, "mandate");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("mandate ") + MANDATE_VERSION);
  Everything all;
  add_common(app, all);
  add_serve(app, all);
  add_governing(app, all);
  add_ending(app, all);
  add_using(app, all);
  add_keys(app, all);
  add_finding(app, all);
  add_report(app, all);
  add_identity(app, all);
  add_audit(app, all);
  add_restore(app, all);
  add_life(app, all);
  add_description(app, all);
  add_scan(app, all);
  add_propose(app, all);
  app.failure_message(usage_message);
  try {
    std::vector<std::string> words = arguments_of(argc, argv);
    all.connection.is_named = names_a_server(words);
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  return all.code;
}

}  // namespace
}  // namespace mandate::app

int main(int argc, char** argv) { return mandate::app::run(argc, argv); }
