#include "mandate/base/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "mandate/base/bytes.h"

namespace mandate {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = 96;

int width(const IpAddress& address) { return address.is_v4() ? 32 : 128; }

// The first `bits` of the 16 bytes are the same.
bool same_prefix(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b,
                 int bits) {
  auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  int rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

// How many of the 128 bits, from the front, hold the last one that is set.
int significant_bits(const std::array<std::uint8_t, 16>& bytes) {
  for (int i = 128; i > 0; --i) {
    auto at = static_cast<std::size_t>((i - 1) / 8);
    if ((bytes[at] >> (7 - (i - 1) % 8) & 1) != 0) return i;
  }
  return 0;
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN] = {};
  IpAddress address;
  bool fits = text.size() < sizeof buffer && text.find('\0') == std::string_view::npos;
  if (fits) std::copy(text.begin(), text.end(), buffer);
  if (fits && inet_pton(AF_INET, buffer, address.bytes_.data() + kMappedPrefix.size()) == 1) {
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes_.begin());
    address.v4_ = true;
    return address;
  }
  if (!fits || inet_pton(AF_INET6, buffer, address.bytes_.data()) != 1) {
    return fail(Reason::kBadRequest, quoted(text) + " is not an IP address; expected IPv4 or IPv6");
  }
  address.v4_ = std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes_.begin());
  return address;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (v4_) {
    inet_ntop(AF_INET, bytes_.data() + kMappedPrefix.size(), buffer, sizeof buffer);
  } else {
    inet_ntop(AF_INET6, bytes_.data(), buffer, sizeof buffer);
  }
  return buffer;
}

Result<Cidr> Cidr::parse(std::string_view text) {
  std::size_t slash = text.find('/');
  std::string_view written = text.substr(0, slash);
  Result<IpAddress> address = IpAddress::parse(written);
  if (!address) return fail(address.error());
  if (slash == std::string_view::npos) return Cidr(*address, width(*address));

  auto refuse = [&](const char* expected) {
    return fail(Reason::kBadRequest, quoted(text) + " is not a network; expected " + expected);
  };
  std::string_view digits = text.substr(slash + 1);
  int bits = -1;
  auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  bool is_number = error == std::errc{} && stop == digits.data() + digits.size() && bits >= 0 &&
                   (digits.size() == 1 || digits[0] != '0') && digits[0] != '-';
  // A mapped address written as IPv6 counts its prefix from the IPv6 start.
  bool mapped = address->is_v4() && written.find(':') != std::string_view::npos;
  if (!is_number || bits > (mapped ? 128 : width(*address))) {
    return refuse("address/prefix with a prefix length that fits the address");
  }
  int bits_of_128 = address->is_v4() && !mapped ? bits + kMappedBits : bits;
  // An IPv4 network may be 0.0.0.0/0, whose mapped form is significant up to bit 96.
  if (significant_bits(address->bytes()) > bits_of_128) return refuse("host bits that are zero");
  return Cidr(*address, address->is_v4() ? bits_of_128 - kMappedBits : bits);
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.is_v4() != network_.is_v4()) return false;
  int bits = prefix_bits_ + (network_.is_v4() ? kMappedBits : 0);
  return same_prefix(address.bytes(), network_.bytes(), bits);
}

bool Cidr::contains(const Cidr& other) const {
  return other.prefix_bits_ >= prefix_bits_ && contains(other.network_);
}

std::string Cidr::text() const { return network_.text() + "/" + std::to_string(prefix_bits_); }

}  // namespace mandate
