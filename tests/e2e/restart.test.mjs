// What outlives a restart: tokens, keys, revocations, and the memory of what was used once.
import assert from 'node:assert/strict';
import {readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';

import {jose} from '../clients/index.mjs';
import {run} from './harness.mjs';
import {startOrganisation, TICKET, TICKETS} from './organisation.mjs';

const ends = [['stopped', (server) => server.stop()], ['killed', (server) => server.kill()]];
for (const [how, stop] of ends) {
  test(`tokens, keys and revocations survive a server that was ${how}`, async (t) => {
    const all = await startOrganisation(t);
    const {server, triage, tickets} = all;
    const live = (await triage.actFor('triage-reads', {resource: TICKETS})).json.access_token;
    const dead = (await triage.actFor('triage-reads', {resource: TICKETS})).json.access_token;
    const ask = (token, over) => tickets.evaluate({actor: triage, token, action: 'read', id: TICKET,
                                                   location: TICKETS, ...over});
    await server.revoke('token', jose.decodeJwt(dead).jti);
    const jwks = await (await fetch(`${server.url}/jwks`)).json();
    const spent = await triage.proof({method: 'GET', token: live, url: `${TICKETS}/${TICKET}`});
    assert.equal((await ask(live, {proof: spent})).decision, true);
    const assertion = await triage.assertion();
    await triage.fetchNonce();
    const first = await triage.token({client_assertion: assertion, resource: server.issuer});
    assert.equal(first.status, 200, first.body);
    const statement = await triage.statement('triage-reads');

    await stop(server);
    await server.launch({listen: new URL(server.url).host});
    assert.deepEqual(await (await fetch(`${server.url}/jwks`)).json(), jwks);
    assert.equal((await ask(live)).decision, true);
    assert.equal((await ask(dead)).context.reason, 'token_revoked');
    // A proof from before the restart: its use is remembered, or its age is asked about.
    const replayed = await ask(live, {proof: spent});
    assert.equal(replayed.decision, false);
    assert.ok(['proof_replayed', 'nonce_required'].includes(replayed.context.reason));
    triage.nonce = undefined;
    const again = await triage.token({client_assertion: assertion, resource: server.issuer});
    assert.equal(again.status, 401, again.body);
    assert.equal(again.json.error, 'invalid_client');
    assert.equal(again.json.reason, 'proof_replayed');
    const fresh = await triage.exchange({
      subject_token: statement, subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      resource: TICKETS});
    assert.equal(fresh.status, 200, fresh.body);
    assert.equal((await server.path(jose.decodeJwt(live).jti)).verified, true);
  });
}

test('an old nonce is answered with use_dpop_nonce, and no assertion is spent', async (t) => {
  const {server, reports} = await startOrganisation(t);
  await reports.fetchNonce();
  await server.restart();
  const assertion = await reports.assertion();
  const ask = () => reports.token({client_assertion: assertion, resource: TICKETS});
  const stale = await ask();
  assert.equal(stale.status, 400, stale.body);
  assert.equal(stale.json.error, 'use_dpop_nonce');
  assert.ok(stale.headers['dpop-nonce']);
  const answer = await ask();
  assert.equal(answer.status, 200, answer.body);
});

test('a second server on the same data is refused, and the first goes on', async (t) => {
  const {server, reports} = await startOrganisation(t);
  const second = await run(['serve', '--data', server.data, '--listen', '127.0.0.1:0']);
  assert.equal(second.code, 3, second.stderr);
  assert.match(second.stderr, /pid \d+/);
  assert.equal(second.stdout, '');
  assert.equal((await reports.token({resource: TICKETS})).status, 200);
});

test('the issuer is a server\'s name for ever', async (t) => {
  const {server} = await startOrganisation(t);
  await server.stop();
  const renamed = await run(['serve', '--data', server.data, '--listen', '127.0.0.1:0', '--issuer',
                             'https://other.acme.example']);
  assert.equal(renamed.code, 3, renamed.stderr);
  assert.match(renamed.stderr, /belongs to issuer/);
});

test('a server behind another address keeps its issuer, and its clients check it', async (t) => {
  const issuer = 'https://mandate.acme.example';
  const {server, triage} = await startOrganisation(t, undefined, {args: ['--issuer', issuer]});
  assert.equal(server.issuer, issuer);
  const {json} = await triage.actFor('triage-reads', {resource: TICKETS});
  assert.equal(jose.decodeJwt(json.access_token).iss, issuer);
  const mixed = await run(['get', 'teams', '--server', server.url, '--identity', server.operator,
                           '--output', 'json']);
  assert.equal(mixed.code, 1, mixed.stderr);
  assert.equal(mixed.json.error, 'untrusted_issuer');
});

test('secrets on disk are the owner\'s alone', async (t) => {
  const {server} = await startOrganisation(t);
  assert.equal((await stat(server.operator)).mode & 0o777, 0o600);
  const identity = JSON.parse(await readFile(server.operator, 'utf8'));
  assert.equal(identity.client_id, 'workload:operator');
  assert.deepEqual(Object.keys(identity).sort(), ['client_id', 'jwk']);
  const keys = await stat(path.join(server.data, 'keys'));
  assert.equal(keys.mode & 0o077, 0);
});

test('documents given to serve are on record when it is ready', async (t) => {
  const {server: first, document} = await startOrganisation(t);
  const file = await first.write('organisation.json', document);
  const {server} = await startOrganisation(t, () => ({apiVersion: 'mandate/v1'}),
                                           {args: ['--apply', file]});
  const shown = await server.done('get', 'delegation', 'triage-reads');
  assert.equal(shown.definition.delegate, 'agent:triage');
});
