// An AWS account in a line: entities with their policies, for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mandate/json/value.h"

namespace mandate::observe {

inline const std::string kAccount = "111122223333";
inline std::string arn(const std::string& what) { return "arn:aws:iam::" + kAccount + ":" + what; }

// A statement: `Allow ACTION[,ACTION] RESOURCE`, with a condition behind where it is not empty.
inline std::string statement(const std::string& effect, const std::string& actions,
                             const std::string& resource = "*", const std::string& more = {}) {
  std::string list = "[\"";
  for (char c : actions) list += c == ',' ? std::string("\",\"") : std::string(1, c);
  return R"({"Effect":")" + effect + R"(","Action":)" + list + R"("],"Resource":")" + resource +
         "\"" + (more.empty() ? "" : "," + more) + "}";
}
inline std::string document(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}
inline std::string trust(const std::string& principal, const std::string& more = {},
                         const std::string& action = "sts:AssumeRole") {
  return R"({"Statement":{"Effect":"Allow","Action":")" + action + R"(","Principal":)" + principal +
         (more.empty() ? "" : "," + more) + "}}";
}
inline std::string trust_service(const std::string& service) {
  return trust(R"({"Service":")" + service + R"("})");
}

class AwsPage {
 public:
  AwsPage& user(const std::string& name, const std::string& statements,
                const std::string& more = {}) {
    return add(users_, "User", "user/", name, statements, more);
  }
  AwsPage& group(const std::string& name, const std::string& statements) {
    return add(groups_, "Group", "group/", name, statements, {});
  }
  AwsPage& role(const std::string& name, const std::string& statements, const std::string& trusted,
                const std::string& more = {}) {
    return add(roles_, "Role", "role/", name, statements,
               R"("AssumeRolePolicyDocument":)" + trusted + (more.empty() ? "" : "," + more));
  }
  AwsPage& policy(const std::string& name, const std::string& statements, int versions = 1) {
    std::string text = R"({"PolicyName":")" + name + R"(","Arn":")" + arn("policy/" + name) +
                       R"(","PolicyVersionList":[{"IsDefaultVersion":true,"Document":)" +
                       document(statements) + "}";
    for (int i = 1; i < versions; ++i) text += R"(,{"IsDefaultVersion":false,"Document":{}})";
    return append(policies_, text + "]}");
  }
  // AttachedManagedPolicies of the entity added next to last: pass as `more`.
  static std::string attached(const std::string& name) {
    return R"("AttachedManagedPolicies":[{"PolicyName":")" + name + R"(","PolicyArn":")" +
           arn("policy/" + name) + R"("}])";
  }
  std::string text() const {
    return R"({"UserDetailList":[)" + users_ + R"(],"GroupDetailList":[)" + groups_ +
           R"(],"RoleDetailList":[)" + roles_ + R"(],"Policies":[)" + policies_ + "]}";
  }

 private:
  AwsPage& append(std::string& list, const std::string& item) {
    list += (list.empty() ? "" : ",\n") + item;
    return *this;
  }
  AwsPage& add(std::string& list, const std::string& noun, const std::string& kind,
               const std::string& name, const std::string& statements, const std::string& more) {
    std::string text =
        R"({"Path":"/",")" + noun + R"(Name":")" + name + R"(","Arn":")" + arn(kind + name) + "\"";
    if (!statements.empty()) {
      text += ",\"" + noun + R"(PolicyList":[{"PolicyName":"p","PolicyDocument":)" +
              document(statements) + "}]";
    }
    return append(list, text + (more.empty() ? "" : "," + more) + "}");
  }

  std::string users_;
  std::string groups_;
  std::string roles_;
  std::string policies_;
};

}  // namespace mandate::observe
