#include "mandate/observe/rules.h"

#include "mandate/observe/rules/common.h"

namespace mandate::observe {
namespace {

using enum Framework;

constexpr Control kControls[] = {
    {kOwaspNhi, "NHI1", "Improper Offboarding"},
    {kOwaspNhi, "NHI2", "Secret Leakage"},
    {kOwaspNhi, "NHI3", "Vulnerable Third-Party NHI"},
    {kOwaspNhi, "NHI4", "Insecure Authentication"},
    {kOwaspNhi, "NHI5", "Overprivileged NHI"},
    {kOwaspNhi, "NHI6", "Insecure Cloud Deployment Configurations"},
    {kOwaspNhi, "NHI7", "Long-Lived Secrets"},
    {kOwaspNhi, "NHI8", "Environment Isolation"},
    {kOwaspNhi, "NHI9", "NHI Reuse"},
    {kOwaspNhi, "NHI10", "Human Use of NHI"},
    {kCsf, "GV.SC-05", "what suppliers must keep to is agreed with them"},
    {kCsf, "ID.AM-08", "systems, data and services are managed through their whole life"},
    {kCsf, "PR.AA-01", "identities and credentials of people, services and machines are managed"},
    {kCsf, "PR.AA-02", "identities are proven, and bound to credentials by context"},
    {kCsf, "PR.AA-03", "people, services and machines are authenticated"},
    {kCsf, "PR.AA-05", "rights are defined, enforced and reviewed, by least privilege"},
    {kCsf, "PR.PS-01", "configurations are managed"},
    {kZeroTrust, "tenet 3", "access to one resource is granted for one session"},
    {kZeroTrust, "tenet 4", "access follows a policy that looks at identity and circumstances"},
    {kZeroTrust, "tenet 5", "the state of everything owned is watched and measured"},
    {kZeroTrust, "tenet 6", "authentication and authorisation are enforced before each access"},
    {kDigitalIdentity, "63B-4 2", "assurance levels of authentication"},
    {kDigitalIdentity, "63B-4 4", "authenticators: binding, recovery, loss, end"},
    {kDigitalIdentity, "63B-4 5", "sessions, and whom they stay bound to"},
    {kDigitalIdentity, "63C-4 3", "federation: who is believed, about whom, to whom"},
};

}  // namespace

std::string_view name(Framework framework) {
  switch (framework) {
    case kOwaspNhi: return "OWASP Non-Human Identities Top 10 (2025)";
    case kCsf: return "NIST CSF 2.0";
    case kZeroTrust: return "NIST SP 800-207";
    case kDigitalIdentity: return "NIST SP 800-63-4";
  }
  return "";
}

std::string_view slug(Framework framework) {
  switch (framework) {
    case kOwaspNhi: return "owasp_nhi";
    case kCsf: return "nist_csf";
    case kZeroTrust: return "nist_sp_800_207";
    case kDigitalIdentity: return "nist_sp_800_63";
  }
  return "";
}

std::string_view column(const Rule& rule, Framework framework) {
  switch (framework) {
    case kOwaspNhi: return rule.owasp;
    case kCsf: return rule.csf;
    case kZeroTrust: return rule.tenet;
    case kDigitalIdentity: return rule.sp_800_63;
  }
  return "";
}

std::span<const Control> all_controls() { return kControls; }

std::vector<Finding> find_borrowed_trust(const Summary& summary) {
  std::vector<Finding> findings;
  for (const Rule& rule : all_rules()) {
    if (!rule.is_of_logs()) continue;
    const std::size_t before = findings.size();
    rule.find(summary, findings);
    for (std::size_t i = before; i < findings.size(); ++i) {
      findings[i].rule = rule.id;
      findings[i].finding_class = rule.finding_class;
      findings[i].chain = rules::chain_of(summary, findings[i].credential);
      seal(findings[i]);
    }
  }
  group_into_incidents(findings);
  sort_findings(findings);
  return findings;
}

}  // namespace mandate::observe
