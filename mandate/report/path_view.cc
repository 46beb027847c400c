#include "mandate/report/path_view.h"

#include <vector>

#include "mandate/base/text.h"

namespace mandate::report {
namespace {

std::string text_at(const json::Value& value, std::string_view key) {
  const json::Value* found = value.find(key);
  return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

// Terminal escapes and what turns the reading direction never reach the terminal.
std::string plain(std::string_view text) { return without_unseen(text); }

std::string joined(const json::Value* list, std::string_view separator) {
  std::string text;
  if (list == nullptr || !list->is_array()) return text;
  for (const json::Value& item : list->as_array()) {
    if (!item.is_string()) continue;
    if (!text.empty()) text += separator;
    text += plain(item.as_string());
  }
  return text;
}

const json::Value& claims_of(const json::Value& entry) {
  const json::Value* token = entry.find("token");
  return token != nullptr ? *token : entry;
}

// The actors of an entry, newest first: a token's nested `act`, a decision's list.
std::vector<std::string> actors_of(const json::Value& entry) {
  std::vector<std::string> actors;
  const json::Value& claims = claims_of(entry);
  for (const json::Value* act = claims.find("act"); act != nullptr; act = act->find("act")) {
    actors.push_back(plain(text_at(*act, "sub")));
  }
  if (const json::Value* list = claims.find("actors"); list != nullptr && list->is_array()) {
    for (const json::Value& actor : list->as_array()) {
      if (actor.is_string()) actors.push_back(plain(actor.as_string()));
    }
  }
  return actors;
}

// Under which delegations, the leaf first: a token's lineage, a decision's own list.
std::string delegations_of(const json::Value& entry) {
  const json::Value* lineage = claims_of(entry).find("lineage");
  return joined(lineage != nullptr ? lineage : entry.find("delegations"), " <- ");
}

bool is_verified(const json::Value& item) {
  const json::Value* verified = item.find("verified");
  return verified != nullptr && verified->is_bool() && verified->as_bool();
}

std::string headline(const json::Value& entry) {
  const std::string type = text_at(entry, "type");
  if (type == "issued") {
    return "issued a token for " + plain(text_at(claims_of(entry), "aud")) + ", scope " +
           plain(text_at(claims_of(entry), "scope"));
  }
  if (type == "decided") {
    std::string line = text_at(entry, "decision") == "permit"   ? "permitted "
                       : text_at(entry, "answered") == "permit" ? "permitted in shadow "
                                                                : "refused ";
    line += plain(text_at(entry, "action")) + " on " + plain(text_at(entry, "identifier")) +
            " at " + plain(text_at(entry, "resource"));
    return line;
  }
  if (type == "refused") return "refused at " + plain(text_at(entry, "at"));
  return plain(type);
}

void line(std::string& out, std::string_view label, std::string_view text) {
  if (text.empty()) return;
  out += "     ";
  out += label;
  out.append(label.size() < 12 ? 12 - label.size() : 1, ' ');
  out += text;
  out += '\n';
}

void write_entry(std::string& out, const json::Value& item, std::size_t number) {
  const json::Value* found = item.find("entry");
  const json::Value entry = found != nullptr ? *found : json::Value();
  const bool good = is_verified(item);
  out +=
      std::to_string(number) + ". " + plain(text_at(entry, "time")) + "  " + headline(entry) + "\n";
  const json::Value& claims = claims_of(entry);
  line(out, "on behalf of", plain(text_at(claims, "sub")));
  std::string actors;
  for (const std::string& actor : actors_of(entry)) {
    actors += (actors.empty() ? "" : " <- ") + actor;
  }
  line(out, "acting", actors.empty() ? plain(text_at(claims, "client_id")) : actors);
  line(out, "delegations", delegations_of(entry));
  line(out, "handover", plain(text_at(entry, "handover")));
  if (const std::string reason = text_at(entry, "reason"); !reason.empty()) {
    line(out, "reason", plain(reason + ": " + text_at(entry, "detail")));
  }
  line(out, "decided by", plain(text_at(entry, "by")));
  const json::Value* index = item.find("index");
  line(out, "entry",
       (index != nullptr && index->is_integer() ? std::to_string(index->as_integer()) : "?") +
           " of " + plain(text_at(item, "origin")));
  line(out, good ? "verified" : "NOT verified",
       good ? "included under a signed checkpoint" : plain(text_at(item, "problem")));
}

std::string dot_quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : plain(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string path_text(const json::Value& path) {
  std::string out;
  const json::Value* entries = path.find("entries");
  const std::string actor = plain(text_at(path, "actor"));
  const std::string subject = plain(text_at(path, "subject"));
  if (!actor.empty()) {
    out += actor + " acted";
    out += subject.empty() || subject == actor ? " in its own right" : " for " + subject;
    out += "\n\n";
  }
  std::size_t number = 0;
  if (entries != nullptr && entries->is_array()) {
    for (const json::Value& item : entries->as_array()) write_entry(out, item, ++number);
  }
  if (const json::Value* delegations = path.find("delegations");
      delegations != nullptr && delegations->is_object() && !delegations->as_object().empty()) {
    out += "\ndelegations, as the server says they stood then\n";
    for (const json::Member& member : delegations->as_object()) {
      const std::string giver = text_at(member.value, "delegator");
      out += "   " + plain(member.key) + ": " +
             (giver.empty() ? "cut from " + plain(text_at(member.value, "parent")) : plain(giver)) +
             " -> " + plain(text_at(member.value, "delegate"));
      const std::string purpose = plain(text_at(member.value, "purpose"));
      out += purpose.empty() ? "\n" : " (" + purpose + ")\n";
    }
  }
  const std::string problems = joined(path.find("problems"), "\n  ");
  out += problems.empty() ? "\nevery entry is verified\n"
                          : "\nthe path does not verify:\n  " + problems + "\n";
  return out;
}

std::string path_graphviz(const json::Value& path) {
  std::string out = "digraph path {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  const json::Value* entries = path.find("entries");
  if (entries != nullptr && entries->is_array()) {
    for (const json::Value& item : entries->as_array()) {
      const std::string leaf = text_at(item, "leaf");
      const json::Value* found = item.find("entry");
      const json::Value entry = found != nullptr ? *found : json::Value();
      const json::Value& claims = claims_of(entry);
      const std::string rights = delegations_of(entry);
      const bool refused = !text_at(entry, "reason").empty();
      out += "  " + dot_quoted(leaf) + " [label=" +
             dot_quoted(text_at(claims, "client_id") + " for " + text_at(claims, "sub") +
                        (rights.empty() ? "" : " under " + rights) + ": " + headline(entry)) +
             (refused ? ", color=red" : "") + (is_verified(item) ? "" : ", style=dashed") + "];\n";
      const json::Value* links = entry.find("predecessors");
      if (links == nullptr || !links->is_array()) continue;
      for (const json::Value& link : links->as_array()) {
        out += "  " + dot_quoted(text_at(link, "leaf")) + " -> " + dot_quoted(leaf) +
               " [label=" + dot_quoted(text_at(link, "as")) + "];\n";
      }
    }
  }
  return out + "}\n";
}

}  // namespace mandate::report
