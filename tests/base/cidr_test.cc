#include "mandate/base/cidr.h"

#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace mandate {
namespace {

using test::ErrorIs;

constexpr std::string_view kRefused = "refused";

template <class T>
void check(std::string_view text, std::string_view expected) {
  SCOPED_TRACE(text);
  Result<T> parsed = T::parse(text);
  if (expected == kRefused) {
    EXPECT_THAT(parsed, ErrorIs(Reason::kBadRequest));
  } else {
    ASSERT_THAT(parsed, test::IsOk());
    EXPECT_EQ(parsed->text(), expected);
  }
}

TEST(Cidr, addresses_have_one_meaning) {
  check<IpAddress>("10.1.2.3", "10.1.2.3");
  check<IpAddress>("255.255.255.255", "255.255.255.255");
  check<IpAddress>("256.1.1.1", kRefused);
  check<IpAddress>("10.01.2.3", kRefused);  // octal elsewhere
  check<IpAddress>("10.1.2", kRefused);
  check<IpAddress>("0x0a.1.2.3", kRefused);
  check<IpAddress>("10.1.2.3.4", kRefused);
  check<IpAddress>("167838211", kRefused);
  check<IpAddress>("2001:DB8::1", "2001:db8::1");
  check<IpAddress>("::", "::");
  check<IpAddress>("::ffff:10.1.2.3", "10.1.2.3");
  check<IpAddress>("::ffff:a01:203", "10.1.2.3");
  check<IpAddress>("1::2::3", kRefused);
  check<IpAddress>("12345::", kRefused);
  check<IpAddress>("fe80::1%eth0", kRefused);
  check<IpAddress>("[::1]", kRefused);
  check<IpAddress>("10.1.2.3:80", kRefused);
  check<IpAddress>("10.1.2.3 ", kRefused);
  check<IpAddress>(std::string_view("10.1.2.3\0", 9), kRefused);
  check<IpAddress>(std::string(200, '1'), kRefused);
  check<IpAddress>("", kRefused);
}

TEST(Cidr, networks_have_no_host_bits) {
  check<Cidr>("10.0.0.0/8", "10.0.0.0/8");
  check<Cidr>("10.0.0.1/8", kRefused);
  check<Cidr>("10.128.0.0/9", "10.128.0.0/9");
  check<Cidr>("10.128.0.0/8", kRefused);
  check<Cidr>("0.0.0.0/0", "0.0.0.0/0");
  check<Cidr>("10.1.2.3", "10.1.2.3/32");
  check<Cidr>("10.1.2.3/32", "10.1.2.3/32");
  check<Cidr>("10.1.2.3/33", kRefused);
  check<Cidr>("10.1.2.2/31", "10.1.2.2/31");
  check<Cidr>("10.1.2.3/31", kRefused);
  check<Cidr>("::/0", "::/0");
  check<Cidr>("2001:db8::/32", "2001:db8::/32");
  check<Cidr>("2001:db8::1/32", kRefused);
  check<Cidr>("2001:db8::1", "2001:db8::1/128");
  check<Cidr>("2001:db8::/129", kRefused);
  check<Cidr>("::ffff:10.0.0.0/104", "10.0.0.0/8");
  check<Cidr>("::ffff:0.0.0.0/96", "0.0.0.0/0");
  check<Cidr>("::ffff:0.0.0.0/95", kRefused);
  check<Cidr>("10.0.0.0/", kRefused);
  check<Cidr>("10.0.0.0/08", kRefused);
  check<Cidr>("10.0.0.0/-8", kRefused);
  check<Cidr>("10.0.0.0/+8", kRefused);
  check<Cidr>("10.0.0.0/8/8", kRefused);
  check<Cidr>("10.0.0.0/8 ", kRefused);
  check<Cidr>("10.0.0.0/255.0.0.0", kRefused);
  check<Cidr>("10.0.0.0/99999999999", kRefused);
}

struct ContainsRow {
  std::string_view network;
  std::string_view address;
  bool expected;
};

TEST(Cidr, contains_compares_the_prefix_within_one_family) {
  constexpr ContainsRow kRows[] = {{"10.0.0.0/8", "10.255.255.255", true},
                                   {"10.0.0.0/8", "11.0.0.0", false},
                                   {"10.128.0.0/9", "10.128.0.0", true},
                                   {"10.128.0.0/9", "10.127.255.255", false},
                                   {"10.1.2.3/32", "10.1.2.3", true},
                                   {"10.1.2.3/32", "10.1.2.2", false},
                                   {"0.0.0.0/0", "255.255.255.255", true},
                                   {"0.0.0.0/0", "::1", false},
                                   {"::/0", "2001:db8::1", true},
                                   {"::/0", "10.1.2.3", false},
                                   {"10.0.0.0/8", "::ffff:10.1.2.3", true},
                                   {"10.0.0.0/8", "::10.1.2.3", false},
                                   {"2001:db8::/33", "2001:db8:7fff::", true},
                                   {"2001:db8::/33", "2001:db8:8000::", false}};
  for (const ContainsRow& row : kRows) {
    EXPECT_EQ(Cidr::parse(row.network)->contains(*IpAddress::parse(row.address)), row.expected)
        << row.network << " and " << row.address;
  }
}

TEST(Cidr, a_network_contains_the_networks_within_it) {
  constexpr ContainsRow kRows[] = {
      {"10.0.0.0/8", "10.0.0.0/8", true},  {"10.0.0.0/8", "10.1.0.0/16", true},
      {"10.0.0.0/8", "10.0.0.0/7", false}, {"10.0.0.0/8", "11.0.0.0/16", false},
      {"0.0.0.0/0", "::/0", false},        {"::/0", "0.0.0.0/0", false},
      {"::/0", "2001:db8::/32", true},     {"2001:db8::/32", "::/0", false}};
  for (const ContainsRow& row : kRows) {
    EXPECT_EQ(Cidr::parse(row.network)->contains(Cidr::parse(row.address).value()), row.expected)
        << row.network << " and " << row.address;
  }
}

}  // namespace
}  // namespace mandate
