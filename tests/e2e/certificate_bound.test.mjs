// Tokens bound to the client certificate of a TLS connection (RFC 8705): where they come from, who
// may present them, and that the binding never disappears (ATTACKS B8).
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {X509Certificate, createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';
import {Server, scope, source} from './harness.mjs';
import {FORM, form, send} from './http.mjs';
import {makeDocument, makeParties, TICKETS} from './organisation.mjs';
import {EXCHANGE, ACCESS_TOKEN, JWT} from './party.mjs';

const ISSUER = 'https://mandate.acme.example';

describe('a token bound to a certificate', () => {
  const t = scope();
  let server;
  let all;
  const shown = {};  // what a client shows in the handshake, by name

  const thumbprint = (name) => createHash('sha256')
    .update(new X509Certificate(shown[name].cert).raw).digest('base64url');

  before(async () => {
    server = await Server.start(t, {args: ['--issuer', ISSUER]});
    all = await makeParties();
    await server.apply(makeDocument(all));
    const script = [
      'import sys, pathlib', `sys.path.insert(0, ${JSON.stringify(path.join(source, 'testing'))})`,
      'from certificates import Authority, SERVER', 'folder = pathlib.Path(sys.argv[1])',
      'authority = Authority(folder, "acme")',
      'authority.issue("server", ["IP:127.0.0.1"], SERVER)',
      'for name in ("one", "other"): authority.issue(name, ["DNS:client.acme.example"])'];
    execFileSync('python3', ['-c', script.join('\n'), server.folder], {timeout: 60_000});
    const file = (name) => path.join(server.folder, name);
    const ca = readFileSync(file('acme-ca.crt'));
    for (const name of ['one', 'other']) {
      shown[name] = {ca, cert: readFileSync(file(`${name}.crt`)),
                     key: readFileSync(file(`${name}.key`))};
    }
    shown.none = {ca};
    await server.stop();
    server.args.push('--tls-certificate', file('server.crt'), '--tls-key', file('server.key'),
                     '--tls-client-ca', file('acme-ca.crt'));
    await server.launch();
    server.url = server.url.replace('http:', 'https:');
    for (const party of Object.values(all)) party.at(server);
  });

  // -> {status, json}
  const posted = async (endpoint, party, certificate, parameters, headers = []) =>
    send({url: server.url + endpoint, method: 'POST', tls: shown[certificate],
          headers: [['Content-Type', FORM], ...headers],
          body: form({...await party.authentication(), ...parameters})});
  const own = (party, certificate, resource, headers) =>
    posted('/token', party, certificate,
           {grant_type: 'client_credentials', resource}, headers);
  const granted = async (...request) => {
    const answer = await own(...request);
    assert.equal(answer.status, 200, answer.body);
    return answer.json.access_token;
  };
  const called = (certificate, headers, body) =>
    send({url: server.url + '/access/v1/evaluation', method: 'POST', tls: shown[certificate],
          headers: [['Content-Type', 'application/json'], ...headers], body: JSON.stringify(body)});
  const question = (context = {}) => ({
    subject: {type: 'user', id: 'service:reports'}, action: {name: 'read'},
    resource: {type: 'tickets', id: 'queue/eu/17'}, context});
  const bearer = (token) => ['Authorization', `Bearer ${token}`];

  test('is issued where a certificate is shown and no proof sent', async () => {
    const answer = await own(all.reports, 'one', TICKETS);
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.json.token_type, 'Bearer');
    assert.deepEqual(jose.decodeJwt(answer.json.access_token).cnf, {'x5t#S256': thumbprint('one')});
    const {json} = await posted('/introspect', all.tickets, 'none',
                                {token: answer.json.access_token});
    assert.equal(json.active, true);
    assert.deepEqual(json.cnf, {'x5t#S256': thumbprint('one')});
    const metadata = await send({url: `${server.url}/.well-known/oauth-authorization-server`,
                                 tls: shown.none});
    assert.equal(metadata.json.tls_client_certificate_bound_access_tokens, true);
  });

  test('is none where neither is there, and the proof counts where both are', async () => {
    const neither = await own(all.reports, 'none', TICKETS);
    assert.equal(neither.status, 400);
    assert.equal(neither.json.error, 'invalid_dpop_proof');
    assert.match(neither.json.error_description, /expected a proof or a client certificate/);
    const nonce = (await own(all.reports, 'one', TICKETS, [
      ['DPoP', await all.reports.tokenProof()]])).headers['dpop-nonce'];
    const token = await granted(all.reports, 'one', TICKETS, [
      ['DPoP', await all.reports.tokenProof({nonce})]]);
    assert.deepEqual(jose.decodeJwt(token).cnf, {jkt: all.reports.jkt});
  });

  test('B8 opens nothing on a connection with another certificate', async () => {
    const token = await granted(all.tickets, 'one', ISSUER);
    const asked = (certificate, headers = [bearer(token)]) =>
      called(certificate, headers, question());
    const permitted = await asked('one');
    assert.equal(permitted.status, 200, permitted.body);
    assert.equal(permitted.json.context.reason, 'proof_of_possession');  // nobody proved the actor
    for (const [certificate, detail] of [['other', /another than the token's cnf/],
                                         ['none', /the authentication scheme is not DPoP/]]) {
      const refused = await asked(certificate);
      assert.equal(refused.status, 401, refused.body);
      assert.equal(refused.json.error, 'invalid_token');
      assert.equal(refused.json.reason, 'proof_of_possession');
      assert.match(refused.json.error_description, detail);
      assert.match(refused.headers['www-authenticate'], /error="invalid_token"/);
    }
    const bound = await asked('one', [
      ['Authorization', `DPoP ${token}`],
      ['DPoP', await all.tickets.proof({method: 'POST', url: `${ISSUER}/access/v1/evaluation`,
                                        token, nonce: all.tickets.nonce})]]);
    assert.equal(bound.status, 401, bound.body);
  });

  test('a token bound to a key is no bearer token on any connection', async () => {
    const nonce = (await own(all.tickets, 'one', ISSUER, [
      ['DPoP', await all.tickets.tokenProof()]])).headers['dpop-nonce'];
    const token = await granted(all.tickets, 'one', ISSUER, [
      ['DPoP', await all.tickets.tokenProof({nonce})]]);
    const refused = await called('one', [bearer(token)], question());
    assert.equal(refused.status, 401);
    assert.match(refused.json.error_description, /the token is bound to a key/);
  });

  test('is no proof of the actor to an enforcement point, which shows a certificate of its own',
       async () => {
    const token = await granted(all.reports, 'one', TICKETS);
    const api = await granted(all.tickets, 'one', ISSUER);
    const {json} = await called('one', [bearer(api)], question({access_token: token}));
    assert.equal(json.decision, false);
    assert.equal(json.context.reason, 'proof_of_possession');
    const answer = await send({
      url: `${server.url}/forward-auth/${encodeURIComponent(TICKETS)}`, tls: shown.one,
      headers: [['X-Original-Method', 'GET'], ['X-Original-URI', '/queue/eu/17'],
                ['X-Real-IP', '127.0.0.1'], bearer(token)]});
    assert.equal(answer.status, 401, answer.body);
    assert.equal(answer.headers['mandate-reason'], 'proof_of_possession');
  });

  test('narrows to the same certificate only', async () => {
    const token = await granted(all.reports, 'one', TICKETS);
    const narrowed = (certificate, headers) => posted(
      '/token', all.reports, certificate,
      {grant_type: EXCHANGE, subject_token: token, subject_token_type: ACCESS_TOKEN,
       resource: TICKETS}, headers);
    const same = await narrowed('one');
    assert.equal(same.status, 200, same.body);
    assert.deepEqual(jose.decodeJwt(same.json.access_token).cnf, {'x5t#S256': thumbprint('one')});
    const other = await narrowed('other');
    assert.equal(other.status, 400, other.body);
    assert.equal(other.json.reason, 'proof_of_possession');
    const nonce = (await narrowed('one', [
      ['DPoP', await all.reports.tokenProof()]])).headers['dpop-nonce'];
    const keyed = await narrowed('one', [['DPoP', await all.reports.tokenProof({nonce})]]);
    assert.equal(keyed.status, 400, keyed.body);
    assert.equal(keyed.json.reason, 'proof_of_possession');
  });

  test('comes to its audience bound to what the audience shows', async () => {
    const statement = await send({
      url: `${server.url}/delegations/triage-reads/statement`, tls: shown.one,
      headers: [bearer(await granted(all.triage, 'one', ISSUER))]});
    assert.equal(statement.status, 200, statement.body);
    const acting = async (party, certificate, parameters) => {
      const answer = await posted('/token', party, certificate, {
        grant_type: EXCHANGE, actor_token: await party.actorToken(), actor_token_type: JWT,
        ...parameters});
      assert.equal(answer.status, 200, answer.body);
      return answer.json.access_token;
    };
    const first = await acting(all.triage, 'one', {
      subject_token: statement.json.statement, subject_token_type: JWT, resource: TICKETS});
    const onward = await acting(all.tickets, 'other', {
      subject_token: first, subject_token_type: ACCESS_TOKEN,
      resource: 'https://archive.acme.example'});
    assert.deepEqual(jose.decodeJwt(onward).cnf, {'x5t#S256': thumbprint('other')});
  });
});
