// ATTACKS.md section A, A1 to A23: JWTs of wrong shape, at each place that takes one.
import assert from 'node:assert/strict';
import crypto, {randomUUID} from 'node:crypto';
import {before, describe, test} from 'node:test';

import {
  BODY_TOO_LARGE,
  Door,
  forge,
  HEAD_TOO_LARGE,
  INVALID_CLIENT,
  INVALID_PROOF,
  INVALID_REQUEST,
  keyOf,
  signer,
  startTrap,
  STRANGE_REQUEST,
} from './attacks.mjs';
import {scope} from './harness.mjs';
import {startOrganisation, TICKETS} from './organisation.mjs';
import {JWT, now, Party} from './party.mjs';

const ORDER = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
const bytesOf = (hex) => Buffer.from(hex, 'hex');
const zeros = Buffer.alloc(32);
const hmac = (key) => (input) => crypto.createHmac('sha256', key).update(input).digest();

describe('A: JOSE', () => {
  let all;
  let eve;
  let trap;
  let server;
  const t = scope();
  const door = new Door(() => all);
  before(async () => {
    all = await startOrganisation(t);
    ({server} = all);
    eve = (await Party.make('agent:eve')).at(server);
    trap = await startTrap(t);
    await all.reports.fetchNonce();
    await all.triage.fetchNonce();
  });

  // Where a JWT of the caller's own goes in: what a good one is, how it is sent, what refuses it.
  const assertion = {
    name: 'client assertion',
    refusal: INVALID_CLIENT,
    party: () => all.reports,
    header: () => ({alg: 'ES256', typ: 'client-authentication+jwt'}),
    claims: () => all.reports.ownClaims(),
    send: (jwt) => all.reports.token({client_assertion: jwt, resource: TICKETS}),
  };
  const actor = {
    name: 'actor token',
    refusal: INVALID_REQUEST,
    party: () => all.triage,
    header: () => ({alg: 'ES256', typ: 'actor+jwt'}),
    claims: () => all.triage.ownClaims(),
    send: async (jwt) =>
      all.triage.exchange({
        subject_token: await all.triage.statement('triage-reads'),
        subject_token_type: JWT,
        actor_token: jwt,
        resource: TICKETS,
      }),
  };
  const proof = {
    name: 'DPoP proof',
    refusal: INVALID_PROOF,
    party: () => all.reports,
    header: () => ({alg: 'ES256', typ: 'dpop+jwt', jwk: all.reports.jwk}),
    claims: () => ({
      jti: randomUUID(),
      htm: 'POST',
      htu: `${server.issuer}/token`,
      iat: now(),
      nonce: all.reports.nonce,
    }),
    send: (jwt) => all.reports.token({resource: TICKETS}, {proof: jwt}),
  };
  const everywhere = [assertion, actor, proof];
  const registered = [assertion, actor]; // where the key is on record, not in the proof

  // What is left out of a change is as in a good one.
  const made = (place, change = {}) => {
    const {
      header = (good) => good,
      claims = (good) => good,
      sign = signer(place.party()),
      text,
    } = change;
    return forge({header: header(place.header()), claims: claims(place.claims()), sign, text});
  };
  // `reason` is what the actor token's refusal says; a client's and a proof's are always the same.
  const rows = (
    name,
    change,
    {at = everywhere, reason = 'token_malformed', as = {}, twin} = {},
  ) => {
    const changed = () => (typeof change === 'function' ? change() : change);
    for (const place of at) {
      door.row(`${name}, as ${place.name}`, {
        bad: async () => place.send(made(place, changed(place))),
        twin: async () => place.send(made(place, twin)),
        ...place.refusal,
        ...(place === actor && {reason}),
        ...(as[place.name] ?? {}),
      });
    }
  };
  const tooMuch = {
    reason: 'limit_exceeded',
    as: {
      'client assertion': {...STRANGE_REQUEST, reason: 'limit_exceeded'},
      'DPoP proof': {...INVALID_REQUEST, reason: 'limit_exceeded'},
    },
  };
  const farTooMuch = {
    as: {
      'client assertion': BODY_TOO_LARGE,
      'actor token': BODY_TOO_LARGE,
      'DPoP proof': HEAD_TOO_LARGE,
    },
  };
  const unsigned = {reason: 'untrusted_issuer'};
  const over = (members) => (good) => ({...good, ...members});

  for (const alg of ['none', 'None', 'nOnE', 'NONE', '']) {
    rows(`A1 alg ${JSON.stringify(alg)} with an empty signature`, {
      header: over({alg}),
      sign: () => '',
    });
    rows(`A1 alg ${JSON.stringify(alg)} with a signature`, {header: over({alg})});
  }
  rows('A1 ES256 with an empty signature', {sign: () => ''});
  const publicForms = [
    ['JWK text', (party) => JSON.stringify(party.jwk)],
    ['PEM', (party) => crypto.createPublicKey(keyOf(party)).export({type: 'spki', format: 'pem'})],
    ['DER', (party) => crypto.createPublicKey(keyOf(party)).export({type: 'spki', format: 'der'})],
  ];
  for (const [what, form] of publicForms) {
    for (const place of everywhere) {
      rows(
        `A2 HS256 keyed with the client's public ${what}`,
        () => ({header: over({alg: 'HS256'}), sign: hmac(form(place.party()))}),
        {at: [place]},
      );
    }
  }
  rows('A3 HS256 with an empty key', {header: over({alg: 'HS256'}), sign: hmac('')});
  rows(
    "A4 the attacker's key in the header",
    () => ({header: over({jwk: eve.jwk}), sign: signer(eve)}),
    {at: registered, ...unsigned},
  );
  rows("A4 another's key in a proof's header", () => ({header: over({jwk: eve.jwk})}), {
    at: [proof],
  });
  for (const member of ['jku', 'x5u']) {
    for (const url of [
      () => `${trap.url}/jwks`,
      () => 'http://169.254.169.254/latest',
      () => 'file:///etc/passwd',
      () => `http://localhost:${new URL(trap.url).port}/`,
    ]) {
      rows(
        `A5 ${member} to ${url.toString().slice(6)}`,
        () => ({header: over({[member]: url(), kid: eve.jkt}), sign: signer(eve)}),
        {at: registered, ...unsigned},
      );
      rows(
        `A5 ${member} to ${url.toString().slice(6)} in place of jwk`,
        () => ({header: ({jwk, ...good}) => ({...good, [member]: url()})}),
        {at: [proof]},
      );
    }
  }
  test('A5 nothing is fetched from where a token points', () => assert.equal(trap.calls, 0));
  for (const member of [
    {x5c: ['MIIBszCCAVmgAwIBAgIU']},
    {x5t: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA'},
    {'x5t#S256': 'A'.repeat(43)},
  ]) {
    rows(
      `A6 ${Object.keys(member)} of the attacker`,
      () => ({header: over(member), sign: signer(eve)}),
      {at: registered, ...unsigned},
    );
  }
  for (const kid of ['../../dev/null', "' OR 1=1 --", '$(id)', '*)(uid=*', 'k'.repeat(256)]) {
    rows(`A7 kid ${kid.slice(0, 20)}`, {header: over({kid})}, {at: registered, ...unsigned});
  }
  for (const kid of ['a\0b', 7, ['x'], {}, true, null, 'k'.repeat(257)]) {
    rows(`A7 kid ${JSON.stringify(kid)?.slice(0, 20)}`, {header: over({kid})});
  }
  rows('A7 kid of 5 kB', {header: over({kid: 'k'.repeat(5000)})}, tooMuch);
  rows(
    'A7 kid of 100 kB',
    {header: over({kid: 'k'.repeat(100_000)})},
    {...tooMuch, as: {...tooMuch.as, 'DPoP proof': HEAD_TOO_LARGE}},
  );
  for (const crit of [['x'], [], ['x', 'x'], ['exp'], ['alg'], 'x', null]) {
    rows(`A8 crit ${JSON.stringify(crit)}`, {header: over({crit})});
  }
  rows('A9 b64 false with crit', {header: over({b64: false, crit: ['b64']})});
  rows('A9 b64 false alone', {header: over({b64: false})});
  rows('A10 zip', {header: over({zip: 'DEF'})});
  rows('A10 five parts, as of a JWE', {text: (jwt) => `${jwt}.AAAA.AAAA`});
  const signatures = [
    ['r and s 0', () => Buffer.concat([zeros, zeros])],
    ['r and s the order', () => Buffer.concat([bytesOf(ORDER), bytesOf(ORDER)])],
    ['r 0', (good) => Buffer.concat([zeros, good.subarray(32)])],
    ['one byte short', (good) => good.subarray(0, 63)],
    ['one byte long', (good) => Buffer.concat([good, Buffer.alloc(1)])],
  ];
  for (const [what, change] of signatures) {
    for (const place of everywhere) {
      rows(
        `A11 a signature with ${what}`,
        () => ({sign: (input) => change(signer(place.party())(input))}),
        {at: [place], ...unsigned},
      );
    }
  }
  for (const place of everywhere) {
    rows(
      'A11 a signature in DER',
      () => ({
        sign: (input) => crypto.sign('sha256', Buffer.from(input), keyOf(place.party())),
      }),
      {at: [place], ...unsigned},
    );
  }
  for (const alg of ['ES384', 'RS256', 'EdDSA', 'PS256']) {
    rows(`A14 ${alg} by a P-256 key`, {header: over({alg})}, unsigned);
  }
  for (const alg of ['ES256K', 'RS1', 'ES512', 5, null, ['ES256']]) {
    rows(`A14 alg ${JSON.stringify(alg)}`, {header: over({alg})});
  }
  const jwkRows = [
    ['A15 use enc', {use: 'enc'}, {use: 'sig'}],
    ['A15 key_ops without verify', {key_ops: ['sign']}, {key_ops: ['verify']}],
    ['A15 alg that disagrees', {alg: 'ES384'}, {alg: 'ES256'}],
    ['A16 a point off the curve', {y: Buffer.alloc(32, 1).toString('base64url')}],
    ['A16 y a copy of x', () => ({y: all.reports.jwk.x})],
    [
      'A16 x padded to 33 bytes',
      () => ({
        x: Buffer.concat([Buffer.alloc(1), Buffer.from(all.reports.jwk.x, 'base64url')]).toString(
          'base64url',
        ),
      }),
    ],
    ['A16 the private member', () => ({d: all.reports.privateJwk.d})],
  ];
  for (const [name, members, twin = {}] of jwkRows) {
    const jwk = (extra) => ({
      header: (good) => ({
        ...good,
        jwk: {...good.jwk, ...(typeof extra === 'function' ? extra() : extra)},
      }),
    });
    rows(`${name} in a proof's jwk`, () => jwk(members), {at: [proof], twin: jwk(twin)});
  }
  const again = (name, value) => (good) =>
    `${JSON.stringify(good).slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`;
  rows('A17 alg twice', {header: again('alg', 'ES256')});
  for (const claim of ['sub', 'aud', 'act', 'cnf', 'jti']) {
    rows(`A17 ${claim} twice`, {
      claims: (good) => again(claim, good[claim] ?? {})({[claim]: good[claim] ?? {}, ...good}),
    });
  }
  const trailing = (jwt) => {
    // 64 bytes leave 4 unused bits in the last letter
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return jwt.slice(0, -1) + letters[letters.indexOf(jwt.at(-1)) + 1];
  };
  for (const [what, text] of [
    ['padding', (jwt) => `${jwt}==`],
    ['a space', (jwt) => `${jwt} `],
    ['a line break', (jwt) => jwt.replace('.', '.\n')],
    ['trailing bits', trailing],
    ['the other alphabet', (jwt) => `${jwt.slice(0, -4)}+/+/`],
  ]) {
    // HTTP takes a blank at the end of a header, and no line break in one.
    const at = what === 'a space' || what === 'a line break' ? registered : everywhere;
    rows(`A18 base64url with ${what}`, {text}, {at});
  }
  for (const [what, text] of [
    ['two segments', (jwt) => jwt.split('.').slice(0, 2).join('.')],
    ['four segments', (jwt) => `${jwt}.AAAA`],
    ['six segments', (jwt) => `${jwt}.A.A.A`],
    ['an empty header', (jwt) => jwt.replace(/^[^.]*/, '')],
    ['an empty payload', (jwt) => jwt.replace(/\.[^.]*\./, '..')],
    ['dots alone', () => '..'],
    [
      'the JSON serialization',
      (jwt) => {
        const [protected_, payload, signature] = jwt.split('.');
        return JSON.stringify({payload, signatures: [{protected: protected_, signature}]});
      },
    ],
  ]) {
    rows(`A19 ${what}`, {text});
  }
  rows('A19 20 kB', {text: (jwt) => jwt + 'A'.repeat(20_000)}, tooMuch);
  const payloads = [
    ['an array', '[]'],
    ['a string', '"x"'],
    ['a number', '7'],
    ['null', 'null'],
    ['not JSON', '{'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a lone surrogate', '{"x":"\\ud800"}'],
    ['a byte order mark', '\ufeff{}'],
    ['two objects', '{}{}'],
  ];
  for (const [what, payload] of payloads)
    rows(`A20 a payload that is ${what}`, {claims: () => payload});
  rows(
    'A20 a payload 5000 deep',
    {
      claims: (good) =>
        again('x', 0)(good).replace(/:0}$/, `:${'['.repeat(5000)}${']'.repeat(5000)}}`),
    },
    tooMuch,
  );
  rows(
    'A20 a payload of 100 000 members',
    {
      claims: (good) => ({
        ...good,
        ...Object.fromEntries(Array.from({length: 100_000}, (_, at) => [`m${at}`, 0])),
      }),
    },
    farTooMuch,
  );
  rows('A19 1 MiB', {text: (jwt) => jwt + 'A'.repeat(1 << 20)}, farTooMuch);

  const date = (claim, text) => ({
    claims: (good) => JSON.stringify({...good, [claim]: '@'}).replace('"@"', text),
  });
  for (const text of [
    '"123"',
    'true',
    'null',
    '-1',
    '1e400',
    '1e308',
    '9223372036854775808',
    '[]',
    '{}',
    'NaN',
  ]) {
    rows(`A21 exp ${text}`, date('exp', text), {
      at: registered,
      twin: date('exp', `${now() + 90}.5`),
    });
    rows(`A21 iat ${text}`, date('iat', text), {twin: date('iat', `${now()}.5`)});
  }
  rows('A21 no exp', {claims: over({exp: undefined})}, {at: registered});
  rows(
    'A21 exp past',
    {claims: () => ({...all.reports.ownClaims(), iat: now() - 60, exp: now() - 1})},
    {at: [assertion]},
  );
  const times = (iat, exp, more = {}) => ({
    claims: (good) => ({
      ...good,
      iat: now() + iat,
      exp: now() + exp,
      ...more,
    }),
  });
  rows('A22 iat ahead', times(120, 180), {at: registered, twin: times(0, 180)});
  rows(
    'A22 nbf ahead',
    {claims: (good) => ({...good, nbf: now() + 120})},
    {at: registered, twin: {claims: (good) => ({...good, nbf: now() - 1})}},
  );
  rows('A22 exp before iat', times(2, 1), {at: registered});
  rows('A22 a lifetime of 301 s', times(-1, 300), {at: registered, twin: times(-1, 299)});
  rows('A22 a lifetime of ten years', times(0, 315_360_000), {at: registered});
  rows('A22 ten years without iat', times(0, 315_360_000, {iat: undefined}), {at: registered});
  const audiences = [
    ['another', () => TICKETS],
    ['an empty array', () => []],
    ['null', () => null],
    ['an object', () => ({})],
    ['a longer one', () => `${server.issuer}.eve.example`],
    ['a final slash', () => `${server.issuer}/`],
    ['in another case', () => server.issuer.toUpperCase()],
    ['missing', () => undefined],
    ['ours beside a foreign one', () => [server.issuer, TICKETS]],
    ['the token endpoint', () => `${server.issuer}/token`],
  ];
  for (const [what, aud] of audiences) {
    rows(
      `A23 aud ${what}`,
      {claims: (good) => ({...good, aud: aud()})},
      {
        at: registered,
        reason: 'audience_mismatch',
        twin: {claims: (good) => ({...good, aud: [good.aud]})},
      },
    );
  }
  test('A5 nothing was fetched by any row', () => assert.equal(trap.calls, 0));
  door.onRecord();
});
