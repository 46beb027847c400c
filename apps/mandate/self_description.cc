#include "apps/mandate/self_description.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <vector>

namespace mandate::app {
namespace {

using Visitor = std::function<void(const CLI::App& app, const std::string& path)>;

// Every command with its words, "audit verify"; the program itself is "".
void visit(const CLI::App& app, const std::string& path, const Visitor& visitor) {
  visitor(app, path);
  for (const CLI::App* each : app.get_subcommands([](const CLI::App* one) {
         return !one->get_name().empty();  // not a group of options
       })) {
    visit(*each, path.empty() ? each->get_name() : path + " " + each->get_name(), visitor);
  }
}

// Its own and those of its groups.
std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  std::vector<const CLI::Option*> all = app.get_options();
  for (const CLI::App* each :
       app.get_subcommands([](const CLI::App* one) { return one->get_name().empty(); })) {
    for (const CLI::Option* option : each->get_options()) all.push_back(option);
  }
  return all;
}

std::vector<std::string> flags_of(const CLI::Option& option) {
  std::vector<std::string> flags;
  for (const std::string& name : option.get_snames()) flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flags.push_back("--" + name);
  return flags;
}

// Of an option that takes one of a few words: CLI11 tells them in the type, "TEXT:{text,json}".
std::vector<std::string> choices_of(const CLI::Option& option) {
  std::vector<std::string> words;
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return words;
  for (std::size_t at = open + 1; at < close;) {
    const std::size_t end = std::min(type.find(',', at), close);
    words.push_back(type.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::string joined(const std::vector<std::string>& words, std::string_view by) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += by;
    text += word;
  }
  return text;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* each :
       app.get_subcommands([](const CLI::App* one) { return !one->get_name().empty(); })) {
    names.push_back(each->get_name());
  }
  return names;
}

// What the program's own options are is said before and after a command alike.
std::vector<const CLI::Option*> everywhere(const CLI::App& root, const CLI::App& app) {
  std::vector<const CLI::Option*> all = options_of(app);
  if (&app == &root) return all;
  for (const CLI::Option* option : options_of(root)) {
    const std::string name = option->get_lnames().empty() ? "" : option->get_lnames().front();
    const bool own = std::any_of(all.begin(), all.end(), [&](const CLI::Option* one) {
      return !one->get_lnames().empty() && one->get_lnames().front() == name;
    });
    if (!own && name != "version") all.push_back(option);
  }
  return all;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string bash_script(const CLI::App& root) {
  std::string words;
  std::string values;
  visit(root, "", [&](const CLI::App& app, const std::string& path) {
    std::vector<std::string> flags;
    std::string taking;  // options that are followed by a value
    for (const CLI::Option* option : everywhere(root, app)) {
      const std::vector<std::string> own = flags_of(*option);
      flags.insert(flags.end(), own.begin(), own.end());
      if (own.empty() || option->get_items_expected_max() == 0) continue;
      taking += "      " + joined(own, "|") + ") ";
      const std::vector<std::string> choices = choices_of(*option);
      taking += choices.empty() ? "files=1" : "words=" + shell_quoted(joined(choices, " "));
      taking += "; return ;;\n";
    }
    words += "    " + shell_quoted(path) +
             ") commands=" + shell_quoted(joined(commands_of(app), " ")) +
             " flags=" + shell_quoted(joined(flags, " ")) + " ;;\n";
    values += "    " + shell_quoted(path) + ") case \"$2\" in\n" + taking + "    esac ;;\n";
  });
  return "# bash completion for mandate: made by `mandate completion bash`.\n"
         "_mandate_of() {\n  commands= flags=\n  case \"$1\" in\n" +
         words +
         "  esac\n}\n"
         "_mandate_value() {\n  words= files=\n  case \"$1\" in\n" +
         values +
         "  esac\n}\n"
         "_mandate() {\n"
         "  local path= word i commands flags words files current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
         "  local before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=\"${COMP_WORDS[i]}\"\n"
         "    _mandate_of \"$path\"\n"
         "    [[ $word != -* && \" $commands \" == *\" $word \"* ]] && path=\"${path:+$path "
         "}$word\"\n"
         "  done\n"
         "  _mandate_of \"$path\"\n"
         "  _mandate_value \"$path\" \"$before\"\n"
         "  if [[ -n $words ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  elif [[ -n $files ]]; then\n"
         "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "  elif [[ $current == -* || ( -z $commands && -z $current ) ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$flags\" -- \"$current\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -W \"$commands\" -- \"$current\"))\n"
         "    [[ -n $commands ]] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -o bashdefault -F _mandate mandate\n";
}

// One line of at most this, for a list.
std::string summary(std::string_view text) {
  std::string line(text.substr(0, text.find('\n')));
  std::replace(line.begin(), line.end(), '[', '(');
  std::replace(line.begin(), line.end(), ']', ')');
  std::replace(line.begin(), line.end(), ':', ' ');
  return line;
}

std::string zsh_script(const CLI::App& root) {
  std::string cases;
  visit(root, "", [&](const CLI::App& app, const std::string& path) {
    std::string body;
    for (const CLI::App* each :
         app.get_subcommands([](const CLI::App* one) { return !one->get_name().empty(); })) {
      body += " " + shell_quoted(each->get_name() + ":" + summary(each->get_description()));
    }
    std::string flags;
    for (const CLI::Option* option : everywhere(root, app)) {
      for (const std::string& flag : flags_of(*option)) {
        flags += " " + shell_quoted(flag + ":" + summary(option->get_description()));
      }
    }
    cases += "    " + shell_quoted(path) + ") commands=(" + body + ") flags=(" + flags + ") ;;\n";
  });
  return "#compdef mandate\n# Made by `mandate completion zsh`.\n"
         "_mandate_of() {\n  commands=() flags=()\n  case \"$1\" in\n" +
         cases +
         "  esac\n}\n"
         "_mandate() {\n"
         "  local here= word\n  local -a commands flags\n"
         "  for word in ${words[2,CURRENT-1]}; do\n"
         "    _mandate_of \"$here\"\n"
         "    (( ${commands[(I)$word:*]} )) && here=\"${here:+$here }$word\"\n"
         "  done\n"
         "  _mandate_of \"$here\"\n"
         "  if [[ ${words[CURRENT]} == -* ]]; then _describe option flags\n"
         "  elif (( ${#commands} )); then _describe command commands\n"
         "  else _files; fi\n"
         "}\n"
         "_mandate \"$@\"\n";
}

std::string fish_script(const CLI::App& root) {
  std::string text =
      "# fish completion for mandate: made by `mandate completion fish`.\n"
      "complete -c mandate -f\n";
  visit(root, "", [&](const CLI::App& app, const std::string& path) {
    std::string when = path.empty() ? "__fish_use_subcommand" : "";
    for (std::size_t at = 0; at < path.size();) {
      const std::size_t end = std::min(path.find(' ', at), path.size());
      when += (when.empty() ? "" : "; and ") + std::string("__fish_seen_subcommand_from ") +
              path.substr(at, end - at);
      at = end + 1;
    }
    const std::string begin = "complete -c mandate -n " + shell_quoted(when);
    for (const CLI::App* each :
         app.get_subcommands([](const CLI::App* one) { return !one->get_name().empty(); })) {
      text += begin + " -a " + each->get_name() + " -d " +
              shell_quoted(summary(each->get_description())) + "\n";
    }
    for (const CLI::Option* option : options_of(app)) {
      if (flags_of(*option).empty()) continue;
      // The program's own options are taken everywhere.
      text += path.empty() ? "complete -c mandate" : begin;
      for (const std::string& name : option->get_snames()) text += " -s " + name;
      for (const std::string& name : option->get_lnames()) text += " -l " + name;
      const std::vector<std::string> choices = choices_of(*option);
      if (!choices.empty()) text += " -x -a " + shell_quoted(joined(choices, " "));
      if (choices.empty() && option->get_items_expected_max() > 0) text += " -r -F";
      text += " -d " + shell_quoted(summary(option->get_description())) + "\n";
    }
  });
  return text;
}

// Text as troff takes it: no line begins with a control character, no '-' becomes a hyphen.
std::string troff(std::string_view text) {
  std::string out;
  bool begins = true;
  for (char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    begins = c == '\n';
  }
  return out;
}

// Lines as they stand, for what has examples in it.
std::string verbatim(std::string_view text) {
  while (!text.empty() && text.front() == '\n') text.remove_prefix(1);
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return text.empty() ? "" : ".PP\n.nf\n" + troff(text) + "\n.fi\n";
}

void write_options(std::string& out, const CLI::App& app) {
  for (const CLI::Option* option : options_of(app)) {
    const std::vector<std::string> flags = flags_of(*option);
    std::string head = flags.empty() ? option->get_name(true) : joined(flags, ", ");
    if (!flags.empty() && option->get_items_expected_max() > 0) {
      const std::vector<std::string> choices = choices_of(*option);
      head += choices.empty() ? " VALUE" : " " + joined(choices, "|");
    }
    out += ".TP\n\\fB" + troff(head) + "\\fR\n" + troff(option->get_description());
    if (!option->get_envname().empty()) out += " (environment: " + option->get_envname() + ")";
    if (!option->get_default_str().empty()) {
      out += " (default: " + troff(option->get_default_str()) + ")";
    }
    out += "\n";
  }
}

}  // namespace

std::string completion_script(const CLI::App& app, std::string_view shell) {
  if (shell == "zsh") return zsh_script(app);
  return shell == "fish" ? fish_script(app) : bash_script(app);
}

std::string manual_page(const CLI::App& app, std::string_view version) {
  std::string out = ".TH MANDATE 1 \"\" \"mandate " + troff(version) +
                    "\" \"User Commands\"\n.SH NAME\nmandate \\- who may act for whom, proven\n"
                    ".SH SYNOPSIS\n.B mandate\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR\n"
                    ".SH DESCRIPTION\n";
  out += troff(app.get_description()) + "\n.SH OPTIONS\n";
  write_options(out, app);
  out += ".SH COMMANDS\n";
  visit(app, "", [&](const CLI::App& each, const std::string& path) {
    if (path.empty()) return;
    out += ".SS mandate " + troff(path) + "\n" + troff(each.get_description()) + "\n";
    write_options(out, each);
    std::string footer = each.get_footer();
    footer.resize(std::min(footer.size(), footer.find("\n\n--server")));
    out += verbatim(footer);
  });
  out += ".SH EXAMPLES\n" + verbatim(app.get_footer());
  out += ".SH EXIT STATUS\n0: done. 1: refused, or the answer is no. 2: usage. 3: could not.\n";
  return out;
}

}  // namespace mandate::app
