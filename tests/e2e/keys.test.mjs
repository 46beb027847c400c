// The keys that the server signs with: rotated with an overlap, retired, and given up where
// somebody else has one. What a plain JWT library sees of it; what stands on record; what a crash
// leaves.
import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {readFile, rename, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';

import {send} from './http.mjs';
import {startOrganisation, TICKET, TICKETS} from './organisation.mjs';

const kidOf = (token) => jose.decodeProtectedHeader(token).kid;

async function start(t) {
  const all = await startOrganisation(t);
  const {server} = all;
  const tokenOf = async () => {
    const answer = await all.triage.actFor('triage-reads', {resource: TICKETS});
    assert.equal(answer.status, 200, answer.body);
    return answer.json.access_token;
  };
  const ask = async (token) => {
    const {headers, status} = await all.triage.forwardAuth(
      {resource: TICKETS, token, path: `/${TICKET}`});
    return status === 200 ? 'permit' : headers['mandate-reason'];
  };
  // As a resource server with a plain library: the keys as they are now.
  const library = async (token) => {
    const keys = (await send({url: `${server.url}/jwks`})).json;
    try {
      await jose.jwtVerify(token, jose.createLocalJWKSet(keys), {issuer: server.issuer});
      return 'verified';
    } catch (error) {
      return error.code;
    }
  };
  const listed = async () => (await server.done('keys', 'list')).keys;
  const signing = async (algorithm) =>
    (await listed()).find((key) => key.algorithm === algorithm && key.status === 'signing').kid;
  return {...all, tokenOf, ask, library, listed, signing};
}

describe('signing keys', () => {
  test('one of each algorithm signs, and both are on record as the server\'s own', async (t) => {
    const {server, listed, tokenOf, signing} = await start(t);
    const keys = await listed();
    assert.deepEqual(keys.map(({algorithm, status}) => [algorithm, status]),
                     [['ES256', 'signing'], ['RS256', 'signing']]);
    assert.equal(kidOf(await tokenOf()), await signing('ES256'));
    const own = await server.done('get', 'principals', 'service:mandate');
    assert.equal(own.definition.authenticators.length, 2);
  });

  for (const algorithm of ['ES256', 'RS256']) {
    test(`${algorithm} is rotated: the old one is believed for the overlap`, async (t) => {
      const {server, tokenOf, ask, library, signing} = await start(t);
      if (algorithm === 'RS256') {
        const {definition} = await server.done('get', 'resources', TICKETS);
        await server.apply({apiVersion: 'mandate/v1',
                            resources: [{...definition, signing_algorithm: 'RS256'}]});
      }
      const before = await tokenOf();
      const old = await signing(algorithm);
      assert.equal(kidOf(before), old);
      const {keys} = await server.done('keys', 'rotate', '--algorithm', algorithm);
      const retiring = keys.find(({kid}) => kid === old);
      assert.equal(retiring.status, 'retiring');
      const days = (Date.parse(retiring.not_after) - Date.now()) / 86_400_000;
      assert.ok(days > 29.9 && days <= 30, `${days}`);
      const after = await tokenOf();
      assert.notEqual(kidOf(after), old);
      assert.equal(kidOf(after), await signing(algorithm));
      for (const token of [before, after]) {
        assert.deepEqual([await ask(token), await library(token)], ['permit', 'verified']);
      }
      await server.restart();
      for (const token of [before, after]) assert.equal(await ask(token), 'permit');
      assert.equal(await signing(algorithm), kidOf(after));
      // The key that still signs is not retired; the old one is, and nothing by it is believed.
      const refused = await server.cli('keys', 'retire', kidOf(after));
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /signs; expected `mandate keys rotate` first/);
      await server.done('keys', 'retire', old);
      assert.deepEqual([await ask(before), await library(before)],
                       ['untrusted_issuer', 'ERR_JWKS_NO_MATCHING_KEY']);
      assert.deepEqual([await ask(after), await library(after)], ['permit', 'verified']);
    });
  }

  test('one that somebody else has is given up at once, and never comes back', async (t) => {
    const {server, triage, tickets, tokenOf, ask, library, signing} = await start(t);
    const token = await tokenOf();
    const statement = await triage.statement('triage-reads');
    const kid = kidOf(token);
    const stolen = await readFile(path.join(server.data, 'keys/es256.jwk'), 'utf8');
    const {keys} = await server.done('keys', 'compromise', kid);
    assert.ok(keys.every((key) => key.kid !== kid));
    assert.notEqual(await signing('ES256'), kid);
    assert.deepEqual([await ask(token), await library(token)],
                     ['untrusted_issuer', 'ERR_JWKS_NO_MATCHING_KEY']);
    assert.deepEqual((await tickets.introspect(token)).json, {active: false});
    const exchange = await triage.exchange({
      subject_token: statement, resource: TICKETS,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt'});
    assert.equal(exchange.json.reason, 'untrusted_issuer');
    triage.apiToken = undefined;
    const fresh = await tokenOf();
    assert.equal(await ask(fresh), 'permit');
    // The thief's own token is nothing, nor is the key when it is put back.
    const thief = await jose.importJWK(JSON.parse(stolen), 'ES256');
    const forged = await new jose.SignJWT({...jose.decodeJwt(fresh)})
      .setProtectedHeader({alg: 'ES256', typ: 'at+jwt', kid}).sign(thief);
    assert.equal(await ask(forged), 'untrusted_issuer');
    await server.stop();
    await writeFile(path.join(server.data, 'keys/es256.jwk'), stolen, {mode: 0o600});
    await server.launch({listen: new URL(server.url).host});
    assert.notEqual(await signing('ES256'), kid);
    assert.equal(await ask(token), 'untrusted_issuer');
    triage.apiToken = triage.nonce = undefined;
    assert.equal(await ask(await tokenOf()), 'permit');
  });

  test('a rotation that a crash cut short is finished at the next start', async (t) => {
    const {server, ask, tokenOf, signing} = await start(t);
    const before = await tokenOf();
    await server.done('keys', 'rotate');
    const kid = await signing('ES256');
    await server.kill();
    // As before the last step: what was prepared lies beside the old one.
    const keys = path.join(server.data, 'keys');
    await rename(path.join(keys, 'es256.jwk'), path.join(keys, 'es256.next.jwk'));
    await server.launch({listen: new URL(server.url).host});
    assert.equal(existsSync(path.join(keys, 'es256.next.jwk')), false);
    assert.equal(await signing('ES256'), kid);
    assert.equal(await ask(before), 'permit');
  });

  test('nothing else changes them', async (t) => {
    const {server, triage, signing} = await start(t);
    const kid = await signing('ES256');
    const document = await server.write('own.json', {apiVersion: 'mandate/v1', principals: [
      {id: 'service:mandate', owner: 'team:operators', authenticators: triage.authenticators}]});
    const rows = [
      [['revoke', 'authenticator', kid], /expected `mandate keys`/],
      [['revoke', 'principal', 'service:mandate'], /expected `mandate keys`/],
      [['suspend', 'service:mandate'], /expected `mandate keys`/],
      [['apply', '-f', document], /is this server itself/],
      [['keys', 'rotate', '--overlap', '24h'], /expected 25h/],
      [['keys', 'rotate', '--algorithm', 'none'], /expected ES256 or RS256/],
      [['keys', 'compromise', 'nonsense'], /no signing key .nonsense./],
    ];
    for (const [words, says] of rows) {
      const refused = await server.cli(...words);
      assert.equal(refused.code, 1, words.join(' '));
      assert.match(refused.stderr, says);
    }
    const answer = await triage.call('POST', '/keys', {action: 'rotate', algorithm: 'ES256'});
    assert.deepEqual([answer.status, answer.json.reason], [403, 'outside_authority']);
    assert.equal((await triage.call('GET', '/keys')).status, 403);
    assert.equal(await signing('ES256'), kid);
  });
});
