// ATTACKS.md section C: DPoP, at the token endpoint and at a resource.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {before, describe, test} from 'node:test';

import {Door, forge, INVALID_PROOF, INVALID_REQUEST} from './attacks.mjs';
import {scope} from './harness.mjs';
import {FORM, form, send} from './http.mjs';
import {ARCHIVE, startOrganisation, TICKET, TICKETS} from './organisation.mjs';
import {now, Party} from './party.mjs';

describe('C: DPoP', () => {
  let all;
  let server;
  let token;
  let another;
  const t = scope();
  const door = new Door(() => all);
  before(async () => {
    all = await startOrganisation(t);
    ({server} = all);
    await all.reports.fetchNonce();
    token = (await all.triage.actFor('triage-reads', {resource: TICKETS})).json.access_token;
    another = (await all.triage.actFor('triage-reads', {resource: TICKETS})).json.access_token;
  });

  const own = (options) => all.reports.token({resource: TICKETS}, options);
  const withProof = async (over) => own({proof: await all.reports.tokenProof(over)});
  const proofRow = (name, over, more = {}) =>
    door.row(name, {
      bad: async () => withProof(typeof over === 'function' ? await over() : over),
      twin: () => withProof({}),
      ...INVALID_PROOF,
      ...more,
    });

  for (const [what, typ] of [
    ['missing', undefined],
    ['JWT', 'JWT'],
    ['at+jwt', 'at+jwt'],
    ['empty', ''],
    ['with its media type', 'application/dpop+jwt'],
  ]) {
    proofRow(`C1 typ ${what}`, {header: {typ}});
  }
  proofRow(
    'C1 alg another than that of the key',
    {},
    {
      bad: () =>
        own({
          proof: forge({
            header: {alg: 'ES384', typ: 'dpop+jwt', jwk: all.reports.jwk},
            claims: {},
            sign: () => 'x'.repeat(64),
          }),
        }),
    },
  );
  for (const [claim, values] of Object.entries({
    htm: [undefined, 'GET', 'post', '', 7, ['POST']],
    htu: [undefined, '', 7, [], 'not a uri'],
    jti: [undefined, '', 7, 'j'.repeat(257)],
    iat: [undefined, 'now', -1, null],
  })) {
    for (const value of values) {
      proofRow(`C1 ${claim} ${JSON.stringify(value)?.slice(0, 20) ?? 'missing'}`, {
        claims: {[claim]: value},
      });
    }
  }
  proofRow('C2 no jwk', {header: {jwk: undefined}});
  proofRow('C2 a private jwk', () => ({header: {jwk: all.reports.privateJwk}}));
  proofRow('C2 a symmetric jwk', {header: {jwk: {kty: 'oct', k: 'AAAA'}}});
  proofRow('C2 kid in place of jwk', () => ({header: {jwk: undefined, kid: all.reports.jkt}}));

  const at = (change) => () => ({
    claims: {htu: change(new URL(`${server.issuer}/token`)).toString()},
  });
  const parted = (members) => at((url) => Object.assign(url, members));
  for (const [what, over] of [
    ['scheme', at((url) => `https://${url.host}/token`)],
    ['host', parted({hostname: 'localhost'})],
    ['port', parted({port: '1'})],
    ['path', parted({pathname: '/introspect'})],
    ['case of path', parted({pathname: '/Token'})],
    ['final slash', parted({pathname: '/token/'})],
    ['user', parted({username: 'eve'})],
    ['relative form', at(() => '/token')],
  ]) {
    proofRow(`C3 htu with another ${what}`, over);
  }
  for (const [what, over] of [
    ['a query', at((url) => `${url}?x=1`)],
    ['a fragment', at((url) => `${url}#x`)],
    ['its scheme in upper case', at((url) => `HTTP://${url.host}/token`)],
    ['escapes of plain letters', at((url) => `${url.origin}/%74oken`)],
  ]) {
    test(`C4 htu with ${what} is the same`, async () => {
      const answer = await withProof(over());
      assert.equal(answer.status, 200, answer.body);
    });
  }

  const spoofs = [
    ['Host', 'eve.example'],
    ['X-Forwarded-Host', 'eve.example'],
    ['Forwarded', 'host=eve.example'],
  ];
  for (const [name, value] of spoofs) {
    const spoofed = async (htu) =>
      send({
        url: `${server.url}/token`,
        method: 'POST',
        headers: [
          ['Content-Type', FORM],
          [name, value],
          ['DPoP', await all.reports.tokenProof(htu ? {claims: {htu}} : {})],
        ],
        body: form({
          grant_type: 'client_credentials',
          resource: TICKETS,
          ...(await all.reports.authentication()),
        }),
      });
    door.row(`C5 htu follows no ${name}`, {
      bad: () => spoofed('http://eve.example/token'),
      twin: () => spoofed(),
      ...INVALID_PROOF,
    });
  }

  proofRow('C6 iat an hour old, with a good nonce', {claims: {iat: now() - 3600}});
  proofRow('C6 iat an hour ahead, with a good nonce', {claims: {iat: now() + 3600}});
  test('C6 iat half a minute off is taken, with a good nonce', async () => {
    for (const off of [-30, 30]) {
      const answer = await withProof({claims: {iat: now() + off}});
      assert.equal(answer.status, 200, answer.body);
    }
  });

  const nonces = [
    ['none', () => undefined],
    ['bogus', () => 'bogus'],
    ['empty', () => ''],
    ['a number', () => 7],
    ['of another server', () => Buffer.alloc(40, 7).toString('base64url')],
    ['changed in its time', () => `B${all.reports.nonce.slice(1)}`],
  ];
  for (const [what, nonce] of nonces) {
    test(`C7 a nonce that is ${what} is asked for anew, and nothing is spent`, async () => {
      const assertion = await all.reports.assertion();
      const once = async (claims) =>
        all.reports.token(
          {client_assertion: assertion, resource: TICKETS},
          {proof: await all.reports.tokenProof({claims: {jti: 'one-jti', ...claims}})},
        );
      const asked = await once({nonce: nonce(), jti: randomUUID()});
      assert.equal(asked.status, 400, asked.body);
      assert.equal(asked.json.error, 'use_dpop_nonce');
      assert.equal(asked.json.reason, 'nonce_required');
      assert.ok(asked.headers['dpop-nonce']);
      const answer = await once({nonce: asked.headers['dpop-nonce'], jti: randomUUID()});
      assert.equal(answer.status, 200, answer.body);
    });
  }

  let used;
  door.row('C8 a proof at another endpoint of the same htu', {
    twin: async () =>
      all.triage.forwardAuth({
        resource: TICKETS,
        token,
        path: `/${TICKET}`,
        proof: (used = await all.triage.proof({method: 'GET', token, url: `${TICKETS}/${TICKET}`})),
      }),
    bad: async () =>
      all.triage.forwardAuth({resource: TICKETS, token, path: `/${TICKET}?x=1`, proof: used}),
    status: 401,
    error: 'invalid_dpop_proof',
    reason: 'proof_replayed',
    stranger: true,
  });
  test('C8 a proof at a resource, 20 times at once', async () => {
    const proof = await all.triage.proof({method: 'GET', token, url: `${TICKETS}/${TICKET}`});
    const answers = await Promise.all(
      Array.from({length: 20}, () =>
        all.triage.forwardAuth({resource: TICKETS, token, path: `/${TICKET}`, proof}),
      ),
    );
    assert.equal(answers.filter(({status}) => status === 200).length, 1);
    for (const answer of answers.filter(({status}) => status !== 200)) {
      door.check(
        answer,
        {status: 401, error: 'invalid_dpop_proof', reason: 'proof_replayed', stranger: true},
        0,
      );
    }
  });

  const headed = async (make) =>
    send({
      url: `${server.url}/token`,
      method: 'POST',
      headers: [['Content-Type', FORM], ...(await make())],
      body: form({
        grant_type: 'client_credentials',
        resource: TICKETS,
        ...(await all.reports.authentication()),
      }),
    });
  const headRow = (name, make) =>
    door.row(name, {
      bad: () => headed(make),
      twin: () => headed(async () => [['DPoP', await all.reports.tokenProof()]]),
      ...INVALID_PROOF,
    });
  headRow('C9 no DPoP header', async () => []);
  headRow('C9 two DPoP headers', async () => [
    ['DPoP', await all.reports.tokenProof()],
    ['DPoP', await all.reports.tokenProof()],
  ]);
  headRow('C9 two proofs with a comma', async () => [
    ['DPoP', `${await all.reports.tokenProof()}, ${await all.reports.tokenProof()}`],
  ]);
  headRow('C9 an empty DPoP header', async () => [['DPoP', '']]);

  // At a resource: forward-auth, as a proxy asks it.
  const url = `${TICKETS}/${TICKET}`;
  const asked = async ({
    over = {},
    by = all.triage,
    authorization = `DPoP ${token}`,
    dpop,
    more = [],
  } = {}) =>
    send({
      url: `${server.url}/forward-auth/${encodeURIComponent(TICKETS)}`,
      headers: [
        ['X-Original-Method', 'GET'],
        ['X-Original-URI', `/${TICKET}`],
        ['X-Real-IP', '127.0.0.1'],
        ...[authorization].flat().map((value) => ['Authorization', value]),
        ...(dpop ?? [await by.proof({method: 'GET', token, url, ...over})]).map((value) => [
          'DPoP',
          value,
        ]),
        ...more,
      ],
    });
  const askRow = (name, change, reason, error) =>
    door.row(name, {
      bad: async () => asked(await change()),
      twin: () => asked(),
      status: 401,
      error,
      reason,
      stranger: true,
    });
  askRow(
    'C10 no ath',
    () => ({over: {token: undefined}}),
    'proof_of_possession',
    'invalid_dpop_proof',
  );
  askRow(
    'C10 ath of another token',
    () => ({over: {token: another}}),
    'proof_of_possession',
    'invalid_dpop_proof',
  );
  askRow(
    'C10 ath not a hash',
    () => ({over: {claims: {ath: 'x'}}}),
    'proof_of_possession',
    'invalid_dpop_proof',
  );
  askRow(
    'C11 a bound token as Bearer',
    () => ({authorization: `Bearer ${token}`}),
    'proof_of_possession',
    'invalid_token',
  );
  askRow(
    'C11 as Bearer, without a proof',
    () => ({authorization: `Bearer ${token}`, dpop: []}),
    'proof_of_possession',
    'invalid_token',
  );
  askRow(
    'C11 both schemes',
    () => ({authorization: [`Bearer ${token}`, `DPoP ${token}`]}),
    'token_malformed',
    'invalid_token',
  );
  askRow('C11 no Authorization', () => ({authorization: []}), 'token_malformed', 'invalid_token');
  askRow(
    'C11 the scheme DPoP without its proof',
    () => ({dpop: []}),
    'bad_request',
    'invalid_dpop_proof',
  );
  askRow(
    "C12 a proof by another's key",
    () => ({by: all.other}),
    'proof_of_possession',
    'invalid_token',
  );
  askRow(
    'C9 two proofs at a resource',
    async () => ({
      dpop: [
        await all.triage.proof({method: 'GET', token, url}),
        await all.triage.proof({method: 'GET', token, url}),
      ],
    }),
    'bad_request',
    'invalid_dpop_proof',
  );
  askRow(
    'C1 a proof of another method at a resource',
    () => ({over: {method: 'POST'}}),
    'bad_request',
    'invalid_dpop_proof',
  );
  askRow(
    'C6 a proof of an hour ago at a resource',
    () => ({over: {claims: {iat: now() - 3600}}}),
    'nonce_required',
    'use_dpop_nonce',
  );
  askRow(
    'C7 a bogus nonce at a resource',
    () => ({over: {nonce: 'bogus'}}),
    'nonce_required',
    'use_dpop_nonce',
  );
  door.row('C3 a proof for the same path at another resource', {
    twin: () => asked(),
    bad: async () => asked({over: {url: `${ARCHIVE}/${TICKET}`}}),
    status: 401,
    error: 'invalid_dpop_proof',
    reason: 'bad_request',
    stranger: true,
  });

  // The subject's own key, or nobody's: a binding does not go away in an exchange.
  const narrowed = async (by) =>
    all.triage.exchange(
      {
        subject_token: token,
        resource: TICKETS,
        actor_token: undefined,
        actor_token_type: undefined,
      },
      {
        proof: await by.proof({
          method: 'POST',
          url: `${server.issuer}/token`,
          nonce: all.triage.nonce,
        }),
      },
    );
  door.row('C13 a bound token exchanged without its key', {
    bad: async () => narrowed(await Party.make('agent:triage')),
    twin: () => narrowed(all.triage),
    ...INVALID_REQUEST,
    reason: 'proof_of_possession',
  });
  test('C13 what comes of a bound token is bound', async () => {
    const answer = await narrowed(all.triage);
    const claims = JSON.parse(Buffer.from(answer.json.access_token.split('.')[1], 'base64url'));
    assert.deepEqual(claims.cnf, {jkt: all.triage.jkt});
    assert.equal(answer.json.token_type, 'DPoP');
  });
  door.onRecord();
});
