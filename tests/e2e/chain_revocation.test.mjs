// A to B to C, and A is revoked: B and C are refused at the resource, B cannot extend, and each
// refusal names the dead node.
import assert from 'node:assert/strict';
import test from 'node:test';

import {jose} from '../clients/index.mjs';
import {sleep} from './harness.mjs';
import {ARCHIVE, startOrganisation, TICKET, TICKETS, VAULT, walkChain} from './organisation.mjs';

const hops = (all, chain) => [
  {name: 'A', actor: all.triage, server: all.tickets, resource: TICKETS, token: chain.a},
  {name: 'B', actor: all.tickets, server: all.archive, resource: ARCHIVE, token: chain.b},
  {name: 'C', actor: all.archive, server: all.vault, resource: VAULT, token: chain.c},
];

// Both doors of a resource, asked about one hop's request.
async function ask({actor, server, resource, token}) {
  const decision = await server.evaluate({actor, token: token.access_token, action: 'read',
                                          id: TICKET, location: resource});
  const forward = await actor.forwardAuth({resource, token: token.access_token,
                                           path: `/${TICKET}`});
  return {decision, forward};
}

async function expectPermitted(hop) {
  const {decision, forward} = await ask(hop);
  assert.equal(decision.decision, true, `${hop.name}: ${JSON.stringify(decision)}`);
  assert.equal(forward.status, 200, `${hop.name}: ${forward.body}`);
  assert.equal(forward.headers['mandate-subject'], 'human:maria@acme.example');
  assert.equal(forward.headers['mandate-actor'], hop.actor.id);
}

async function expectRefused(hop, reason, named) {
  const {decision, forward} = await ask(hop);
  assert.equal(decision.decision, false, hop.name);
  assert.equal(decision.context.reason, reason, `${hop.name}: ${JSON.stringify(decision)}`);
  assert.ok(decision.context.reason_detail.includes(named), decision.context.reason_detail);
  assert.equal(forward.status, 401, `${hop.name}: ${forward.body}`);
  assert.equal(forward.headers['mandate-reason'], reason);
  assert.ok(forward.json.error_description.includes(named), forward.body);
}

async function expectNoExtension({archive}, chain, reason, named) {
  const answer = await archive.exchange({subject_token: chain.b.access_token, resource: VAULT});
  assert.equal(answer.status, 400, answer.body);
  assert.equal(answer.json.error, 'invalid_request', answer.body);
  assert.equal(answer.json.reason, reason, answer.body);
  assert.ok(answer.json.error_description.includes(named), answer.body);
}

const jtiOf = (answer) => jose.decodeJwt(answer.access_token).jti;

// Of the revoked node, A's own refusal may be of another kind than those of what rests on it.
const rows = [
  {what: 'the delegation', kind: 'delegation', id: () => 'triage-reads',
   named: () => 'triage-reads',
   first: 'delegation_revoked', later: 'ancestor_revoked'},
  {what: 'the principal', kind: 'principal', id: () => 'agent:triage', named: () => 'agent:triage',
   first: 'principal_retired', later: 'principal_retired'},
  {what: 'the token', kind: 'token', id: (chain) => jtiOf(chain.a),
   named: (chain) => jtiOf(chain.a),
   first: 'token_revoked', firstNamed: '', later: 'ancestor_revoked'},
  {what: 'the transaction', kind: 'transaction',
   id: (chain) => jose.decodeJwt(chain.a.access_token).txn,
   named: (chain) => jose.decodeJwt(chain.a.access_token).txn,
   first: 'ancestor_revoked', later: 'ancestor_revoked'},
  {what: "the root's entitlement", kind: 'entitlement', id: () => 'maria-tickets',
   named: () => 'maria-tickets', first: 'ancestor_revoked', later: 'ancestor_revoked'},
];

for (const row of rows) {
  test(`when ${row.what} of A is revoked, B and C are refused and B cannot extend`, async (t) => {
    const all = await startOrganisation(t);
    const chain = await walkChain(all);
    for (const hop of hops(all, chain)) await expectPermitted(hop);
    const extended = await all.archive.exchange({subject_token: chain.b.access_token,
                                                 resource: VAULT});
    assert.equal(extended.status, 200, extended.body);

    await all.server.revoke(row.kind, row.id(chain));
    const [a, b, c] = hops(all, chain);
    const named = row.named(chain);
    await expectRefused(a, row.first, row.firstNamed ?? named);
    await expectRefused(b, row.later, named);
    await expectRefused(c, row.later, named);
    await expectRefused({...c, token: extended.json}, row.later, named);
    await expectNoExtension(all, chain, row.later, named);
    const seen = await all.archive.introspect(chain.b.access_token);
    assert.deepEqual(seen.json, {active: false});
  });
}

test('when a hop below is revoked, the hops above it go on', async (t) => {
  const all = await startOrganisation(t);
  const chain = await walkChain(all);
  await all.server.revoke('delegation', 'archive-onward');
  const [a, b, c] = hops(all, chain);
  await expectPermitted(a);
  await expectRefused(b, 'delegation_revoked', 'archive-onward');
  await expectRefused(c, 'ancestor_revoked', 'archive-onward');
});

test('J10 a revocation cut short by kill -9 is whole or not there, for every hop', async (t) => {
  const all = await startOrganisation(t);
  const {server} = all;
  const before = await walkChain(all);
  const revoking = server.cli('revoke', 'delegation', 'triage-reads').catch(() => undefined);
  await sleep(20);
  await server.kill();
  const told = (await revoking)?.code === 0;
  await server.launch({listen: new URL(server.url).host});
  for (const party of [all.triage, all.tickets, all.archive, all.vault]) party.nonce = undefined;
  const answers = [];
  for (const hop of hops(all, before)) answers.push((await ask(hop)).decision.decision);
  assert.deepEqual(answers, answers.map(() => answers[0]));
  if (told) assert.equal(answers[0], false);
  if (answers[0]) await server.revoke('delegation', 'triage-reads');
  for (const hop of hops(all, before)) assert.equal((await ask(hop)).decision.decision, false);
});
