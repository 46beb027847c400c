// ATTACKS.md sections E and J: issued tokens, introspection, revocation, metadata, and what others
// got wrong.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';

import {jose, oauth} from '../clients/index.mjs';

import {Door, forge, INVALID_CLIENT, INVALID_REQUEST, signer} from './attacks.mjs';
import {run, scope, Server, sleep} from './harness.mjs';
import {send} from './http.mjs';
import {
  ARCHIVE,
  permission,
  startOrganisation,
  TICKET,
  TICKETS,
  VAULT,
  walkChain,
} from './organisation.mjs';
import {ACCESS_TOKEN, JWT, Party} from './party.mjs';

const MARIA = 'human:maria@acme.example';

describe('E, J: issued tokens', () => {
  let all;
  let chain;
  let eve;
  const t = scope();
  const door = new Door(() => all);
  before(async () => {
    all = await startOrganisation(t, (document) => {
      document.delegations.push(
        {
          id: 'brief',
          delegator: MARIA,
          delegate: 'agent:triage',
          max_token_lifetime: '1s',
          authority: [permission({identifier: 'queue/eu/1'})],
        },
        {
          id: 'to-other',
          delegator: 'human:kim@acme.example',
          delegate: 'agent:other',
          authority: [permission({identifier: 'queue/eu/1'})],
        },
      );
      document.entitlements.push({
        id: 'kim-tickets',
        principal: 'human:kim@acme.example',
        max_depth: 1,
        authority: [permission()],
      });
      return document;
    });
    eve = (await Party.make('service:tickets')).at(all.server);
    chain = await walkChain(all);
  });

  const issued = async (over = {}) => {
    const answer = await all.triage.actFor('triage-reads', {resource: TICKETS, ...over});
    assert.equal(answer.status, 200, answer.body);
    return answer.json.access_token;
  };

  for (const endpoint of ['introspect', 'revoke']) {
    const anonymous = {client_assertion: undefined, client_assertion_type: undefined};
    door.row(`E1 ${endpoint} without authentication`, {
      twin: async () => all.triage[endpoint](await issued()),
      bad: async () => all.triage[endpoint](await issued(), anonymous),
      ...INVALID_CLIENT,
    });
    door.row(`E1 ${endpoint} by somebody else's signature`, {
      twin: async () => all.triage[endpoint](await issued()),
      bad: async () => eve[endpoint](await issued()),
      ...INVALID_CLIENT,
    });
    door.row(`E1 ${endpoint} without a token`, {
      twin: async () => all.triage[endpoint](await issued()),
      bad: () => all.triage[endpoint](undefined),
      ...INVALID_REQUEST,
      reason: 'bad_request',
    });
  }
  // What is asked about, and who asks: `token` is called with a live one.
  const dead = [
    ['E1 by a client that it is not for', (token) => token, () => all.vault],
    ['E2 garbage', () => 'garbage'],
    ['E2 a JWT of nobody', () => 'e30.e30.AAAA'],
    [
      'E2 tampered',
      (token) => {
        const [header, payload, signature] = token.split('.');
        const claims = {
          ...JSON.parse(Buffer.from(payload, 'base64url')),
          sub: 'human:eve@acme.example',
        };
        const changed = Buffer.from(JSON.stringify(claims)).toString('base64url');
        return `${header}.${changed}.${signature}`;
      },
    ],
    [
      "E2 another issuer's",
      (token) =>
        forge({
          header: jose.decodeProtectedHeader(token),
          claims: {...jose.decodeJwt(token), iss: 'https://eve.example'},
          sign: signer(eve),
        }),
    ],
    [
      'E2 by another key',
      (token) =>
        forge({
          header: jose.decodeProtectedHeader(token),
          claims: jose.decodeJwt(token),
          sign: signer(eve),
        }),
    ],
    ['E2 a client assertion', () => all.tickets.assertion()],
    ['E2 a statement', () => all.triage.statement('triage-reads')],
    ['E2 with padding', (token) => `${token}==`],
    [
      'E2 expired',
      async () => {
        const {json} = await all.triage.actFor('brief', {resource: TICKETS});
        await sleep(2000 - (Date.now() % 1000));
        return json.access_token;
      },
    ],
    [
      'E2 revoked',
      async (token) => {
        await all.triage.revoke(token);
        return token;
      },
    ],
  ];
  for (const [name, change, by = () => all.tickets] of dead) {
    test(`${name} is exactly {"active":false}`, async () => {
      const token = await issued();
      assert.equal((await all.tickets.introspect(token)).json.active, true);
      const answer = await by().introspect(await change(token));
      assert.equal(answer.status, 200);
      assert.equal(answer.body, '{"active":false}');
      assert.equal(answer.headers['cache-control'], 'no-store');
    });
  }
  for (const hint of ['refresh_token', 'id_token', 'nonsense']) {
    test(`E3 token_type_hint ${hint} has no effect`, async () => {
      const token = await issued();
      assert.equal(
        (await all.tickets.introspect(token, {token_type_hint: hint})).json.active,
        true,
      );
      assert.equal((await all.triage.revoke(token, {token_type_hint: hint})).status, 200);
      assert.equal((await all.tickets.introspect(token)).body, '{"active":false}');
    });
  }
  let held;
  door.row("E4 another's token revoked", {
    twin: async () => all.triage.revoke(await issued()),
    bad: async () => all.tickets.revoke((held = await issued())),
    ...INVALID_REQUEST,
    reason: 'bad_request',
  });
  test('E4 the refused revocation has no effect', async () => {
    assert.equal((await all.tickets.introspect(held)).json.active, true);
    assert.equal((await all.triage.revoke('garbage')).status, 200);
  });
  const asked = async (token, resource, server) => {
    const decided = await server.evaluate({
      actor: all.triage,
      token,
      action: 'read',
      id: TICKET,
      location: resource,
    });
    const forward = await all.triage.forwardAuth({resource, token, path: `/${TICKET}`});
    return {decided, forward};
  };
  test('E5 a token for one resource is refused at another', async () => {
    const token = await issued();
    const good = await asked(token, TICKETS, all.tickets);
    assert.equal(good.decided.decision, true);
    assert.equal(good.forward.status, 200);
    const bad = await asked(token, ARCHIVE, all.archive);
    assert.equal(bad.decided.decision, false);
    assert.equal(bad.decided.context.reason, 'audience_mismatch');
    assert.equal(bad.forward.status, 401);
    assert.equal(bad.forward.headers['mandate-reason'], 'audience_mismatch');
  });
  test('E5 a token for a resource opens none of the API', async () => {
    const saved = all.triage.apiToken;
    all.triage.apiToken = await issued();
    const answer = await all.triage.call('GET', '/delegations/triage-reads/statement');
    all.triage.apiToken = saved;
    assert.equal(answer.status, 401);
    assert.equal(answer.json.reason, 'audience_mismatch');
  });
  for (const issuer of [
    'http://127.0.0.1:1/?x=1',
    'http://127.0.0.1:1/#x',
    'http://127.0.0.1:1/x/',
    'not a url',
    'ftp://127.0.0.1/',
    'http://eve@127.0.0.1:1',
  ]) {
    test(`E6 the issuer ${issuer} is refused at start`, async () => {
      const answer = await run([
        'serve',
        '--data',
        `${all.server.folder}/other`,
        '--listen',
        '127.0.0.1:0',
        '--issuer',
        issuer,
      ]);
      assert.equal(answer.code, 3, answer.stderr);
      assert.ok(answer.stderr.includes(`--issuer "${issuer}"; expected http(s)://`), answer.stderr);
      assert.equal(answer.stdout, '');
    });
  }
  test('E6 metadata stands at its one path, and names the issuer exactly', async () => {
    const get = (path) => send({url: all.server.url + path});
    const {status, json} = await get('/.well-known/oauth-authorization-server');
    assert.equal(status, 200);
    assert.equal(json.issuer, all.server.issuer);
    for (const path of [
      '/.well-known/oauth-authorization-server/',
      '/.well-known/oauth-authorization-server/x',
      '//.well-known/oauth-authorization-server',
      '/x/../.well-known/oauth-authorization-server',
    ]) {
      assert.equal((await get(path)).status, 404, path);
    }
    const options = {algorithm: 'oauth2', [oauth.allowInsecureRequests]: true};
    const response = await oauth.discoveryRequest(new URL(all.server.issuer), options);
    for (const other of [
      `${all.server.issuer}/x`,
      all.server.issuer.replace('127.0.0.1', 'localhost'),
    ]) {
      await assert.rejects(oauth.processDiscoveryResponse(new URL(other), response.clone()));
    }
    await oauth.processDiscoveryResponse(new URL(all.server.issuer), response);
  });
  test('E8 the key set holds public members alone', async () => {
    const {json} = await send({url: `${all.server.url}/jwks`});
    assert.equal(json.keys.length, 2);
    for (const key of json.keys) {
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
        assert.equal(key[secret], undefined);
      assert.equal(key.use, 'sig');
      assert.equal(key.kid, await jose.calculateJwkThumbprint(key));
    }
  });

  test('J1 nobody is acted for without a delegation', async () => {
    // kim delegates to `other` alone, and maria to triage alone.
    for (const [party, delegation] of [
      [all.triage, 'to-other'],
      [all.other, 'triage-reads'],
    ]) {
      const answer = await party.call('GET', `/delegations/${delegation}/statement`);
      assert.equal(answer.status, 404, answer.body);
    }
    const kims = await all.other.actFor('to-other', {resource: TICKETS});
    assert.equal(kims.status, 200, kims.body);
    door.check(
      await all.tickets.exchange({subject_token: kims.json.access_token, resource: TICKETS}),
      {...INVALID_REQUEST, reason: 'no_delegation'},
      0,
    );
  });
  test('J3 introspection shows the whole act, as the token has it', async () => {
    const seen = (await all.vault.introspect(chain.c.access_token)).json;
    const claims = jose.decodeJwt(chain.c.access_token);
    for (const claim of [
      'sub',
      'act',
      'client_id',
      'lineage',
      'cnf',
      'aud',
      'authorization_details',
    ]) {
      assert.deepEqual(seen[claim], claims[claim], claim);
    }
  });
  test('J4 what was narrowed away is refused at the decision', async () => {
    const decide = async (token, action) =>
      all.tickets.evaluate({
        actor: all.triage,
        token,
        action,
        id: TICKET,
        location: TICKETS,
      });
    const wide = await issued();
    const narrow = await issued({scope: 'tickets:read'});
    assert.equal((await decide(wide, 'comment')).decision, true);
    assert.equal((await decide(narrow, 'read')).decision, true);
    const refused = await decide(narrow, 'comment');
    assert.equal(refused.decision, false);
    assert.equal(refused.context.reason, 'outside_authority');
  });
  test("J8 one token's act does not go under another's subject", async () => {
    // other acts for kim; triage for maria. Neither token continues under the other's actor.
    const kims = (await all.other.actFor('to-other', {resource: TICKETS})).json.access_token;
    const marias = await issued();
    door.check(
      await all.other.exchange({
        subject_token: marias,
        resource: TICKETS,
        actor_token: kims,
        actor_token_type: ACCESS_TOKEN,
      }),
      {...INVALID_REQUEST, reason: 'hop_grant_required'},
      0,
    );
    door.check(
      await all.tickets.exchange({
        subject_token: kims,
        resource: ARCHIVE,
        actor_token: await all.tickets.actorToken(),
        actor_token_type: JWT,
        delegation_id: 'archive-onward',
      }),
      {...INVALID_REQUEST, reason: 'no_delegation'},
      0,
    );
    const good = await all.tickets.exchange({
      subject_token: marias,
      resource: ARCHIVE,
      delegation_id: 'archive-onward',
    });
    assert.equal(good.status, 200, good.body);
  });
  test('J5 a suspended client is refused by every grant and endpoint', async () => {
    const statement = await all.triage.statement('triage-reads');
    const token = await issued();
    await all.server.done('suspend', 'agent:triage');
    const refused = {...INVALID_CLIENT, reason: 'principal_suspended'};
    const asks = [
      () => all.triage.token({resource: TICKETS}),
      () =>
        all.triage.exchange({subject_token: statement, subject_token_type: JWT, resource: TICKETS}),
      () => all.triage.exchange({subject_token: token, resource: TICKETS}),
      () => all.triage.introspect(token),
      () => all.triage.revoke(token),
    ];
    for (const ask of asks) {
      const started = performance.now();
      const answer = await ask();
      door.check(answer, refused, performance.now() - started);
    }
    const called = await all.triage.call('GET', '/delegations/triage-reads/statement');
    assert.equal(called.status, 401);
    assert.equal(called.json.reason, 'principal_suspended');
    door.counted.set('principal_suspended', door.counted.get('principal_suspended') + 1);
    await all.server.done('resume', 'agent:triage');
    assert.equal((await all.triage.introspect(token)).status, 200);
  });
  test('J15 an agent goes on while its person is away, and ends when that one leaves', async () => {
    const token = await issued();
    const decide = () =>
      all.tickets.evaluate({
        actor: all.triage,
        token,
        action: 'read',
        id: TICKET,
        location: TICKETS,
      });
    assert.equal((await decide()).decision, true);
    await all.server.revoke('principal', MARIA);
    const refused = await decide();
    assert.equal(refused.decision, false);
    assert.equal(refused.context.reason, 'principal_retired');
    assert.match(refused.context.reason_detail, /human:maria@acme\.example/);
    const statement = await all.triage.call('GET', '/delegations/triage-reads/statement');
    assert.equal(statement.json.reason, 'principal_retired', statement.body);
    door.check(
      await all.archive.exchange({subject_token: chain.b.access_token, resource: VAULT}),
      {...INVALID_REQUEST, reason: 'principal_retired'},
      0,
    );
  });
  door.onRecord();
});

test('J9 the revocation of a node with 1000 delegations below is one event, at once', async (t) => {
  const all = await startOrganisation(t, (document) => {
    for (let at = 0; at < 1000; ++at) {
      document.delegations.push({
        id: `leaf-${at}`,
        parent: 'archive-onward',
        delegate: 'agent:other',
        authority: [permission({locations: [VAULT], identifier: `queue/eu/${at}`})],
      });
    }
    return document;
  });
  const size = async () => (await all.server.done('get', 'delegations')).length;
  await size();
  const records = async () => {
    const {stdout} = await run(['audit', 'export', `${all.server.data}/log`]);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({log}) => log.endsWith('/record')).length;
  };
  await sleep(1300);
  const before_ = await records();
  const {access_token: token} = (await all.triage.actFor('triage-reads', {resource: TICKETS})).json;
  const started = performance.now();
  await all.server.revoke('delegation', 'triage-reads');
  assert.ok(performance.now() - started < 1000);
  const asked = await all.tickets.evaluate({
    actor: all.triage,
    token,
    action: 'read',
    id: TICKET,
    location: TICKETS,
  });
  assert.equal(asked.context.reason, 'delegation_revoked');
  await sleep(1300);
  assert.equal(await records(), before_ + 1);
});

test('E7 a client refuses metadata that names another issuer', async (t) => {
  const server = await Server.start(t, {args: ['--issuer', 'http://mandate.acme.example']});
  const issuer = new URL(server.url);
  const response = await oauth.discoveryRequest(issuer, {
    algorithm: 'oauth2',
    [oauth.allowInsecureRequests]: true,
  });
  await assert.rejects(oauth.processDiscoveryResponse(issuer, response), {
    code: 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  });
});
