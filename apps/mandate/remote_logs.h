// A server's published logs, as the folder that the audit reads; needs the right `audit:read`.
//
//   store::audit::visit_journal(RemoteLogs(api, "journal"), visitor);
#pragma once

#include <string>
#include <vector>

#include "apps/mandate/api_client.h"
#include "mandate/store/audit/folder.h"

namespace mandate::app {

class RemoteLogs final : public store::audit::Folder {
 public:
  // `which`: "record" or "journal"; the folder holds no other.
  RemoteLogs(ApiClient& api, std::string which) : api_(api), which_(std::move(which)) {}

  Result<std::optional<std::string>> read(const std::string& path,
                                          std::uint64_t bytes_max) const override;
  Result<std::vector<std::string>> list(const std::string& path) const override;

 private:
  ApiClient& api_;
  std::string which_;
};

}  // namespace mandate::app
