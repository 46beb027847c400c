// The commands, each with its options as a plain struct: `main.cc` fills them from the command
// line, and each function gives the exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/mandate/output.h"

namespace mandate::app {

// Where the server is and who asks.
struct Connection {
  std::string server = "http://127.0.0.1:8181";
  bool is_named = false;  // `--server` stands on the command line, not in the environment alone
  std::string issuer;     // empty: the server's URL
  std::string identity;   // file
  std::string ca;         // file of the authorities of an https server; empty: the system's
  Format format = Format::kText;
};

struct ApplyOptions {
  std::string file;
  bool dry_run = false;
  bool prune = false;
};
int apply(const Connection& connection, const ApplyOptions& options);

struct GetOptions {
  std::string noun;  // "delegations", or "delegation"
  std::string id;    // empty: all
};
int get(const Connection& connection, const GetOptions& options);

struct GrantOptions {
  std::string id;
  std::string delegator;
  std::string parent;
  std::string delegate;
  std::string type;
  std::vector<std::string> locations;
  std::vector<std::string> actions;
  std::string identifier;
  std::string not_before;
  std::string not_after;
  std::string max_token_lifetime;
  std::string purpose;
  int max_depth = 0;
  bool dry_run = false;
};
int grant(const Connection& connection, const GrantOptions& options);

struct RevokeOptions {
  std::string kind;
  std::string id;
  bool dry_run = false;
};
int revoke(const Connection& connection, const RevokeOptions& options);
int suspend(const Connection& connection, const std::string& principal, bool suspended);

struct TokenOptions {
  std::string resource;
  std::string scope;
  std::string authorization_details;  // JSON
  std::string delegation;             // act under this delegation (its statement is fetched)
  std::string subject_token_file;     // exchange this token
  std::string hop_grant_file;
  std::string delegation_id;
  // Print headers for one request, ready for curl.
  std::string request_method;
  std::string request_url;
};
int token(const Connection& connection, const TokenOptions& options);

struct CheckOptions {
  std::string subject;
  std::string action;
  std::string type;
  std::string id;
  std::string location;
  std::string client_address;
  std::string access_token_file;
  std::string actor_identity;  // whose proof goes with the token
  std::string request_method = "GET";
  std::string request_url;
};
int check(const Connection& connection, const CheckOptions& options);

struct PathOptions {
  std::string what;  // a receipt, a token, a jti, or a txn with `transaction`
  bool transaction = false;
  std::string keys_file;  // verifier keys; empty: as the server shows them
};
int path(const Connection& connection, const PathOptions& options);

struct KeysOptions {
  std::string action;  // "" lists
  std::string kid;     // of `retire` and `compromise`
  std::string algorithm = "ES256";
  std::string overlap;  // of `rotate`; empty: 30 days
};
int keys(const Connection& connection, const KeysOptions& options);

struct ReportOptions {
  std::string since;         // RFC 3339, or how long ago: 7d; empty: from the beginning
  std::string propose_file;  // where the proposed document goes; empty: nowhere
};
int report_shadow(const Connection& connection, const ReportOptions& options);

struct IdentityOptions {
  std::string client_id;
  std::string out;
  std::string algorithm = "ES256";
};
int new_identity(const IdentityOptions& options, Format format);

struct ScanOptions {
  std::vector<std::string> paths;  // files, folders, "-"
  bool chains = false;             // instead of findings: who issued what to whom
  bool rules = false;              // instead of all that: what each rule looks for
  bool partial = false;            // instead of findings: what `merge` takes
  std::string out;                 // file of the partial; empty: standard output
  std::size_t threads = 0;         // 0: one a core
  std::size_t memory_mib = 512;    // for the ids of events; beyond it they lie on disk
  bool dry_run = false;            // of what a named server would be told
  // Of `follow`, which goes on until it is stopped:
  bool follow = false;
  std::string state;    // file; empty: the next run tells of everything again
  std::string webhook;  // URL that findings are posted to; empty: standard output
  std::string syslog;   // HOST:PORT, unix, or unix:PATH; empty: standard output
};
// A server that is named is told of the identities that were met.
int scan(const ScanOptions& options, const Connection& connection);
// The same of what partials hold, which are its paths.
int merge(const ScanOptions& options, const Connection& connection);
struct ProposeOptions {
  std::vector<std::string> paths;
  std::string finding;    // its id, or the beginning of it; empty: any
  std::string principal;  // as the source names it, or the end of that; empty: any
  std::string out;        // file; empty: stdout
};
int propose(const ProposeOptions& options, Format format);
// What `scan` reads, for its help.
std::string scan_help();

struct AuditOptions {
  std::string data;    // DIR
  std::string folder;  // a copy of DIR/log, or of one log in it
  std::string keys_file;
  std::string against;  // a checkpoint or a receipt, or a file of one
  std::string leaf;     // for prove: leaf hash, or an index
  std::string origin;
};
int audit_key(const AuditOptions& options, Format format);
int audit_verify(const AuditOptions& options, Format format);
int audit_prove(const AuditOptions& options, Format format);
int audit_export(const AuditOptions& options);

struct BlastOptions {
  std::string what;  // id of a principal, credential, session, delegation or resource, or the end
  std::vector<std::string> paths;
  bool backward = false;
  std::string evidence = "granted,possible,observed";
};
// A server that is named tells its record (`audit:read`).
int blast(const BlastOptions& options, const Connection& connection);

struct RestoreOptions {
  std::string data;        // DIR, as the backup left it
  std::string checkpoint;  // file: the newest one of the record's log that is known
  std::string log;         // a copy of DIR/log that may be newer; empty: none
  bool accept_loss = false;
};
int restore(const RestoreOptions& options, Format format);

struct Given;  // configuration.h: what the command line says of it
int serve(const Given& given);
int check_config(const Given& given, Format format);

// Whether the server answers and can record, for what watches over it; needs no identity.
int health(const Connection& connection);

struct BackupOptions {
  std::string data;
  std::string out;
  std::string keys_out;  // where the private keys go; empty: nowhere
};
int backup(const BackupOptions& options, Format format);

struct OperatorOptions {
  std::string data;
  std::string out;  // identity file; empty: DIR/operator-new.json
};
int replace_operator(const OperatorOptions& options, Format format);

}  // namespace mandate::app
