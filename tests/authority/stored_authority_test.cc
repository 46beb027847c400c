#include "mandate/authority/stored_authority.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <vector>

#include "mandate/base/limits.h"

namespace mandate {
namespace {

// In memory of its own, as a record would keep it.
struct Stored {
  std::deque<Permission> terms;
  std::unique_ptr<std::uint64_t[]> memory;
  const StoredAuthority* at = nullptr;

  explicit Stored(const Authority& authority) {
    std::vector<StoredAuthority::Part> parts;
    for (const Permission& permission : authority.permissions()) {
      terms.push_back(permission);
      terms.back().identifier = std::nullopt;
      StoredAuthority::Part& part = parts.emplace_back(StoredAuthority::Part{&terms.back(), {}});
      if (permission.identifier) part.identifier = permission.identifier->text();
    }
    // Exactly as much as it asks for: a sanitizer sees a byte more.
    const std::size_t bytes = StoredAuthority::size_of(parts);
    memory = std::make_unique<std::uint64_t[]>((bytes + 7) / 8);
    at = StoredAuthority::make(memory.get(), parts);
  }
};

Authority authority(std::string_view json) {
  return Authority::parse(json::parse(json).value()).value();
}

constexpr std::string_view kAuthorities[] = {
    "[]",
    R"([{"type":"t","locations":["https://a.example"],"actions":["read"]}])",
    R"([{"type":"t","locations":["https://a.example"],"actions":["read"],"identifier":"queue/7"}])",
    R"([{"type":"t","locations":["https://a.example"],"actions":["read"],"identifier":"queue/*"},
        {"type":"t","locations":["https://a.example"],"actions":["read"],"identifier":"*/eu/**"}])",
    R"([{"type":"t","locations":["https://a.example","https://b.example"],
         "actions":["read","write"],"identifier":"queue/**"},
        {"type":"t","locations":["https://a.example"],"actions":["close"],
         "constraints":{"networks":["10.0.0.0/8"]}},
        {"type":"u","locations":["https://b.example"],"actions":["read"],
         "constraints":{"hours":{"days":["sun"],"from":"00:00","to":"01:00","zone":"UTC"}}}])",
};

TEST(StoredAuthority, IsTheAuthorityThatItWasMadeOfAndNoOther) {
  for (const std::string_view one : kAuthorities) {
    const Stored stored(authority(one));
    EXPECT_EQ(stored.at->whole(), authority(one)) << one;
    for (const std::string_view other : kAuthorities) {
      EXPECT_EQ(*stored.at == authority(other), one == other) << one << " and " << other;
    }
  }
}

TEST(StoredAuthority, PermitsExactlyWhatTheAuthorityPermits) {
  const IpAddress near = IpAddress::parse("10.1.2.3").value();
  const IpAddress far = IpAddress::parse("192.0.2.1").value();
  std::size_t permitted = 0;
  std::size_t refused = 0;
  for (const std::string_view one : kAuthorities) {
    const Stored stored(authority(one));
    for (const char* type : {"t", "u"}) {
      for (const char* location : {"https://a.example", "https://b.example"}) {
        for (const char* action : {"read", "write", "close"}) {
          for (const char* identifier : {"", "queue/7", "queue/8", "x/eu/1", "queue"}) {
            for (const IpAddress* address : {&near, &far}) {
              AccessRequest request{.type = type,
                                    .location = ResourceId::parse(location).value(),
                                    .action = action,
                                    .identifier = std::nullopt,
                                    .facts = {},
                                    .client_address = *address};
              if (*identifier != 0) request.identifier = Identifier::parse(identifier).value();
              ConstraintInputs inputs;
              inputs.client_address = address;
              const Coverage whole = authority(one).permits(request, inputs);
              const Coverage found = stored.at->permits(request, inputs);
              EXPECT_EQ(found.miss, whole.miss) << one << action << identifier;
              EXPECT_EQ(found.constraint, whole.constraint) << one << action << identifier;
              ++(whole.permits() ? permitted : refused);
            }
          }
        }
      }
    }
  }
  EXPECT_GT(permitted, 30u);
  EXPECT_GT(refused, 30u);
}

TEST(StoredAuthority, WithAnIdentifierOfItsOwnTakesLittleMore) {
  const Authority own = authority(kAuthorities[2]);
  const Permission& terms = own.permissions()[0];
  const StoredAuthority::Part part{&terms, "queue/7"};
  EXPECT_LE(StoredAuthority::size_of({&part, 1}), 32u);
}

}  // namespace
}  // namespace mandate
