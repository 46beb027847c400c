// The engine against the model of the laws, on worlds and questions that the fuzzer makes: the same
// permits, and for each refusal a reason that the model has too.
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/support/finding.h"
#include "tests/laws/engine.h"

namespace {

using namespace mandate::test;

constexpr int kQuestions = 16;

[[noreturn]] void disagree(const Case& question, const mandate::model::Reasons& expected,
                           const Answer& answer) {
  std::string text = describe(question) + "\nthe model:";
  for (const std::string& reason : expected) text += " " + reason;
  text += expected.empty() ? " permits\nthe engine: " : "\nthe engine: ";
  text += answer.permitted() ? "permits" : answer.refusal + " " + answer.detail;
  mandate::fuzz::found("engine and model differ", text);
}

void compare(EngineWorld& engine, const mandate::model::World& world, const Case& question) {
  const mandate::model::Reasons expected =
      mandate::model::refusals(world, question.token, question.request);
  const Answer answer = decide(engine, question);
  const bool agrees = answer.permitted() ? expected.empty() : expected.count(answer.refusal) != 0;
  if (!agrees) disagree(question, expected, answer);
  const std::string& actor = question.token.actor;
  if (permits(engine, actor, question.request) !=
      mandate::model::permits(world, actor, question.request)) {
    mandate::fuzz::found("engine and model differ on whether some lineage permits it",
                         actor + ": " + describe(question));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Source source(std::string_view(reinterpret_cast<const char*>(data), size));
  const mandate::model::World world = make_world(source);
  const std::vector<mandate::model::Lineage> lineages = lineages_of(world);
  if (lineages.empty()) return 0;
  EngineWorld engine(world);
  for (int i = 0; i < kQuestions; ++i) compare(engine, world, make_case(source, world, lineages));
  return 0;
}
