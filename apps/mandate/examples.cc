#include "apps/mandate/examples.h"

#include <utility>

namespace mandate::app {

namespace {

constexpr std::pair<std::string_view, const char*> kExamples[] = {
    {"serve",
     "The first start makes DIR/operator.json, the identity of the first operator:\n"
     "  mandate serve --data data --listen 127.0.0.1:8181 --apply org.yaml"},
    {"apply",
     "Prints what differs: + added, ~ changed, - ended. Nothing ends by being left out, unless\n"
     "--prune says so:\n"
     "  mandate apply -f org.yaml --prune --dry-run"},
    {"get",
     "  mandate get delegations\n"
     "  mandate get delegations triage-reads"},
    {"grant",
     "Within what the delegator holds; wider is refused:\n"
     "  mandate grant triage-reads --delegator human:maria@acme.example \\\n"
     "    --delegate agent:triage --type tickets --action read \\\n"
     "    --location https://tickets.acme.example --identifier 'queue/eu/*' \\\n"
     "    --not-after 2027-03-31T00:00:00Z --purpose 'first-line triage'"},
    {"revoke",
     "It cannot be undone, and the id is never used again; `suspend` can be taken back:\n"
     "  mandate revoke delegation triage-reads --dry-run"},
    {"suspend", "  mandate suspend agent:triage"},
    {"resume", "  mandate resume agent:triage"},
    {"token",
     "As the agent, for whoever gave it the delegation:\n"
     "  mandate token --identity agent.json --delegation triage-reads > triage.token\n"
     "Onward, as the service that received that token:\n"
     "  mandate token --identity tickets.json --subject-token triage.token \\\n"
     "    --resource https://archive.acme.example\n"
     "Headers for one HTTP request, with a fresh proof of the key:\n"
     "  mandate token --identity agent.json --delegation triage-reads \\\n"
     "    --request GET --url https://tickets.acme.example/queue/eu/17 > headers\n"
     "  curl --header @headers https://tickets.acme.example/queue/eu/17"},
    {"check",
     "Exit code 0 is a permit, 1 a denial. With the token and the key of who acts:\n"
     "  mandate check --identity tickets.json --subject human:maria@acme.example \\\n"
     "    --action read --type tickets --id queue/eu/17 \\\n"
     "    --access-token triage.token --actor agent.json"},
    {"path",
     "  mandate path \"$(cat triage.token)\"\n"
     "  mandate path RECEIPT --output dot | dot -Tsvg > path.svg"},
    {"blast",
     "Over what inventories make possible, logs show and the record grants, together or apart:\n"
     "  mandate blast arn:aws:iam::111122223333:user/ann iam.json logs/\n"
     "  mandate blast AKIAIOSFODNN7EXAMPLE logs/ --evidence observed\n"
     "  mandate blast system:serviceaccount:shop:robot cluster/ --backward\n"
     "  mandate blast triage-reads export.ndjson\n"
     "  mandate blast agent:triage --server https://mandate.acme.example logs/\n"
     "  mandate blast deployer iam.json --output dot | dot -Tsvg > blast.svg"},
    {"merge",
     "In any order and grouping the findings are those of one scan of everything:\n"
     "  mandate scan --partial -o monday.part logs/monday/\n"
     "  mandate scan --partial -o tuesday.part logs/tuesday/\n"
     "  mandate merge monday.part tuesday.part --output ndjson"},
    {"identity",
     "The key that it prints goes into a document's `authenticators: [{jwk: ...}]`:\n"
     "  mandate identity agent:triage --out agent.json"},
    {"rotate", "  mandate keys rotate --algorithm ES256 --overlap 30d"},
    {"retire", "  mandate keys retire KID"},
    {"compromise",
     "Every token by it is refused at once; clients get new ones by a new key:\n"
     "  mandate keys compromise KID"},
    {"backup",
     "While the server runs or not; the checkpoint that it prints belongs elsewhere:\n"
     "  mandate backup /var/lib/mandate /backup/monday > /elsewhere/checkpoint"},
    {"replace",
     "With the server stopped, as the owner of its folder:\n"
     "  mandate operator replace --data /var/lib/mandate"},
    {"health", "  mandate health --server http://127.0.0.1:8181"},
    {"completion", "  mandate completion bash > /etc/bash_completion.d/mandate"},
    {"man", "  mandate man > mandate.1 && man ./mandate.1"},
    {"shadow",
     "Resources say `enforcement: shadow` in the document:\n"
     "  mandate report shadow --since 7d --propose missing.json\n"
     "  mandate apply -f missing.json --dry-run"},
    {"key", "  mandate audit key --data data > keys"},
    {"verify",
     "A checkpoint or receipt kept elsewhere shows a cut tail and a fork:\n"
     "  cp -r data/log copy\n"
     "  mandate audit verify copy --keys keys --against checkpoint"},
    {"restore",
     "The server stays closed on a folder that was copied or restored, since a backup may have\n"
     "forgotten revocations. Tell it the newest checkpoint that anybody kept, and give a copy of\n"
     "the published logs if there is a newer one; what the backup lacks is put back from it:\n"
     "  mandate restore --data data --checkpoint kept/checkpoint --log kept/log\n"
     "Nothing newer is known than the folder itself (it was only moved):\n"
     "  mandate restore --data data --checkpoint data/log/record/checkpoint\n"
     "Tokens from before end in any case. With --accept-loss everybody is suspended, a new\n"
     "operator is made, and the logs begin anew under new keys."},
    {"prove", "  mandate audit prove copy JTI"},
    {"export", "  mandate audit export copy > entries.ndjson"},
};

}  // namespace

const char* example_of(std::string_view name) {
  for (const auto& [command, example] : kExamples) {
    if (command == name) return example;
  }
  return "";
}

}  // namespace mandate::app
