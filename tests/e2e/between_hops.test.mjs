// What passes from hand to hand between requests: hop grants and actor tokens carry no further, and
// no longer, than what they came from.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';
import {Door, INVALID_REQUEST} from './attacks.mjs';
import {scope} from './harness.mjs';
import {
  ARCHIVE,
  days,
  permission,
  startOrganisation,
  TICKET,
  TICKETS,
  VAULT,
} from './organisation.mjs';
import {ACCESS_TOKEN, EXCHANGE, JWT, Party} from './party.mjs';

const INACTIVE = {active: false};
const HOP_GRANTS_TRIED = 400;

describe('what a hop grant and an actor token carry', () => {
  let all;
  let key2; // agent:triage's other key, of which the last row makes use
  const t = scope();
  const door = new Door(() => all);
  before(async () => {
    key2 = await Party.make('agent:triage');
    all = await startOrganisation(t, (document, {triage, other}) => {
      const forMaria = (id, delegate, location) => ({
        id,
        delegator: 'human:maria@acme.example',
        delegate: delegate.id,
        max_depth: 0,
        not_after: days(30),
        authority: [permission({locations: [location]})],
      });
      document.delegations.push(forMaria('other-own', other, VAULT));
      document.delegations.push(forMaria('triage-vault', triage, VAULT));
      return document;
    });
    key2.at(all.server);
    await all.triage.fetchNonce();
    for (const party of [key2, all.other, all.tickets]) party.nonce = all.triage.nonce;
  });

  const granted = (answer) => {
    assert.equal(answer.status, 200, answer.body);
    return answer.json.access_token;
  };
  const begin = async () => granted(await all.triage.actFor('triage-reads', {resource: TICKETS}));
  const grant = (token, to, locations = [TICKETS]) =>
    all.triage.hopGrant({
      token,
      to,
      authority: [permission({locations, identifier: 'queue/eu/*'})],
    });
  const useGrant = async (token, hop_grant, more = {}) =>
    all.other.exchange({subject_token: token, hop_grant, resource: TICKETS, ...more});
  // A token of triage's, handed on to `other`: {token, carried, delegation}.
  const handOn = async () => {
    const token = await begin();
    const carried = granted(await useGrant(token, await grant(token, all.other)));
    return {token, carried, delegation: jose.decodeJwt(carried).lineage[0]};
  };
  const decide = (actor, token) =>
    all.tickets.evaluate({actor, token, action: 'read', id: TICKET, location: TICKETS});
  const entryOf = async (receipt) => (await all.server.path(receipt)).entries[0].entry;

  door.row('a hop grant has no statement, an ordinary delegation has one', {
    bad: async () =>
      all.other.call('GET', `/delegations/${(await handOn()).delegation}/statement`),
    twin: () => all.other.call('GET', '/delegations/other-own/statement'),
    status: 404,
    reason: 'bad_request',
  });

  const subjectHandedOn = async (over) => {
    const {token, delegation} = await handOn();
    return all.other.exchange({subject_token: token, resource: TICKETS, ...over(delegation)});
  };
  door.row('a hop grant on record carries only who shows it again', {
    bad: () => subjectHandedOn((delegation_id) => ({delegation_id})),
    twin: async () => {
      const token = await begin();
      return useGrant(token, await grant(token, all.other));
    },
    ...INVALID_REQUEST,
    reason: 'hop_grant_required',
  });

  test('a hop grant to an audience does not stand in the way of its handovers', async () => {
    const token = await begin();
    const byGrant = await all.tickets.exchange({
      subject_token: token,
      resource: ARCHIVE,
      hop_grant: await grant(token, all.tickets, [ARCHIVE]),
    });
    const [hop] = jose.decodeJwt(granted(byGrant)).lineage;
    for (const subject_token of [token, await begin()]) {
      const plain = await all.tickets.exchange({subject_token, resource: ARCHIVE});
      assert.deepEqual(jose.decodeJwt(granted(plain)).lineage, ['archive-onward', 'triage-reads']);
    }
    const named = (delegation_id) =>
      all.tickets.exchange({subject_token: token, resource: ARCHIVE, delegation_id});
    granted(await named('archive-onward'));
    door.check(await named(hop), {...INVALID_REQUEST, reason: 'no_delegation'}, 0);
  });

  test('no delegation is cut from a hop grant', async () => {
    const {delegation} = await handOn();
    const below = (parent) => ({
      apiVersion: 'mandate/v1',
      delegations: [
        {
          id: 'below',
          parent,
          delegate: 'service:reports',
          max_depth: 0,
          not_after: days(1),
          authority: [permission({identifier: 'queue/eu/*'})],
        },
      ],
    });
    const file = await all.server.write('below.json', below(delegation));
    const refused = await all.server.cli('apply', '-f', file);
    assert.equal(refused.code, 1, refused.stderr);
    assert.equal(refused.json.reason, 'bad_request', refused.stdout);
    const {differences} = await all.server.apply(below('triage-reads'));
    assert.deepEqual(differences.map(({id}) => id), ['below']);
  });

  test('an exchange that is refused spends no hop grant and puts none on record', async () => {
    const token = await begin();
    const hop_grant = await grant(token, all.other);
    const hops = async () =>
      (await all.server.text('get', 'delegations')).stdout.match(/\bhop-[\w-]+/g) ?? [];
    const stood = new Set(await hops()).size;
    const wide = await useGrant(token, hop_grant, {scope: 'tickets:close'});
    door.check(wide, {status: 400, error: 'invalid_scope', reason: 'outside_authority'}, 0);
    assert.equal(new Set(await hops()).size, stood);
    granted(await useGrant(token, hop_grant, {scope: 'tickets:read'}));
    assert.equal(new Set(await hops()).size, stood + 1);
    const again = await useGrant(token, hop_grant, {scope: 'tickets:read'});
    door.check(again, {...INVALID_REQUEST, reason: 'proof_replayed'}, 0);
  });

  const ends = {
    token: async ({token}) => assert.equal((await all.triage.revoke(token)).status, 200),
    transaction: ({token}) => all.server.revoke('transaction', jose.decodeJwt(token).txn),
  };
  for (const [name, end] of Object.entries(ends)) {
    test(`what a hop grant carried ends with its ${name}`, async () => {
      const [ended, standing] = [await handOn(), await handOn()];
      await end(ended);
      const {decision, context} = await decide(all.other, ended.carried);
      assert.deepEqual([decision, context.reason], [false, 'ancestor_revoked']);
      assert.equal((await entryOf(context.receipt)).reason, 'ancestor_revoked');
      assert.deepEqual((await all.other.introspect(ended.carried)).json, INACTIVE);
      // There is no other way to another token.
      const path = `/delegations/${ended.delegation}/statement`;
      assert.equal((await all.other.call('GET', path)).status, 404);
      const again = {subject_token: await begin(), delegation_id: ended.delegation};
      const unshown = {...INVALID_REQUEST, reason: 'hop_grant_required'};
      door.check(await all.other.exchange({resource: TICKETS, ...again}), unshown, 0);
      const narrow = ({carried}) => all.other.exchange({subject_token: carried});
      const expected = {...INVALID_REQUEST, reason: 'ancestor_revoked'};
      door.check(await narrow(ended), expected, 0);

      assert.equal((await decide(all.other, standing.carried)).decision, true);
      assert.equal((await all.other.introspect(standing.carried)).json.active, true);
      granted(await narrow(standing));
    });
  }

  const byActor = (actor_token, statement) =>
    all.triage.token({
      grant_type: EXCHANGE,
      subject_token: statement,
      subject_token_type: JWT,
      actor_token,
      actor_token_type: ACCESS_TOKEN,
      resource: TICKETS,
    });
  test('an actor token whose delegation is revoked proves nothing more', async () => {
    const statement = await all.triage.statement('triage-reads');
    const dead = granted(await all.triage.actFor('triage-vault', {resource: VAULT}));
    const live = granted(await all.triage.actFor('triage-reads', {resource: TICKETS}));
    granted(await byActor(dead, statement));
    await all.server.revoke('delegation', 'triage-vault');
    granted(await byActor(live, statement));
    assert.deepEqual((await all.triage.introspect(dead)).json, INACTIVE);
    const expected = {...INVALID_REQUEST, reason: 'delegation_revoked'};
    door.check(await byActor(dead, statement), expected, 0);
  });

  test('what an actor token rested on is what the result rests on', async () => {
    const kid = (party) => ({typ: 'client-authentication+jwt', kid: party.jkt});
    const by = async (signer) =>
      granted(
        await key2.token({
          resource: all.server.issuer,
          client_assertion: await signer.assertion({}, kid(signer)),
        }),
      );
    const statement = await all.triage.statement('triage-reads');
    const handed = await handOn();
    const triage = all.document.principals.find(({id}) => id === all.triage.id);
    await all.server.apply({
      apiVersion: 'mandate/v1',
      principals: [{...triage, authenticators: [{jwk: all.triage.jwk}, {jwk: key2.jwk}]}],
    });
    const exchange = async (actor_token) =>
      key2.token({
        grant_type: EXCHANGE,
        subject_token: statement,
        subject_token_type: JWT,
        actor_token,
        actor_token_type: ACCESS_TOKEN,
        resource: TICKETS,
        client_assertion: await key2.assertion({}, kid(key2)),
      });
    const actors = {first: await by(all.triage), second: await by(key2)};
    const first = granted(await exchange(actors.first));
    const second = granted(await exchange(actors.second));
    await all.server.revoke('authenticator', all.triage.jkt);
    const {decision, context} = await decide(key2, first);
    assert.deepEqual([decision, context.reason], [false, 'ancestor_revoked']);
    assert.equal((await entryOf(context.receipt)).reason, 'ancestor_revoked');
    assert.equal((await decide(key2, second)).decision, true);
    // What a hop grant carried rests on its holder's key as well.
    assert.deepEqual((await all.other.introspect(handed.carried)).json, INACTIVE);
    const expected = {...INVALID_REQUEST, reason: 'ancestor_revoked'};
    door.check(await exchange(actors.first), expected, 0);
    granted(await exchange(actors.second));
  });

  door.onRecord();
});

test('live hop grants below one delegation are bounded, and ordinary work goes on', async (t) => {
  const {triage, tickets, other} = await startOrganisation(t);
  const token = (await triage.actFor('triage-reads', {resource: TICKETS})).json.access_token;
  await other.fetchNonce();
  const use = async () =>
    other.exchange({
      subject_token: token,
      resource: TICKETS,
      hop_grant: await triage.hopGrant({
        token,
        to: other,
        authority: [permission({identifier: 'queue/eu/*'})],
      }),
    });
  const outcomes = [];
  while (outcomes.length < HOP_GRANTS_TRIED && !outcomes.includes('limit_exceeded')) {
    const batch = await Promise.all(Array.from({length: 20}, use));
    outcomes.push(...batch.map(({json, status}) => json.reason ?? status));
  }
  assert.deepEqual([...new Set(outcomes)], [200, 'limit_exceeded']);
  const handover = await tickets.exchange({subject_token: token, resource: ARCHIVE});
  assert.equal(handover.status, 200, handover.body);
});
