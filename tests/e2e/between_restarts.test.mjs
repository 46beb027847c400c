// What was used once, and what was issued later, across the end of a server's run.
import assert from 'node:assert/strict';
import {cp, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';
import {Door} from './attacks.mjs';
import {scope} from './harness.mjs';
import {send} from './http.mjs';
import {startOrganisation, TICKET, TICKETS} from './organisation.mjs';
import {now} from './party.mjs';

const INACTIVE = {active: false};
const SPENT = {status: 401, error: 'invalid_client', reason: 'proof_replayed'};
const LIFE_S = 250; // of the one-use tokens here: longer than every restart takes
const AHEAD_S = 25; // within what clocks may differ

describe('an assertion is used once, wherever it was used, after a kill too', () => {
  let all;
  const t = scope();
  const door = new Door(() => all);
  const spent = new Map();
  const make = () => all.triage.assertion({exp: now() + LIFE_S});
  const at = (path, over) => async (client_assertion) =>
    all.triage.post(path, {...(await all.triage.authentication()), client_assertion, ...over()});
  const places = {
    'introspection of a live token': {
      use: at('/introspect', () => ({token: all.live})),
      status: 200,
    },
    'introspection of no token': {use: at('/introspect', () => ({token: 'x'})), status: 200},
    'the revocation of no token': {use: at('/revoke', () => ({token: 'x'})), status: 200},
    "the refused revocation of another's token": {
      use: at('/revoke', () => ({token: all.foreign})),
      status: 400,
    },
    'a token request with a replayed proof': {
      use: async (client_assertion) =>
        all.triage.token({resource: all.server.issuer, client_assertion}, {proof: all.proof}),
      status: 400,
    },
    'a refused token request': {
      use: async (client_assertion) =>
        all.triage.actFor('triage-reads', {
          resource: TICKETS,
          scope: 'tickets:close',
          client_assertion,
        }),
      status: 400,
    },
    'a token request': {
      use: async (client_assertion) =>
        all.triage.token({resource: all.server.issuer, client_assertion}),
      status: 200,
    },
  };
  let unused;
  before(async () => {
    all = await startOrganisation(t);
    all.live = (await all.triage.actFor('triage-reads', {resource: TICKETS})).json.access_token;
    all.foreign = (await all.reports.token({resource: TICKETS})).json.access_token;
    all.proof = await all.triage.tokenProof();
    const first = await all.triage.token({resource: all.server.issuer}, {proof: all.proof});
    assert.equal(first.status, 200, first.body);
    unused = await make();
    for (const [name, {use, status}] of Object.entries(places)) {
      const assertion = await make();
      const answer = await use(assertion);
      assert.equal(answer.status, status, `${name}: ${answer.body}`);
      spent.set(name, assertion);
      const live = await use(assertion);
      assert.equal(live.json?.reason, 'proof_replayed', `${name}: ${live.body}`);
    }
    await all.server.kill();
    await all.server.launch({listen: new URL(all.server.url).host});
    for (const party of [all.triage, all.reports, all.tickets]) {
      party.nonce = undefined;
      party.apiToken = undefined;
    }
    await all.triage.fetchNonce();
  });

  const again = async (client_assertion) =>
    all.triage.token({resource: all.server.issuer, client_assertion});
  for (const name of Object.keys(places)) {
    door.row(`it is spent by ${name}`, {
      bad: () => again(spent.get(name)),
      twin: async () => again(await make()),
      ...SPENT,
    });
  }
  test('one from before the kill that was not used is good, once', async () => {
    const first = await again(unused);
    assert.equal(first.status, 200, first.body);
    door.check(await again(unused), SPENT, 0);
  });

  const question = async (iat) => {
    const proof = await all.triage.proof({
      method: 'GET',
      url: `${TICKETS}/${TICKET}`,
      token: all.live,
      claims: {iat},
    });
    return all.tickets.evaluate({
      actor: all.triage,
      token: all.live,
      action: 'read',
      id: TICKET,
      location: TICKETS,
      proof,
    });
  };
  test('a proof of a time to come is asked for a nonce, in a decision', async () => {
    const {decision, context} = await question(now() + AHEAD_S);
    assert.deepEqual([decision, context.reason], [false, 'nonce_required']);
    assert.equal((await question(now())).decision, true);
  });
  const statement = async (iat) => {
    const url = `${all.server.issuer}/delegations/triage-reads/statement`;
    const token = (await all.triage.token({resource: all.server.issuer})).json.access_token;
    const proof = await all.triage.proof({method: 'GET', url, token, claims: {iat}});
    return send({
      url: url.replace(all.server.issuer, all.server.url),
      headers: [
        ['Authorization', `DPoP ${token}`],
        ['DPoP', proof],
      ],
    });
  };
  test('a proof of a time to come is asked for a nonce, in a call', async () => {
    const ahead = await statement(now() + AHEAD_S);
    assert.deepEqual([ahead.status, ahead.json.reason], [401, 'nonce_required'], ahead.body);
    assert.match(ahead.headers['www-authenticate'], /use_dpop_nonce/);
    assert.ok(ahead.headers['dpop-nonce']);
    assert.equal((await statement(now())).status, 200);
  });

  test('each use at an endpoint stands in the journal', async () => {
    const entries = (await door.journal()).map(({entry}) => entry);
    const asked = entries.filter(({type}) => type === 'asked');
    assert.ok(asked.length >= 3, `${asked.length}`);
    for (const {uses, client_id} of asked) {
      assert.equal(uses.length, 1);
      assert.equal(client_id, 'agent:triage');
    }
    const refused = entries.filter(({type, reason}) => type === 'refused' && reason);
    assert.ok(refused.some(({at, uses}) => at === '/revoke' && uses?.length === 1));
  });
});

test('after a restore from an older copy, what was issued later is dead everywhere', async (t) => {
  const {server, triage, tickets} = await startOrganisation(t);
  const parties = [triage, tickets];
  const door = new Door(() => ({server}));
  const launch = async () => {
    await server.launch({listen: new URL(server.url).host});
    for (const party of parties) {
      party.nonce = undefined;
      party.apiToken = undefined;
    }
  };
  const issue = async () =>
    (await triage.actFor('triage-reads', {resource: TICKETS})).json.access_token;
  const kept = await issue();
  await server.stop();
  const copy = path.join(server.folder, 'copy');
  await cp(server.data, copy, {recursive: true});
  await launch();
  await server.apply({apiVersion: 'mandate/v1', principals: [{id: 'human:new@acme.example'}]});
  const later = await issue();
  assert.ok(jose.decodeJwt(later).revision > jose.decodeJwt(kept).revision);
  await server.stop();
  await rm(server.data, {recursive: true});
  await cp(copy, server.data, {recursive: true});
  await assert.rejects(launch(), /mandate restore/);
  // As where a whole disk was put back, which the folder cannot notice.
  const {ino} = await stat(path.join(server.data, 'record.db'));
  await writeFile(path.join(server.data, 'place'), `record.db ${ino}\n`);
  await launch();

  const decide = (token) =>
    tickets.evaluate({actor: triage, token, action: 'read', id: TICKET, location: TICKETS});
  const narrow = async (token) => triage.exchange({subject_token: token, resource: TICKETS});
  const refused = await decide(later);
  assert.deepEqual([refused.decision, refused.context.reason], [false, 'state_too_old']);
  for (const party of parties) {
    assert.deepEqual((await party.introspect(later)).json, INACTIVE);
    assert.equal((await party.introspect(kept)).json.active, true);
  }
  assert.equal((await decide(kept)).decision, true);
  assert.equal((await narrow(kept)).status, 200);
  const expected = {status: 503, error: 'temporarily_unavailable', reason: 'state_too_old'};
  door.check(await narrow(later), expected, 0);
});
