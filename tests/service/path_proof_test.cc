// What a path answer must hold to be believed: the entries that the question is about, each in a
// log that a known key signed, beside the one answer that does.
#include "mandate/service/path_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "mandate/base/bytes.h"
#include "mandate/ledger/receipt.h"
#include "mandate/ledger/tree.h"
#include "mandate/token/jws.h"
#include "testing/matchers.h"

namespace mandate::test {
namespace {

using json::Value;
using ledger::NoteSigner;
using ::testing::HasSubstr;

constexpr const char* kOrigin = "m.example/log/journal/0000000001";
constexpr const char* kReceiptName = "m.example/receipt";

crypto::PrivateKey key_of(char seed) {
  return crypto::PrivateKey::from_ed25519_seed(std::string(32, seed)).value();
}
NoteSigner signer(const char* name, char seed) {
  return NoteSigner::make(name, key_of(seed)).value();
}

Digest digest_at(const std::string& leaf) {
  return to_digest(decode_base64url(leaf).value()).value();
}

// A log of three hops, a fork of the first and another story.
class Journal {
 public:
  Journal() {
    first_ = add("agent:triage", "txn-1", {});
    second_ = add("service:tickets", "txn-1", {first_});
    third_ = add("service:archive", "txn-1", {second_});
    other_ = add("service:reports", "txn-2", {});
  }

  const std::string& first() const { return first_; }
  const std::string& second() const { return second_; }
  const std::string& third() const { return third_; }
  const std::string& other() const { return other_; }

  Value item(const std::string& leaf, const NoteSigner& by = signer(kOrigin, 'j')) const {
    const std::uint64_t index = index_.at(leaf);
    ledger::Frontier tree;
    for (const std::string& entry : entries_) tree.append(ledger::leaf_hash(entry));
    const ledger::Checkpoint checkpoint{
        .origin = kOrigin, .size = tree.size(), .root = tree.root()};
    json::Array hashes;
    const auto proof = ledger::prove_inclusion(
        index, tree.size(), [this](int level, std::uint64_t at) { return hash(level, at); });
    for (const Digest& one : proof.value()) hashes.emplace_back(encode_base64url(view(one)));
    return Value::object({{"leaf", leaf},
                          {"origin", kOrigin},
                          {"entry", entries_[index]},
                          {"index", static_cast<std::int64_t>(index)},
                          {"proof", Value::object({{"checkpoint", by.sign(checkpoint.text())},
                                                   {"hashes", std::move(hashes)}})}});
  }

 private:
  std::string add(const char* client, const char* txn, const std::vector<std::string>& before) {
    json::Array links;
    for (const std::string& leaf : before) {
      links.push_back(Value::object({{"as", "subject"}, {"leaf", leaf}, {"origin", kOrigin}}));
    }
    entries_.push_back(json::canonical(Value::object(
        {{"token",
          Value::object({{"sub", "human:maria@a.example"}, {"client_id", client}, {"txn", txn}})},
         {"predecessors", std::move(links)}})));
    const std::string leaf = encode_base64url(view(ledger::leaf_hash(entries_.back())));
    index_[leaf] = entries_.size() - 1;
    return leaf;
  }
  Result<Digest> hash(int level, std::uint64_t at) const {
    if (level == 0) return ledger::leaf_hash(entries_[at]);
    return ledger::node_hash(*hash(level - 1, 2 * at), *hash(level - 1, 2 * at + 1));
  }

  std::vector<std::string> entries_;
  std::map<std::string, std::uint64_t> index_;
  std::string first_, second_, third_, other_;
};

const Journal& journal() {
  static const Journal made;
  return made;
}

std::string token_of(const std::string& jti) {
  return token::sign_jws(key_of('t'), crypto::Algorithm::kEdDsa, "at+jwt", "",
                         Value::object({{"jti", jti}}));
}
std::string receipt_of(const std::string& leaf, char seed = 'p') {
  return ledger::sign_receipt({.log = kOrigin,
                               .run = "run-1",
                               .leaf = digest_at(leaf),
                               .issued_at = parse_rfc3339("2026-12-01T00:00:00Z").value()},
                              signer(kReceiptName, seed));
}

using Leaves = std::vector<std::string>;

Value answer(const Leaves& leaves) {
  json::Array entries;
  for (const std::string& leaf : leaves) entries.push_back(journal().item(leaf));
  return Value::object({{"entries", std::move(entries)}});
}

Result<Value> verify(const Value& question, const Value& response) {
  const std::vector<ledger::NoteVerifier> keys = {signer(kOrigin, 'j').verifier(),
                                                  signer(kReceiptName, 'p').verifier()};
  return service::verify_path(question, response, keys);
}

// The one door: verified, or a problem that says this.
void check(const Value& question, const Value& response, const std::string& problem) {
  const Result<Value> path = verify(question, response);
  ASSERT_THAT(path, IsOk());
  EXPECT_EQ(path->find("verified")->as_bool(), problem.empty()) << json::canonical(*path);
  EXPECT_THAT(json::canonical(*path->find("problems")), HasSubstr(problem));
}

struct Question {
  const char* name;
  std::function<Value(const std::string& leaf)> about;
};

void PrintTo(const Question& question, std::ostream* out) { *out << question.name; }

class Asked : public ::testing::TestWithParam<Question> {
 protected:
  Value about(const std::string& leaf) const { return GetParam().about(leaf); }
};

constexpr const char* kNoPart = "no part of what was asked for";

TEST_P(Asked, the_entry_and_what_it_names_is_the_answer) {
  const Journal& j = journal();
  check(about(j.third()), answer({j.third(), j.second(), j.first()}), "");
  check(about(j.first()), answer({j.first()}), "");
  const Result<Value> path = verify(about(j.third()), answer({j.third(), j.second(), j.first()}));
  EXPECT_EQ(path->find("actor")->as_string(), "service:archive");
}

TEST_P(Asked, true_entries_about_something_else_are_no_answer) {
  const Journal& j = journal();
  check(about(j.third()), answer({j.other()}), kNoPart);
  check(about(j.first()), answer({j.other()}), kNoPart);
  check(about(j.third()), answer({j.second(), j.first()}), kNoPart);
  // A successor of what was asked, which nothing in the answer leads to.
  check(about(j.second()), answer({j.third(), j.second(), j.first()}), kNoPart);
  check(about(j.third()), answer({j.third(), j.second(), j.first(), j.other()}), kNoPart);
}

TEST_P(Asked, the_answer_begins_with_what_was_asked) {
  const Journal& j = journal();
  check(about(j.third()), answer({j.third(), j.first(), j.second()}), "");
  for (const Leaves& leaves :
       {Leaves{j.first(), j.second(), j.third()}, Leaves{j.second(), j.third(), j.first()}}) {
    const Result<Value> path = verify(about(j.third()), answer(leaves));
    // Not the word of whoever stands first is taken for who acted last.
    EXPECT_TRUE(!path || !path->find("verified")->as_bool() ||
                path->find("actor")->as_string() == "service:archive")
        << json::canonical(*path);
  }
}

TEST_P(Asked, no_hop_is_left_out) {
  const Journal& j = journal();
  check(about(j.third()), answer({j.third(), j.second()}), "is missing");
  check(about(j.third()), answer({j.third(), j.first()}), "is missing");
  check(about(j.third()), answer({j.third(), j.first()}), kNoPart);
}

INSTANTIATE_TEST_SUITE_P(
    By, Asked,
    ::testing::Values(Question{"jti",
                               [](const std::string& leaf) {
                                 return Value::object({{"jti", leaf}});
                               }},
                      Question{"token",
                               [](const std::string& leaf) {
                                 return Value::object({{"token", token_of(leaf)}});
                               }},
                      Question{"receipt",
                               [](const std::string& leaf) {
                                 return Value::object({{"receipt", receipt_of(leaf)}});
                               }}),
    [](const auto& question) { return std::string(question.param.name); });

TEST(Path, a_transaction_is_its_entries_and_what_they_name) {
  const Journal& j = journal();
  const Value question = Value::object({{"txn", "txn-1"}});
  check(question, answer({j.third(), j.second(), j.first()}), "");
  check(question, answer({j.first()}), "");
  check(question, answer({j.third(), j.second(), j.first(), j.other()}), kNoPart);
  check(question, answer({j.other()}), kNoPart);
  check(Value::object({{"txn", "txn-2"}}), answer({j.other()}), "");
  check(Value::object({{"txn", "txn-2"}}), answer({j.other(), j.first()}), kNoPart);
}

TEST(Path, a_receipt_that_no_known_key_signed_is_no_question) {
  const Journal& j = journal();
  const Value response = answer({j.first()});
  check(Value::object({{"receipt", receipt_of(j.first())}}), response, "");
  EXPECT_THAT(verify(Value::object({{"receipt", receipt_of(j.first(), 'x')}}), response),
              ErrorIs(Reason::kTokenMalformed));
  EXPECT_THAT(verify(Value::object({{"receipt", "receipt"}}), response),
              ErrorIs(Reason::kTokenMalformed));
  EXPECT_THAT(verify(Value::object({{"token", "token"}}), response),
              ErrorIs(Reason::kTokenMalformed));
  EXPECT_THAT(verify(Value::object({{"jti", j.first()}}), answer({})),
              ErrorIs(Reason::kBadRequest));
}

TEST(Path, each_part_of_an_entry_is_proven) {
  const Journal& j = journal();
  const Value question = Value::object({{"jti", j.first()}});
  const auto changed = [&](std::string_view member, Value value) {
    Value item = journal().item(j.first());
    item.set(member, std::move(value));
    return Value::object({{"entries", Value::array({std::move(item)})}});
  };
  check(question, changed("leaf", j.first()), "");
  check(question, changed("entry", "{}"), "does not hash to its leaf");
  check(question, changed("origin", "m.example/log/record"), "no key is known for the log");
  check(question, changed("proof", nullptr), "comes without a proof");
  check(question, changed("index", -1), "comes without a proof");
  EXPECT_FALSE(verify(question, changed("index", 1))->find("verified")->as_bool());
  const Value by_another = *journal().item(j.first(), signer(kOrigin, 'x')).find("proof");
  EXPECT_FALSE(verify(question, changed("proof", by_another))->find("verified")->as_bool());
  const Value of_another = *journal().item(j.second()).find("proof");
  EXPECT_FALSE(verify(question, changed("proof", of_another))->find("verified")->as_bool());
}

}  // namespace
}  // namespace mandate::test
