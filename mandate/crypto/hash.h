// SHA-256 and HMAC-SHA-256, with contexts fetched once a thread (a fetch for each call is two to
// three times slower on small inputs).
//
//   Digest d = sha256("abc");   Sha256 h; h.update("a"); h.update("bc"); h.finish() == d
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "mandate/base/bytes.h"

namespace mandate::crypto {

Digest sha256(std::string_view bytes);
// sha256 of the parts one after the other, without joining them.
Digest sha256(std::string_view a, std::string_view b);
Digest sha256(std::string_view a, std::string_view b, std::string_view c);

// For input that comes in pieces. `finish` once; the object is empty again after it.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Digest hmac_sha256(std::string_view key, std::string_view message);

}  // namespace mandate::crypto
