#include "mandate/crypto/system_random.h"

#include <openssl/rand.h>

#include <climits>

#include "mandate/crypto/openssl.h"

namespace mandate::crypto {

std::string SystemRandom::bytes(std::size_t count) {
  std::string out(count, '\0');
  // Without randomness nothing may be issued; there is no weaker source to fall back on.
  must(count <= INT_MAX && RAND_bytes(octets(out), static_cast<int>(count)) == 1);
  return out;
}

}  // namespace mandate::crypto
