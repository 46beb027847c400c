// How many decisions a second others make in process, one core: npm's casbin with ten rules,
// cedar-wasm with three policies, biscuit-wasm with a token of three blocks. Prints a line of JSON
// each, as bench/frame/figure.h has them.
import {newEnforcer, newModel, StringAdapter} from 'casbin';
import cedar from '@cedar-policy/cedar-wasm/nodejs';

const ROUNDS = 5;
const ROUND_MS = 150;

const print = (figure, samples, note) =>
  console.log(JSON.stringify({figure, unit: '1/s', samples, note}));

async function measure(figure, note, decide) {
  const samples = [];
  for (let round = 0; round <= ROUNDS; round++) {
    let done = 0;
    const begin = process.cpuUsage().user + process.cpuUsage().system;
    let taken = 0;
    while (taken < ROUND_MS * 1000) {
      for (let i = 0; i < 50; i++) if (!await decide(done++)) throw new Error(`${figure}: denied`);
      taken = process.cpuUsage().user + process.cpuUsage().system - begin;
    }
    if (round > 0) samples.push(done / taken * 1e6);
  }
  print(figure, samples, note);
}

const model = newModel(`
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
`);
const rules = Array.from({length: 10}, (_, i) => `p, agent:triage-${i}, queue-${i}, read`);
const enforcer = await newEnforcer(model, new StringAdapter(rules.join('\n')));
await measure('decision.peer.casbin', 'ten rules, no delegation, no proof',
              (i) => enforcer.enforceSync(`agent:triage-${i % 10}`, `queue-${i % 10}`, 'read'));

const policies = [0, 1, 2].map((i) => `permit(principal == Agent::"triage-${i}",
  action == Action::"read", resource in Queue::"q${i}");`);
const entity = (type, id, parents = []) => ({uid: {type, id}, attrs: {}, parents});
const entities = [0, 1, 2].flatMap((i) => [
  entity('Agent', `triage-${i}`), entity('Queue', `q${i}`),
  entity('Ticket', `t${i}`, [{type: 'Queue', id: `q${i}`}])]);
await measure('decision.peer.cedar_wasm', 'three policies, no delegation, no proof', (i) => {
  const answer = cedar.isAuthorized({
    principal: {type: 'Agent', id: `triage-${i % 3}`}, action: {type: 'Action', id: 'read'},
    resource: {type: 'Ticket', id: `t${i % 3}`}, context: {},
    policies: {staticPolicies: policies.join('\n')}, entities});
  return answer.type === 'success' && answer.response.decision === 'allow';
});

// Its module imports WebAssembly as an ES module: node --experimental-wasm-modules.
const biscuit = await import('@biscuit-auth/biscuit-wasm').catch((error) => {
  console.error(`biscuit-wasm is left out: ${error.message}`);
});
if (biscuit) {
  biscuit.init?.();
  const root = new biscuit.KeyPair(biscuit.SignatureAlgorithm.Ed25519);
  const token = biscuit.biscuit`right("queue-1", "read"); user("maria")`
    .build(root.getPrivateKey())
    .appendBlock(biscuit.block`check if operation("read")`)
    .appendBlock(biscuit.block`check if resource("queue-1")`);
  const text = token.toBase64();
  await measure('decision.peer.biscuit_wasm', 'a token of three blocks, read and checked each time',
                () => {
    const read = biscuit.Biscuit.fromBase64(text, root.getPublicKey());
    const authorizer = biscuit.authorizer`operation("read"); resource("queue-1");
      allow if right($r, "read"), resource($r)`.buildAuthenticated(read);
    return authorizer.authorizeWithLimits(
      {max_facts: 1000, max_iterations: 100, max_time_micro: 1_000_000}) >= 0;
  });
}
