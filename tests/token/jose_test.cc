// ATTACKS A1 to A20 for every kind of JWT: each refused row with its permitted twin.
#include <gtest/gtest.h>

#include <optional>

#include "mandate/base/limits.h"
#include "mandate/token/jws.h"
#include "testing/matchers.h"
#include "tests/token/kinds.h"
#include "tests/token/signatures.h"

namespace mandate::test {
namespace {

using json::Value;

enum class Why { kMalformed, kNotSigned, kLimit };

struct Row {
  std::string name;
  Why why;
  std::function<std::string(const Kind&)> refused;
  // The same without the one thing that is wrong; by default the valid one.
  std::function<std::string(const Kind&)> permitted = [](const Kind& kind) { return kind.valid(); };
  // Rows about `kid` say nothing of kinds whose key stands in the header, and the other way round.
  enum class Applies { kAll, kKeyById } applies = Applies::kAll;
};

Reason reason_of(Why why, const Kind& kind) {
  switch (why) {
    case Why::kMalformed: return kind.malformed;
    case Why::kNotSigned: return kind.not_signed;
    case Why::kLimit: break;
  }
  return Reason::kLimitExceeded;
}

// The one door: `text` is refused for `reason`, and says nothing of itself.
void check(const Kind& kind, const std::string& text, std::optional<Reason> reason) {
  const Result<void> judged = kind.judge(text, kNow);
  if (!reason) {
    EXPECT_THAT(judged, IsOk());
    return;
  }
  ASSERT_THAT(judged, ErrorIs(*reason));
  const std::string signature = text.substr(text.rfind('.') + 1);
  if (signature.size() <= 8) return;
  EXPECT_EQ(judged.error().detail.find(signature), std::string::npos);
}

Row header_row(std::string name, std::string_view member, Value value) {
  return {std::move(name), Why::kMalformed,
          [member, value](const Kind& kind) { return kind.with_header(member, value); }};
}

Row raw_claims_row(std::string name, Why why, std::string raw) {
  return {std::move(name), why, [raw](const Kind& kind) {
            Forge forge = kind.forge;
            forge.raw_claims = raw;
            return forge.signed_by(kind.key);
          }};
}

// Header names a key of the attacker, who signs: it is not looked at. Its twin names the same key
// and is signed by the right one.
Row foreign_key_row(std::string name, std::string_view member, Value value) {
  return {std::move(name), Why::kNotSigned,
          [member, value](const Kind& kind) {
            Forge forge = kind.forge;
            forge.header.set(member, value);
            return forge.signed_by(test_key("p384"), crypto::Algorithm::kEs384);
          },
          [member, value](const Kind& kind) { return kind.with_header(member, value); }};
}

std::string with_alg(const Kind& kind, std::string_view alg) {
  Forge forge = kind.forge;
  forge.header.set("alg", alg);
  return forge.signed_by(kind.key);
}

std::string with_hs256(const Kind& kind, const std::string& secret) {
  Forge forge = kind.forge;
  forge.header.set("alg", "HS256");
  return forge.with_hs256(secret);
}

std::string prefixed(const json::Value& object, const std::string& member) {
  return '{' + member + ',' + json::canonical(object).substr(1);
}

std::vector<Row> algorithm_rows() {
  std::vector<Row> rows;
  for (const char* alg : {"none", "None", "nOnE", "NONE", "HS256", "HS384", "ES256K", "es256",
                          "ES512", "RS1", "RSA1_5", "", " ES256"}) {
    const std::string word = alg[0] == ' ' ? "spaced" : alg[0] == '\0' ? "empty" : alg;
    rows.push_back({"A1_alg_" + word, Why::kMalformed,
                    [alg](const Kind& kind) { return with_alg(kind, alg); }});
  }
  rows.push_back({"A1_none_without_signature", Why::kMalformed, [](const Kind& kind) {
                    Forge forge = kind.forge;
                    forge.header.set("alg", "none");
                    return forge.with_signature("");
                  }});
  rows.push_back({"A1_signature_empty", Why::kMalformed,
                  [](const Kind& kind) { return kind.forge.with_signature(""); }});
  rows.push_back(header_row("A1_alg_number", "alg", 256));
  rows.push_back({"A1_alg_missing", Why::kMalformed, [](const Kind& kind) {
                    Forge forge = kind.forge;
                    forge.header = without(forge.header, "alg");
                    return forge.signed_by(kind.key);
                  }});
  rows.push_back({"A2_hs256_by_jwk_text", Why::kMalformed, [](const Kind& kind) {
                    return with_hs256(kind, json::canonical(kind.key.public_key().to_jwk()));
                  }});
  rows.push_back({"A2_hs256_by_der", Why::kMalformed, [](const Kind& kind) {
                    return with_hs256(kind, p256_der(kind.key.public_key()));
                  }});
  rows.push_back({"A2_hs256_by_pem", Why::kMalformed, [](const Kind& kind) {
                    return with_hs256(kind, p256_pem(kind.key.public_key()));
                  }});
  rows.push_back({"A3_hs256_by_empty_key", Why::kMalformed,
                  [](const Kind& kind) { return with_hs256(kind, ""); }});
  // The alg is known and signed as named, but the key is of another type.
  rows.push_back({"A14_alg_es384_on_p256", Why::kNotSigned,
                  [](const Kind& kind) { return with_alg(kind, "ES384"); }});
  rows.push_back({"A14_alg_rs256_on_ec", Why::kNotSigned, [](const Kind& kind) {
                    Forge forge = kind.forge;
                    forge.header.set("alg", "RS256");
                    return forge.signed_by(test_key("rsa"));
                  }});
  rows.push_back({"A14_alg_eddsa_on_ec", Why::kNotSigned,
                  [](const Kind& kind) { return with_alg(kind, "EdDSA"); }});
  return rows;
}

std::vector<Row> key_rows() {
  const Value attacker = test_key("p384").public_key().to_jwk();
  std::vector<Row> rows;
  for (const char* url : {"https://attacker.example/jwks", "http://169.254.169.254/latest",
                          "file:///etc/passwd", "http://127.0.0.1:1/"}) {
    const std::string tail = std::to_string(rows.size());
    rows.push_back(foreign_key_row("A5_jku_" + tail, "jku", url));
    rows.push_back(foreign_key_row("A5_x5u_" + tail, "x5u", url));
  }
  rows.push_back(foreign_key_row("A6_x5c", "x5c", Value::array({"MIIBAAAA"})));
  rows.push_back(foreign_key_row("A6_x5t", "x5t", "AAAA"));
  rows.push_back(foreign_key_row("A6_x5t_s256", "x5t#S256", "AAAA"));
  Row jwk = foreign_key_row("A4_jwk_of_attacker", "jwk", attacker);
  jwk.applies = Row::Applies::kKeyById;
  rows.push_back(jwk);

  const std::vector<std::pair<std::string, std::string>> unknown = {
      {"path", "../../dev/null"}, {"sql", "' OR 1=1 --"},          {"shell", "$(reboot)"},
      {"ldap", "*)(uid=*))(|"},   {"long", std::string(256, 'k')}, {"empty", ""}};
  for (const auto& pair : unknown) {
    const std::string kid = pair.second;
    rows.push_back({"A7_kid_" + pair.first, Why::kNotSigned,
                    [kid](const Kind& kind) { return kind.with_header("kid", kid); },
                    [](const Kind& kind) { return kind.valid(); }, Row::Applies::kKeyById});
  }
  const std::vector<std::pair<std::string, Value>> shapeless = {
      {"257_bytes", std::string(257, 'k')},
      {"nul", std::string("a\0b", 3)},
      {"newline", "a\nb"},
      {"number", 1},
      {"array", Value::array({"k"})},
      {"null", nullptr}};
  for (const auto& pair : shapeless)
    rows.push_back(header_row("A7_kid_" + pair.first, "kid", pair.second));
  rows.push_back({"A7_kid_100_kB", Why::kLimit, [](const Kind& kind) {
                    return kind.with_header("kid", std::string(100'000, 'k'));
                  }});
  return rows;
}

std::vector<Row> extension_rows() {
  std::vector<Row> rows;
  const auto with_crit = [&](const std::string& name, Value crit, std::string_view member) {
    rows.push_back({"A8_crit_" + name, Why::kMalformed,
                    [crit, member](const Kind& kind) {
                      Forge forge = kind.forge;
                      if (!member.empty()) forge.header.set(member, true);
                      forge.header.set("crit", crit);
                      return forge.signed_by(kind.key);
                    },
                    // An extension that is not critical is passed over.
                    [](const Kind& kind) { return kind.with_header("exp-ext", true); }});
  };
  with_crit("unknown", Value::array({"exp-ext"}), "exp-ext");
  with_crit("empty", Value::array({}), "");
  with_crit("twice", Value::array({"exp-ext", "exp-ext"}), "exp-ext");
  with_crit("absent", Value::array({"exp-ext"}), "");
  with_crit("registered", Value::array({"alg"}), "");
  with_crit("string", "exp-ext", "exp-ext");
  with_crit("null", nullptr, "");
  rows.push_back({"A9_b64_false_critical", Why::kMalformed, [](const Kind& kind) {
                    Forge forge = kind.forge;
                    forge.header.set("b64", false);
                    forge.header.set("crit", Value::array({"b64"}));
                    return forge.signed_by(kind.key);
                  }});
  rows.push_back(header_row("A9_b64_false", "b64", false));
  rows.push_back(header_row("A9_b64_true", "b64", true));
  rows.push_back(header_row("A10_zip", "zip", "DEF"));
  rows.push_back({"A10_jwe_of_5_parts", Why::kMalformed, [](const Kind& kind) {
                    return encode_base64url(R"({"alg":"ECDH-ES","enc":"A256GCM"})") + "." +
                           kind.valid() + ".AAAA";
                  }});
  rows.push_back(header_row("A25_typ_number", "typ", 1));
  rows.push_back(header_row("A25_typ_prefix_only", "typ", "application/"));
  rows.push_back({"header_of_5_kB", Why::kLimit,
                  [](const Kind& kind) { return kind.with_header("x", std::string(5'000, 'x')); },
                  [](const Kind& kind) { return kind.with_header("x", std::string(3'000, 'x')); }});
  return rows;
}

std::vector<Row> signature_rows() {
  std::vector<Row> rows;
  const auto with = [&](const std::string& name,
                        std::function<std::string(const std::string&)> change) {
    rows.push_back({"A11_" + name, Why::kNotSigned, [change](const Kind& kind) {
                      const std::string input = kind.forge.signing_input();
                      return kind.forge.with_signature(
                          change(kind.key.sign(crypto::Algorithm::kEs256, input)));
                    }});
  };
  const std::string n = p256_order();
  with("r_and_s_zero", [](const std::string&) { return std::string(64, '\0'); });
  with("r_is_n", [n](const std::string& rs) { return n + rs.substr(32); });
  with("s_is_n", [n](const std::string& rs) { return rs.substr(0, 32) + n; });
  with("r_all_ones", [](const std::string& rs) { return std::string(32, '\xff') + rs.substr(32); });
  with("s_zero", [](const std::string& rs) { return rs.substr(0, 32) + std::string(32, '\0'); });
  with("der", [](const std::string& rs) { return to_der(rs); });
  with("63_bytes", [](const std::string& rs) { return rs.substr(0, 63); });
  with("65_bytes", [](const std::string& rs) { return rs + '\0'; });
  with("one_bit_changed",
       [](const std::string& rs) { return static_cast<char>(rs[0] ^ 1) + rs.substr(1); });
  rows.push_back({"A11_claims_changed", Why::kNotSigned, [](const Kind& kind) {
                    Forge forge = kind.forge;
                    forge.claims.set("extra", 1);
                    const std::string valid = kind.valid();
                    return forge.signing_input() + valid.substr(valid.rfind('.'));
                  }});
  rows.push_back({"A11_header_changed", Why::kNotSigned, [](const Kind& kind) {
                    Forge forge = kind.forge;
                    forge.header.set("extra", 1);
                    const std::string valid = kind.valid();
                    return forge.signing_input() + valid.substr(valid.rfind('.'));
                  }});
  return rows;
}

std::vector<Row> duplicate_rows() {
  std::vector<Row> rows;
  for (const char* member : {"alg", "typ"}) {
    rows.push_back(
        {std::string("A17_header_twice_") + member, Why::kMalformed, [member](const Kind& kind) {
           Forge forge = kind.forge;
           forge.raw_header =
               prefixed(forge.header, '"' + std::string(member) +
                                          "\":" + json::canonical(*forge.header.find(member)));
           return forge.signed_by(kind.key);
         }});
  }
  for (const char* member : {"sub", "aud", "act", "cnf", "exp", "x"}) {
    const std::string text = '"' + std::string(member) + "\":1";
    rows.push_back(
        {std::string("A17_claim_twice_") + member, Why::kMalformed, [text](const Kind& kind) {
           Forge forge = kind.forge;
           forge.raw_claims = prefixed(forge.claims, text + ',' + text);
           return forge.signed_by(kind.key);
         }});
  }
  rows.push_back({"A17_claim_twice_by_escape", Why::kMalformed,
                  [](const Kind& kind) {
                    Forge forge = kind.forge;
                    forge.raw_claims = prefixed(forge.claims, R"("x":1,"\u0078":2)");
                    return forge.signed_by(kind.key);
                  },
                  [](const Kind& kind) {
                    Forge forge = kind.forge;
                    forge.raw_claims = prefixed(forge.claims, R"("x":1,"\u0079":2)");
                    return forge.signed_by(kind.key);
                  }});
  return rows;
}

std::vector<Row> text_rows() {
  std::vector<Row> rows;
  const auto changed = [&](const std::string& name, std::function<std::string(std::string)> change,
                           Why why) {
    rows.push_back({name, why, [change](const Kind& kind) { return change(kind.valid()); }});
  };
  changed(
      "A18_padding", [](std::string t) { return t + "=="; }, Why::kMalformed);
  changed(
      "A18_space_after", [](std::string t) { return t + ' '; }, Why::kMalformed);
  changed(
      "A18_space_before", [](std::string t) { return ' ' + t; }, Why::kMalformed);
  changed(
      "A18_newline_inside", [](std::string t) { return t.insert(10, "\n"); }, Why::kMalformed);
  changed("A18_trailing_bits", with_trailing_bit, Why::kMalformed);
  changed(
      "A19_two_segments", [](std::string t) { return t.substr(0, t.rfind('.')); }, Why::kMalformed);
  changed(
      "A19_one_segment", [](std::string t) { return t.substr(0, t.find('.')); }, Why::kMalformed);
  changed(
      "A19_four_segments", [](std::string t) { return t + ".AAAA"; }, Why::kMalformed);
  changed(
      "A19_six_segments", [](std::string t) { return t + ".AAAA.AAAA.AAAA"; }, Why::kMalformed);
  changed(
      "A19_header_empty", [](std::string t) { return t.substr(t.find('.')); }, Why::kMalformed);
  changed(
      "A19_payload_empty",
      [](std::string t) { return t.substr(0, t.find('.') + 1) + t.substr(t.rfind('.')); },
      Why::kMalformed);
  changed(
      "A19_only_dots", [](const std::string&) { return std::string(".."); }, Why::kMalformed);
  changed(
      "A19_empty", [](const std::string&) { return std::string(); }, Why::kMalformed);
  changed(
      "A19_1_MiB", [](std::string t) { return t + std::string(1 << 20, 'A'); }, Why::kLimit);
  changed("A19_json_serialization", to_json_serialization, Why::kMalformed);
  rows.push_back({"A18_other_alphabet", Why::kMalformed, [](const Kind& kind) {
                    std::string text = kind.valid();
                    while (text.find_first_of("-_") == std::string::npos) text = kind.valid();
                    for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
                    return text;
                  }});
  return rows;
}

std::vector<Row> payload_rows() {
  std::vector<Row> rows;
  for (const auto& [name, raw] :
       std::vector<std::pair<std::string, std::string>>{{"array", "[]"},
                                                        {"string", "\"x\""},
                                                        {"number", "1"},
                                                        {"null", "null"},
                                                        {"not_json", "{"},
                                                        {"not_utf8", "{\"x\":\"\xff\"}"},
                                                        {"two_objects", "{}{}"}}) {
    rows.push_back(raw_claims_row("A20_payload_" + name, Why::kMalformed, raw));
  }
  std::string members = "{\"a\":0";
  for (int i = 0; i < 100'000; ++i) members += ",\"m" + std::to_string(i) + "\":0";
  rows.push_back(raw_claims_row("A20_payload_of_100_000_members", Why::kLimit, members + '}'));
  rows.push_back(raw_claims_row("A20_payload_5000_deep", Why::kLimit,
                                std::string(5000, '[') + std::string(5000, ']')));
  const auto with = [&](const std::string& name, const std::string& refused,
                        const std::string& permitted) {
    const auto make = [](std::string member) {
      return [member](const Kind& kind) {
        Forge forge = kind.forge;
        forge.raw_claims = prefixed(forge.claims, member);
        return forge.signed_by(kind.key);
      };
    };
    rows.push_back({"A20_" + name, Why::kMalformed, make(refused), make(permitted)});
  };
  with("lone_surrogate", R"("x":"\ud800")", R"("x":"\ud83d\ude00")");
  with("overlong_utf8", "\"x\":\"\xc0\xaf\"", "\"x\":\"\xc3\xa9\"");
  with("number_1e400", R"("x":1e400)", R"("x":1e300)");
  with("comment", R"(/**/"x":1)", R"("x":1)");
  rows.push_back({"A20_byte_order_mark", Why::kMalformed, [](const Kind& kind) {
                    Forge forge = kind.forge;
                    forge.raw_claims = "\xef\xbb\xbf" + json::canonical(forge.claims);
                    return forge.signed_by(kind.key);
                  }});
  rows.push_back({"A20_header_is_array", Why::kMalformed, [](const Kind& kind) {
                    Forge forge = kind.forge;
                    forge.raw_header = "[" + json::canonical(forge.header) + "]";
                    return forge.signed_by(kind.key);
                  }});
  return rows;
}

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  for (const auto& part : {algorithm_rows(), key_rows(), extension_rows(), signature_rows(),
                           duplicate_rows(), text_rows(), payload_rows()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

class Jose : public ::testing::TestWithParam<Row> {};

TEST_P(Jose, IsRefusedForEveryKindAndItsTwinPermitted) {
  const Row& row = GetParam();
  for (const Kind& kind : kinds()) {
    if (row.applies == Row::Applies::kKeyById && kind.key_in_header) continue;
    SCOPED_TRACE(kind.name);
    check(kind, row.refused(kind), reason_of(row.why, kind));
    check(kind, row.permitted(kind), std::nullopt);
  }
}

INSTANTIATE_TEST_SUITE_P(Attacks, Jose, ::testing::ValuesIn(all_rows()),
                         [](const auto& row) { return row.param.name; });

TEST(Jose, TokenTextIsBoundedOnBothSides) {
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    // The claim grows until the text is exactly at the bound, or past it by less than a group.
    std::string at_bound;
    std::string past_bound;
    for (std::size_t size = 10'000; past_bound.empty(); ++size) {
      const std::string text = kind.with_claim("x", std::string(size, 'x'));
      (text.size() <= limits::kJwtBytesMax ? at_bound : past_bound) = text;
      if (size == 10'000) size += (limits::kJwtBytesMax - text.size()) * 3 / 4 - 8;
    }
    EXPECT_GE(at_bound.size() + 2, limits::kJwtBytesMax);
    check(kind, at_bound, std::nullopt);
    check(kind, past_bound, Reason::kLimitExceeded);
  }
}

TEST(Jose, TypeIsReadAsAMediaType) {
  const auto type_of = [](Value typ) {
    const std::string text = kind("actor").with_header("typ", std::move(typ));
    return token::Jws::parse(text, Place::kActorToken)->type();
  };
  EXPECT_EQ(type_of("AT+JWT"), "at+jwt");
  EXPECT_EQ(type_of("application/at+jwt"), "at+jwt");
  EXPECT_EQ(type_of("Application/AT+jwt"), "at+jwt");
  EXPECT_EQ(type_of("text/at+jwt"), "text/at+jwt");
}

}  // namespace
}  // namespace mandate::test
