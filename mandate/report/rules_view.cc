#include "mandate/report/rules_view.h"

#include <map>

namespace mandate::report {

using observe::Control;
using observe::Framework;
using observe::Rule;

std::string severities(const Rule& rule) {
  std::string text(name(rule.least));
  if (rule.least != rule.most) text += " to " + std::string(name(rule.most));
  return text;
}

namespace {

std::string_view input_of(const Rule& rule) { return rule.is_of_logs() ? "logs" : "inventories"; }

bool may_delegate(const Rule& rule) { return rule.remedy_from != observe::RemedyFrom::kNothing; }

}  // namespace

std::string rules_text(std::span<const Rule> rules) {
  std::string text;
  for (const Rule& rule : rules) {
    text += std::string(rule.id) + ": " + std::string(rule.title) + "\n";
    text += "  " + std::string(name(rule.finding_class)) + ", " + severities(rule) + "; needs " +
            std::string(rule.needs) + " (" + std::string(input_of(rule)) + ")\n  ";
    for (const Framework framework : observe::kFrameworks) {
      const std::string_view id = column(rule, framework);
      if (id.empty()) continue;
      if (framework != Framework::kOwaspNhi) text += "; ";
      text += std::string(name(framework)) + " " + std::string(id);
    }
    text += "\n  to do: " + std::string(rule.remedy) + "\n";
    if (may_delegate(rule)) text += "    with a delegation, where the use was seen\n";
    text += "  cannot know: " + std::string(rule.cannot_know) + "\n\n";
  }
  return text;
}

json::Value rules_json(std::span<const Rule> rules) {
  json::Array all;
  for (const Rule& rule : rules) {
    json::Value row = json::Value::object(
        {{"rule", rule.id},
         {"class", name(rule.finding_class)},
         {"input", input_of(rule)},
         {"title", rule.title},
         {"needs", rule.needs},
         {"severity",
          json::Value::object({{"least", name(rule.least)}, {"most", name(rule.most)}})}});
    for (const Framework framework : observe::kFrameworks) {
      const std::string_view id = column(rule, framework);
      row.set(slug(framework), id.empty() ? json::Value() : json::Value(id));
    }
    row.set("delegation", may_delegate(rule));
    row.set("remedy", rule.remedy);
    row.set("cannot_know", rule.cannot_know);
    all.push_back(std::move(row));
  }
  return all;
}

json::Value controls_json(std::span<const observe::Finding> findings) {
  std::map<std::string_view, std::int64_t> by_rule;
  for (const observe::Finding& finding : findings) ++by_rule[finding.rule];
  json::Value all = json::Value::object({});
  for (const Framework framework : observe::kFrameworks) {
    json::Array rows;
    for (const Control& control : observe::all_controls()) {
      if (control.framework != framework) continue;
      json::Array rules;
      std::int64_t count = 0;
      for (const Rule& rule : observe::all_rules()) {
        if (column(rule, framework) != control.id) continue;
        rules.emplace_back(rule.id);
        const auto found = by_rule.find(rule.id);
        if (found != by_rule.end()) count += found->second;
      }
      rows.push_back(json::Value::object({{"id", control.id},
                                          {"title", control.title},
                                          {"rules", std::move(rules)},
                                          {"findings", count}}));
    }
    all.set(slug(framework), std::move(rows));
  }
  return all;
}

}  // namespace mandate::report
