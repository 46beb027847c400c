// Real proxies, each with its configuration of docs/enforcement, before a real upstream.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';

import {scope} from './harness.mjs';
import {send} from './http.mjs';
import {ARCHIVE, permission, startOrganisation, TICKET, TICKETS} from './organisation.mjs';
import {absent, familyOf, startProxy, startUpstream} from './proxy.mjs';

const KINDS = ['nginx', 'caddy', 'haproxy'];
const IDENTITY = ['mandate-subject', 'mandate-actor', 'mandate-lineage', 'mandate-transaction',
                  'mandate-receipt', 'mandate-assertion'];

// The organisation, where the proxy's headers are those that it sends.
const asksFrom = (kind, change = () => {}) => (document) => {
  for (const resource of document.resources) {
    resource.enforcement_points[0].headers = familyOf(kind);
  }
  change(document);
  return document;
};

for (const kind of KINDS) describe(kind, {skip: absent(kind)}, () => {
  let all;
  let upstream;
  let proxy;
  let token;
  const t = scope();
  before(async () => {
    all = await startOrganisation(t, asksFrom(kind));
    upstream = await startUpstream(t);
    proxy = await startProxy(t, kind, {mandate: new URL(all.server.url).host, resource: TICKETS,
                                 upstream: upstream.address});
    token = await tokenOf();
  });

  const tokenOf = async (parameters = {}) => {
    const answer = await all.triage.actFor('triage-reads', {resource: TICKETS, ...parameters});
    assert.equal(answer.status, 200, answer.body);
    return answer.json.access_token;
  };

  // Through nginx, as the token's holder; `target` is the request's target as it goes out.
  const ask = async ({target = `/${TICKET}`, method = 'GET', by = all.triage, with: held = token,
                      headers = [], authorization, proof, body} = {}) => send({
    url: proxy.url + target, method, body, headers: [
      ['Authorization', authorization ?? `DPoP ${held}`],
      ['DPoP', proof ?? await by.proof({method, token: held, url: TICKETS + target.split('?')[0]})],
      ...headers]});
  const expectPermitted = (answer) => {
    assert.equal(answer.status, 200, `${answer.body} ${answer.headers['mandate-reason']}`);
    return Object.fromEntries(answer.json.headers);
  };
  const expectRefused = (answer, status, reason) => {
    const before = upstream.seen.length;
    assert.equal(answer.status, status, answer.body);
    assert.equal(answer.headers['mandate-reason'], reason);
    assert.equal(upstream.seen.length, before);
  };

  test('what is permitted reaches the upstream, with who acts for whom', async () => {
    const answer = await ask({target: `/${TICKET}?view=full`});
    const headers = expectPermitted(answer);
    assert.equal(answer.json.url, `/${TICKET}?view=full`);
    assert.equal(headers['mandate-subject'], 'human:maria@acme.example');
    assert.equal(headers['mandate-actor'], 'agent:triage');
    assert.equal(headers['mandate-lineage'], 'triage-reads');
    assert.equal(headers['mandate-transaction'], jose.decodeJwt(token).txn);
    assert.ok(headers['mandate-receipt']);
    assert.equal(headers.authorization, undefined);
    assert.equal(headers.dpop, undefined);
    const keys = jose.createRemoteJWKSet(new URL(`${all.server.url}/jwks`));
    const {payload} = await jose.jwtVerify(headers['mandate-assertion'], keys, {
      issuer: all.server.issuer, audience: TICKETS, typ: 'mandate-assertion+jwt'});
    assert.equal(payload.sub, 'human:maria@acme.example');
    assert.deepEqual(payload.act, {sub: 'agent:triage'});
    assert.equal(payload.uri, `/${TICKET}?view=full`);
  });

  const refusals = [
    ['an action that was not delegated', 403, 'outside_authority',
     () => ask({method: 'POST', target: `/${TICKET}/close`, body: '{}'})],
    ['an identifier outside the pattern', 403, 'outside_authority',
     () => ask({target: '/queue/us/17'})],
    ['a path that no route names', 403, 'outside_authority', () => ask({target: '/admin'})],
    ['a method that no route names', 403, 'outside_authority', () => ask({method: 'DELETE'})],
    ['no token at all', 401, 'token_malformed',
     () => send({url: `${proxy.url}/${TICKET}`})],
    ['a bound token sent as Bearer', 401, 'proof_of_possession',
     () => ask({authorization: `Bearer ${token}`})],
    ['a proof by another key', 401, 'proof_of_possession', () => ask({by: all.other})],
    ['a token for another resource', 401, 'audience_mismatch',
     async () => ask({with: await tokenOf({resource: ARCHIVE})})],
    ['a proof for another path', 401, 'bad_request', async () => ask({
      proof: await all.triage.proof({method: 'GET', token, url: `${TICKETS}/queue/eu/18`})})],
  ];
  for (const [what, status, reason, request] of refusals) {
    test(`${what} is refused with its reason`, async () => {
      expectPermitted(await ask());
      const before = upstream.seen.length;
      const answer = await request();
      expectRefused(answer, status, reason);
      assert.equal(upstream.seen.length, before);
      if (status === 401) assert.ok(answer.headers['www-authenticate']);
      if (status === 403) assert.ok(answer.headers['mandate-receipt']);
    });
  }

  test('a proof serves once', async () => {
    const proof = await all.triage.proof({method: 'GET', token, url: `${TICKETS}/${TICKET}`});
    expectPermitted(await ask({proof}));
    expectRefused(await ask({proof}), 401, 'proof_replayed');
  });

  const spoofs = [
    ['under the headers\' own names',
     IDENTITY.map((name) => [name, 'human:eve@acme.example'])],
    ['twice, in another case',
     [['MANDATE-SUBJECT', 'human:eve@acme.example'],
      ['Mandate-subject', 'human:eve@acme.example']]],
    ['with underscores', [['mandate_subject', 'human:eve@acme.example'],
                          ['Mandate_Actor', 'human:eve@acme.example']]],
    ['empty', [['Mandate-Subject', '']]],
    ['with Connection naming them, to have ours stripped',
     [['Connection', 'close, Mandate-Subject, Mandate-Actor'],
      ['Mandate-Subject', 'human:eve@acme.example']]],
    ['beside another original request',
     [['X-Original-URI', '/queue/us/17'], ['X-Original-Method', 'POST'],
      ['X-Forwarded-Uri', '/queue/us/17'], ['X-Real-IP', '192.0.2.9'],
      ['X-Original-URL', '/admin'], ['X-Rewrite-URL', '/admin']]],
  ];
  for (const [how, headers] of spoofs) {
    test(`identity headers that a client sends ${how} never reach the upstream`, async () => {
      const answer = await ask({headers});
      expectPermitted(answer);
      const got = answer.json.headers;
      for (const name of IDENTITY) {
        assert.equal(got.filter(([key]) => key === name).length, 1, name);
      }
      assert.deepEqual(got.filter(([key]) => key === 'mandate-subject'),
                       [['mandate-subject', 'human:maria@acme.example']]);
      assert.equal(got.filter(([key]) => /mandate_/.test(key)).length, 0);
      assert.equal(got.filter(([, value]) => value.includes('eve@')).length, 0);
    });
  }

  // Each is either decided as the upstream reads it, or refused; never the one for the other.
  const tricks = ['/queue/eu/..%2f17', '/queue/eu/%2e%2e/us/17', '/queue/eu/../us/17',
                  '/queue//eu/17', '//queue/eu/17', '/queue/eu/17;x=1', '/queue/eu%2f17',
                  '/queue/eu\\17', '/queue/eu/17/', '/queue/eu/%00'];
  for (const target of tricks) {
    test(`the path ${target} is refused`, async () => {
      const before = upstream.seen.length;
      const answer = await ask({target});
      assert.ok([400, 401, 403].includes(answer.status), `${answer.status} ${answer.body}`);
      assert.equal(upstream.seen.length, before);
    });
  }

  test('a revocation counts at the very next request', async () => {
    const own = await tokenOf();
    expectPermitted(await ask({with: own}));
    await all.server.revoke('token', jose.decodeJwt(own).jti);
    expectRefused(await ask({with: own}), 401, 'token_revoked');
    expectPermitted(await ask());
    await all.server.revoke('delegation', 'triage-reads');
    expectRefused(await ask(), 401, 'delegation_revoked');
  });

  test('with Mandate down no request passes', async () => {
    const before = upstream.seen.length;
    await all.server.stop();
    const answer = await ask();
    assert.equal(answer.status, kind === 'caddy' ? 502 : 503);
    if (kind !== 'caddy') assert.equal(answer.headers['retry-after'], '1');
    assert.equal(upstream.seen.length, before);
  });
});

for (const kind of KINDS) {
  test(`a constraint on networks is about the address that ${kind} saw`, {skip: absent(kind)},
       async (t) => {
    const all = await startOrganisation(t, asksFrom(kind, ({delegations}) => delegations.push(
      {id: 'from-here', delegator: 'human:maria@acme.example', delegate: 'agent:other',
       authority: [permission({constraints: {networks: ['127.0.0.0/8']}})]},
      {id: 'from-there', delegator: 'human:maria@acme.example', delegate: 'agent:other',
       authority: [permission({constraints: {networks: ['192.0.2.0/24']}})]})));
    const upstream = await startUpstream(t);
    const proxy = await startProxy(t, kind, {mandate: new URL(all.server.url).host,
                                             resource: TICKETS, upstream: upstream.address});
    const ask = async (delegation) => {
      const answer = await all.other.actFor(delegation, {resource: TICKETS});
      assert.equal(answer.status, 200, answer.body);
      const held = answer.json.access_token;
      return send({url: `${proxy.url}/${TICKET}`, headers: [
        ['Authorization', `DPoP ${held}`], ['X-Real-IP', '192.0.2.9'],
        ['X-Forwarded-For', '192.0.2.9'],
        ['DPoP', await all.other.proof({method: 'GET', token: held,
                                        url: `${TICKETS}/${TICKET}`})]]});
    };
    assert.equal((await ask('from-here')).status, 200);
    const refused = await ask('from-there');
    assert.equal(refused.status, 403);
    assert.equal(refused.headers['mandate-reason'], 'constraint_not_met');
  });
}
