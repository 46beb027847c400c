// IP addresses and networks in CIDR form, IPv4 and IPv6. An IPv4-mapped IPv6 address is the IPv4
// address. A network's host bits must be zero.
//
//   Cidr::parse("10.0.0.0/8")->contains(*IpAddress::parse("10.1.2.3"))
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "mandate/base/result.h"

namespace mandate {

class IpAddress {
 public:
  // Dotted quad without leading zeros, or RFC 4291 text; no zone, no port, no brackets.
  static Result<IpAddress> parse(std::string_view text);

  bool is_v4() const { return v4_; }
  // 16 bytes in network order; an IPv4 address stands in its mapped form.
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  std::string text() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  IpAddress() = default;
  std::array<std::uint8_t, 16> bytes_{};
  bool v4_ = false;
};

class Cidr {
 public:
  // `address/prefix`; a bare address is a network of one.
  static Result<Cidr> parse(std::string_view text);

  bool contains(const IpAddress& address) const;
  // Every address of `other` lies in this network.
  bool contains(const Cidr& other) const;
  std::string text() const;

  friend bool operator==(const Cidr&, const Cidr&) = default;
  friend auto operator<=>(const Cidr&, const Cidr&) = default;

 private:
  explicit Cidr(IpAddress network, int prefix_bits)
      : network_(network), prefix_bits_(prefix_bits) {}
  IpAddress network_;
  int prefix_bits_;  // of 32 or 128
};

}  // namespace mandate
