// ATTACKS.md A24 to A26 and section B: who calls, used once, and the form layer.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {before, describe, test} from 'node:test';

import {
  BODY_TOO_LARGE,
  Door,
  INVALID_CLIENT,
  INVALID_PROOF,
  INVALID_REQUEST,
  signer,
  forge,
  STRANGE_REQUEST,
} from './attacks.mjs';
import {scope} from './harness.mjs';
import {FORM, form, send} from './http.mjs';
import {startOrganisation, TICKETS} from './organisation.mjs';
import {ACCESS_TOKEN, EXCHANGE, ID_TOKEN, JWT, now, Party} from './party.mjs';

describe('A24 to A26, B: who calls', () => {
  let all;
  let eve;
  let second; // agent:other's other key
  let server;
  const t = scope();
  const door = new Door(() => all);
  before(async () => {
    second = await Party.make('agent:other');
    all = await startOrganisation(t, (document, parties) => {
      document.principals.find(({id}) => id === 'agent:other').authenticators = [
        {jwk: parties.other.jwk},
        {jwk: second.jwk},
      ];
      document.entitlements.push({
        id: 'other-own',
        principal: 'agent:other',
        max_depth: 0,
        authority: [{type: 'tickets', locations: [TICKETS], actions: ['read']}],
      });
      return document;
    });
    ({server} = all);
    eve = (await Party.make('agent:eve')).at(server);
    for (const party of [all.reports, all.triage]) await party.fetchNonce();
    all.other.nonce = all.reports.nonce; // nonces are the server's, not a client's
  });

  const own = (over = {}, options) => all.reports.token({resource: TICKETS, ...over}, options);
  const acting = async (over = {}, options) =>
    all.triage.exchange(
      {
        subject_token: await all.triage.statement('triage-reads'),
        subject_token_type: JWT,
        resource: TICKETS,
        ...over,
      },
      options,
    );
  const assertionRow = (name, assertion, more = {}) =>
    door.row(name, {
      bad: async () => own({client_assertion: await assertion()}),
      twin: () => own(),
      ...INVALID_CLIENT,
      ...more,
    });
  const actorRow = (name, token, reason, more = {}) =>
    door.row(name, {
      bad: async () => acting({actor_token: await token()}),
      twin: () => acting(),
      ...INVALID_REQUEST,
      reason,
      ...more,
    });
  const subjectRow = (name, parameters, reason, more = {}) =>
    door.row(name, {
      bad: async () => acting(await parameters()),
      twin: () => acting(),
      ...INVALID_REQUEST,
      reason,
      ...more,
    });

  const byOther = (header) => async () =>
    all.other.token({
      resource: TICKETS,
      client_assertion: await all.other.assertion({}, header),
    });
  door.row('A7 no kid where two keys are on record', {
    bad: byOther({}),
    twin: () => byOther({kid: all.other.jkt})(),
    ...INVALID_CLIENT,
  });
  door.row('A7 the kid of the other key', {
    bad: () => byOther({kid: second.jkt})(),
    twin: () => byOther({kid: all.other.jkt})(),
    ...INVALID_CLIENT,
  });

  assertionRow('A24 iss is another client', () => all.reports.assertion({iss: 'agent:triage'}));
  assertionRow('A24 sub is another client', () => all.reports.assertion({sub: 'agent:triage'}));
  assertionRow('A24 both are another client', () =>
    all.reports.assertion({iss: 'agent:triage', sub: 'agent:triage'}),
  );
  assertionRow('A24 no iss', () => all.reports.assertion({iss: undefined}));
  assertionRow('A24 no sub', () => all.reports.assertion({sub: undefined}));
  assertionRow(
    'A24 sub is a person',
    () =>
      all.reports.assertion({
        iss: 'human:maria@acme.example',
        sub: 'human:maria@acme.example',
      }),
    {reason: 'borrowed_credential'},
  );
  assertionRow('A24 no jti', () => all.reports.assertion({jti: undefined}));

  for (const typ of [
    'at+jwt',
    'dpop+jwt',
    'actor+jwt',
    'delegation+jwt',
    'hop-grant+jwt',
    'secevent+jwt',
    'mandate-assertion+jwt',
  ]) {
    assertionRow(`A25 typ ${typ} as a client assertion`, () => all.reports.assertion({}, {typ}));
    if (typ !== 'actor+jwt') {
      actorRow(
        `A25 typ ${typ} as an actor token`,
        () => all.triage.actorToken({}, {typ}),
        'token_type_mismatch',
      );
    }
    door.row(`A25 typ ${typ} as a DPoP proof`, {
      bad: async () =>
        own(
          {},
          {
            proof: await all.reports.tokenProof({
              header: {typ: typ === 'dpop+jwt' ? 'jwt' : typ},
            }),
          },
        ),
      twin: () => own(),
      ...INVALID_PROOF,
    });
  }
  const tokenOf = async () => (await own()).json.access_token;
  assertionRow('A25 an access token as a client assertion', tokenOf);
  assertionRow('A25 a receipt as a client assertion', async () => (await own()).json.receipt);
  subjectRow(
    'A25 a client assertion as a subject token',
    async () => ({
      subject_token: await all.triage.assertion(),
      subject_token_type: JWT,
    }),
    'untrusted_issuer',
  );
  subjectRow(
    'A25 a client assertion as an access token',
    async () => ({
      subject_token: await all.triage.assertion(),
      subject_token_type: ACCESS_TOKEN,
    }),
    'token_type_mismatch',
  );
  subjectRow(
    'A25 a statement as an access token',
    async () => ({
      subject_token: await all.triage.statement('triage-reads'),
      subject_token_type: ACCESS_TOKEN,
    }),
    'token_type_mismatch',
  );
  subjectRow(
    'A25 a statement as an ID token',
    async () => ({
      subject_token: await all.triage.statement('triage-reads'),
      subject_token_type: ID_TOKEN,
    }),
    'untrusted_issuer',
  );
  subjectRow(
    'A25 an access token as a JWT of somebody else',
    async () => ({
      subject_token: (await acting()).json.access_token,
      subject_token_type: JWT,
    }),
    'untrusted_issuer',
  );
  actorRow(
    'A25 a statement as an actor token',
    () => all.triage.statement('triage-reads'),
    'token_malformed',
  );

  // One use: `jwt` makes it, `use` presents it.
  const once = [
    [
      'a client assertion',
      () => all.reports.assertion(),
      (jwt) => own({client_assertion: jwt}),
      {...INVALID_CLIENT, stranger: false, reason: 'proof_replayed'},
    ],
    [
      'an actor token',
      () => all.triage.actorToken(),
      (jwt) => acting({actor_token: jwt}),
      {...INVALID_REQUEST, reason: 'proof_replayed'},
    ],
    [
      'a DPoP proof',
      () => all.reports.tokenProof(),
      (jwt) => own({}, {proof: jwt}),
      {...INVALID_PROOF, reason: 'proof_replayed'},
    ],
  ];
  for (const [what, jwt, use, refusal] of once) {
    let used;
    door.row(`A26 ${what} used again`, {
      twin: async () => use((used = await jwt())),
      bad: () => use(used),
      ...refusal,
    });
    test(`A26 ${what} used 20 times at once`, async () => {
      used = await jwt();
      const answers = await Promise.all(Array.from({length: 20}, () => use(used)));
      assert.equal(answers.filter(({status}) => status === 200).length, 1);
      for (const answer of answers.filter(({status}) => status !== 200)) {
        door.check(answer, refusal, 0);
      }
    });
  }
  let shared;
  door.row('A26 a client assertion used again at another endpoint', {
    twin: async () => own({client_assertion: (shared = await all.reports.assertion())}),
    bad: () => all.reports.introspect('x', {client_assertion: shared}),
    ...INVALID_CLIENT,
    stranger: false,
    reason: 'proof_replayed',
  });
  door.row('A26 a client assertion used again beside another jwt of the same jti', {
    twin: async () => own({client_assertion: await all.reports.assertion({jti: 'the-same'})}),
    bad: async () =>
      own({client_assertion: await all.reports.assertion({jti: 'the-same', iat: now() - 1})}),
    ...INVALID_CLIENT,
    stranger: false,
    reason: 'proof_replayed',
  });

  const basic = [
    'Authorization',
    `Basic ${Buffer.from('service:reports:secret').toString('base64')}`,
  ];
  const posted = async (
    parameters,
    {headers = [], path = '/token', method = 'POST', type = FORM, text} = {},
  ) => {
    const body = text ?? form(parameters);
    return send({
      url: server.url + path,
      method,
      body,
      headers: [
        ...(type ? [['Content-Type', type]] : []),
        ['DPoP', await all.reports.tokenProof()],
        ...headers,
      ],
    });
  };
  const good = async () => ({
    grant_type: 'client_credentials',
    resource: TICKETS,
    ...(await all.reports.authentication()),
  });
  const formRow = (name, bad, expected) =>
    door.row(name, {
      bad,
      twin: async () => posted(await good()),
      ...expected,
    });

  formRow(
    'B1 an Authorization header beside an assertion',
    async () => posted(await good(), {headers: [basic]}),
    STRANGE_REQUEST,
  );
  formRow(
    'B1 an Authorization header alone',
    async () => posted({grant_type: 'client_credentials'}, {headers: [basic]}),
    {...INVALID_CLIENT, tried: 'Basic'},
  );
  formRow(
    'B1 a client_secret beside an assertion',
    async () => posted({...(await good()), client_secret: 'x'}),
    STRANGE_REQUEST,
  );
  formRow(
    'B1 no authentication at all',
    async () => posted({grant_type: 'client_credentials', resource: TICKETS}),
    INVALID_CLIENT,
  );
  formRow(
    'B1 another type of assertion',
    async () =>
      posted({
        ...(await good()),
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
      }),
    STRANGE_REQUEST,
  );
  door.row("B2 another client's client_id beside an assertion", {
    bad: async () => posted({...(await good()), client_id: 'agent:triage'}),
    twin: async () => posted({...(await good()), client_id: 'service:reports'}),
    ...INVALID_CLIENT,
  });
  for (const name of [
    'grant_type',
    'scope',
    'client_assertion',
    'client_assertion_type',
    'client_id',
    'delegation_id',
    'requested_token_type',
  ]) {
    formRow(
      `B3 ${name} twice`,
      async () => {
        const parameters = Object.entries({...(await good()), scope: 'tickets:read'});
        const value = parameters.find(([key]) => key === name)?.[1] ?? 'x';
        return posted([
          ...parameters.filter(([key]) => key !== name),
          [name, value],
          [name, value],
        ]);
      },
      STRANGE_REQUEST,
    );
  }
  door.row('B3 an unknown parameter', {
    bad: async () => posted({...(await good()), redirect_uri: 'https://eve.example'}),
    twin: async () => posted({...(await good()), audience: undefined}),
    ...STRANGE_REQUEST,
  });
  formRow(
    'B4 parameters in the query',
    async () => posted(await good(), {path: '/token?scope=x'}),
    STRANGE_REQUEST,
  );
  formRow(
    'B4 every parameter in the query',
    async () => posted({}, {path: `/token?${form(await good())}`}),
    STRANGE_REQUEST,
  );
  formRow('B4 GET', async () => send({url: `${server.url}/token?${form(await good())}`}), {
    ...STRANGE_REQUEST,
    status: 405,
  });
  formRow('B4 PUT', async () => posted(await good(), {method: 'PUT'}), {
    ...STRANGE_REQUEST,
    status: 405,
  });
  const unsupported = {...STRANGE_REQUEST, status: 415};
  formRow(
    'B4 a JSON body',
    async () => posted({}, {type: 'application/json', text: JSON.stringify(await good())}),
    unsupported,
  );
  formRow(
    'B4 multipart',
    async () => posted(await good(), {type: 'multipart/form-data; boundary=x'}),
    unsupported,
  );
  formRow(
    'B5 another content type',
    async () => posted(await good(), {type: 'text/plain'}),
    unsupported,
  );
  formRow('B5 no content type', async () => posted(await good(), {type: null}), unsupported);
  for (const [what, text] of [
    ['%00', 'a%00'],
    ['%zz', '%zz'],
    ['half an escape', 'a%4'],
    ['an overlong slash', '%c0%af'],
    ['a surrogate', '%ed%a0%80'],
  ]) {
    formRow(
      `B5 ${what} in a value`,
      async () => posted({}, {text: `${form(await good())}&scope=${text}`}),
      STRANGE_REQUEST,
    );
    formRow(
      `B5 ${what} in a name`,
      async () => posted({}, {text: `${form(await good())}&${text}=x`}),
      STRANGE_REQUEST,
    );
  }
  formRow(
    'B5 100 000 parameters',
    async () => posted({}, {text: Array.from({length: 100_000}, (_, at) => `p${at}=1`).join('&')}),
    {...STRANGE_REQUEST, status: 413, reason: 'limit_exceeded'},
  );
  formRow(
    'B5 a form of 2 MiB',
    async () => posted({}, {text: `scope=${'x'.repeat(2 << 20)}`}),
    BODY_TOO_LARGE,
  );

  const asEve = async () => posted({...(await good()), ...(await eve.authentication())});
  formRow('B6 an unknown client reads as a wrong signature', asEve, {
    ...INVALID_CLIENT,
    journal: 'client_unknown',
  });
  test('B6 an unknown client and a wrong signature read and take alike', async () => {
    const forged = async () =>
      posted({
        ...(await good()),
        client_assertion: forge({
          header: {alg: 'ES256'},
          claims: all.reports.ownClaims(),
          sign: signer(eve),
        }),
      });
    const timed = async (request) => {
      const started = performance.now();
      const answer = await request();
      return {answer, ms: performance.now() - started};
    };
    // What a busy machine adds only ever makes an answer slower: the fastest ones tell.
    const unknown = [];
    const known = [];
    let ratio = 0;
    const isAlike = () => ratio > 0.6 && ratio < 1.67;
    for (let at = 0; at < 200 && !(at >= 40 && isAlike()); ++at) {
      const first = await timed(asEve);
      const then = await timed(forged);
      door.check(first.answer, {...INVALID_CLIENT, journal: 'client_unknown'}, first.ms);
      door.check(then.answer, INVALID_CLIENT, then.ms);
      unknown.push(first.ms);
      known.push(then.ms);
      ratio = Math.min(...unknown) / Math.min(...known);
    }
    assert.ok(isAlike(), `an unknown client takes ${ratio} times as long`);
  });
  formRow(
    'B6 a client that is only an owner',
    async () =>
      posted({
        ...(await good()),
        client_assertion: await all.reports.assertion({iss: 'team:support', sub: 'team:support'}),
      }),
    INVALID_CLIENT,
  );
  formRow(
    'B7 a certificate named in a header is no authentication',
    async () =>
      posted(
        {grant_type: 'client_credentials', resource: TICKETS, client_id: 'service:reports'},
        {
          headers: [
            ['X-Client-Cert', 'MIIB'],
            ['X-SSL-Client-S-DN', 'CN=service:reports'],
            ['Client-Cert', ':MIIB:'],
          ],
        },
      ),
    INVALID_CLIENT,
  );
  door.onRecord();

  test('A26 no use is forgotten in a restart', async () => {
    const assertion = await all.reports.assertion({exp: now() + 200});
    const actorToken = await all.triage.actorToken({exp: now() + 200});
    assert.equal((await own({client_assertion: assertion})).status, 200);
    assert.equal((await acting({actor_token: actorToken})).status, 200);
    await server.kill();
    await server.launch({listen: new URL(server.url).host});
    for (const party of [all.reports, all.triage]) {
      party.at(server).nonce = undefined;
      await party.fetchNonce();
    }
    door.check(
      await own({client_assertion: assertion}),
      {...INVALID_CLIENT, stranger: false, reason: 'proof_replayed'},
      0,
    );
    door.check(
      await acting({actor_token: actorToken}),
      {...INVALID_REQUEST, reason: 'proof_replayed'},
      0,
    );
    assert.equal(
      (await own({client_assertion: await all.reports.assertion({jti: randomUUID()})})).status,
      200,
    );
  });
});
