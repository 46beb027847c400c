// A digest as a key of a hash table: it is as good as random, so its first bytes are its hash.
//
//   std::unordered_map<Digest, int, DigestHash> places;
#pragma once

#include <cstddef>
#include <cstring>

#include "mandate/base/bytes.h"

namespace mandate {

struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }
};

}  // namespace mandate
