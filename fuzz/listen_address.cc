// An address to listen on, as configuration and command line have it: what is accepted has one
// text, which is read back to the same.
#include "mandate/http/server/listening.h"

#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using mandate::http::ListenAddress;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const mandate::Result<ListenAddress> address = ListenAddress::parse(input);
  if (!address) {
    require(address.error().reason == mandate::Reason::kBadRequest);
    return 0;
  }
  require(address->is_unix() == input.starts_with("unix:"));
  require(!address->is_unix() || address->is_local());
  const mandate::Result<ListenAddress> again = ListenAddress::parse(address->text());
  require(again && again->host == address->host && again->port == address->port &&
          again->unix_path == address->unix_path && again->text() == address->text());
  return 0;
}
