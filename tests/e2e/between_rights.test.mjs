// Who may write what at the issuer itself: rights there are written by who holds as much, nobody
// ends its own access, and a request to the API says what it means or is refused.
import assert from 'node:assert/strict';
import {readFile} from 'node:fs/promises';
import {randomUUID} from 'node:crypto';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';
import {Door, INVALID_REQUEST} from './attacks.mjs';
import {scope, sleep} from './harness.mjs';
import {days, permission, startOrganisation, TICKETS} from './organisation.mjs';
import {ID_TOKEN, now, Party} from './party.mjs';

const OUTSIDE = {status: 403, error: 'insufficient_scope', reason: 'outside_authority'};
const CONFLICT = {status: 409, error: 'invalid_request', reason: 'bad_request'};
const document = (members) => ({apiVersion: 'mandate/v1', ...members});

// The operator of the first start, as a party that calls the API.
async function operatorOf(server) {
  const {client_id, jwk} = JSON.parse(await readFile(server.operator, 'utf8'));
  const {d, ...publicJwk} = jwk;
  assert.ok(d);
  const operator = new Party();
  Object.assign(operator, {id: client_id, algorithm: 'ES256', jwk: publicJwk, privateJwk: jwk});
  operator.privateKey = await jose.importJWK(jwk, 'ES256');
  operator.jkt = await jose.calculateJwkThumbprint(publicJwk);
  return operator.at(server);
}

describe('rights at the issuer', () => {
  let all;
  let operator;
  const t = scope();
  const door = new Door(() => all);
  const mandate = (actions, identifier, type = 'mandate') => ({
    type,
    locations: [all.server.issuer],
    actions,
    ...(identifier && {identifier}),
  });
  before(async () => {
    all = await startOrganisation(t);
    operator = await operatorOf(all.server);
    await all.server.apply(
      document({
        entitlements: [
          {
            id: 'other-grants-one',
            principal: 'agent:other',
            max_depth: 1,
            authority: [
              mandate(['grant'], 'delegation/others-own'),
              mandate(['entitle'], 'entitlement/others-own'),
              mandate(['suspend'], 'principal/service:vault'),
            ],
          },
        ],
      }),
    );
  });

  const delegation = (authority, delegator = 'workload:operator') =>
    document({
      delegations: [
        {
          id: 'others-own',
          delegator,
          delegate: 'agent:other',
          max_depth: 0,
          not_after: days(1),
          authority,
        },
      ],
    });
  const entitlement = (authority) =>
    document({
      entitlements: [{id: 'others-own', principal: 'agent:other', max_depth: 0, authority}],
    });
  const applies = (body) => all.other.call('POST', '/apply', body);
  const rows = {
    'a right of an operator': [mandateOf(['suspend'])],
    'a right that it has for one object, for all': [mandateOf(['suspend'], 'principal/*')],
    'its own right of another kind': [mandateOf(['revoke'], 'principal/service:vault')],
    'the right to read the log': [mandateOf(['read'], undefined, 'audit')],
    'one right that it holds and one that it does not': [
      mandateOf(['suspend'], 'principal/service:vault'),
      mandateOf(['suspend'], 'principal/agent:other'),
    ],
  };
  function mandateOf(...what) {
    return () => mandate(...what);
  }
  for (const [name, authority] of Object.entries(rows)) {
    for (const [noun, write] of Object.entries({delegation, entitlement})) {
      door.row(`${name} is not written into a ${noun} by who does not hold it`, {
        bad: () => applies(write(authority.map((make) => make()))),
        twin: () => applies(write([mandate(['suspend'], 'principal/service:vault')])),
        ...OUTSIDE,
        says: /holds rights at the issuer that its writer does not hold/,
      });
    }
  }
  door.row('rights elsewhere are no rights at the issuer', {
    bad: () => applies(entitlement([permission(), mandate(['suspend'])])),
    twin: () => applies(entitlement([permission()])),
    ...OUTSIDE,
    says: /holds rights at the issuer that its writer does not hold/,
  });
  test('who holds them all writes them', async () => {
    const answer = await operator.call('POST', '/apply', entitlement([mandate(['suspend'])]));
    assert.equal(answer.status, 200, answer.body);
  });

  const suspend = (principal, suspended = true) =>
    operator.call('POST', '/suspensions', {principal, suspended});
  const revoke = (id, more = {}) =>
    operator.call('POST', '/revocations', {kind: 'principal', id, ...more});
  door.row('nobody suspends itself', {
    bad: () => suspend('workload:operator'),
    twin: () => suspend('service:archive'),
    ...CONFLICT,
  });
  door.row('nobody retires itself', {
    bad: () => revoke('workload:operator'),
    twin: () => revoke('service:archive'),
    ...CONFLICT,
  });
  test('what retiring oneself would stop may be asked', async () => {
    const answer = await revoke('workload:operator', {dry_run: true});
    assert.equal(answer.status, 200, answer.body);
    assert.equal((await operator.call('GET', '/principals/workload:operator')).status, 200);
  });

  const team = (id) => document({teams: [{id, members: ['human:kim@acme.example']}]});
  const queries = {
    'a flag of another value': '?dry_run=1',
    'an empty flag': '?dry_run=',
    'a flag of another name': '?dryrun=true',
    'a flag twice': '?dry_run=true&dry_run=true',
    'one good flag and one unknown': '?dry_run=true&force=true',
  };
  for (const [index, [name, query]] of Object.entries(queries).entries()) {
    test(`an apply with ${name} is refused, and nothing is applied`, async () => {
      const id = `team:new-${index}`;
      const dry = await operator.call('POST', '/apply?dry_run=true', team(id));
      assert.deepEqual(dry.json.differences?.map((difference) => difference.id), [id], dry.body);
      const answer = await operator.call('POST', `/apply${query}`, team(id));
      assert.deepEqual([answer.status, answer.json.reason], [400, 'bad_request'], answer.body);
      assert.equal((await operator.call('GET', `/teams/${id}`)).status, 404);
    });
  }
  for (const [method, path, body] of [
    ['GET', '/teams'],
    ['GET', '/teams/team:support'],
    ['POST', '/path', {txn: 'A'.repeat(22)}],
    ['POST', '/suspensions', {principal: 'service:vault', suspended: false}],
    ['POST', '/revocations', {kind: 'principal', id: 'service:vault', dry_run: true}],
  ]) {
    test(`${method} ${path} takes no query`, async () => {
      const answer = await operator.call(method, `${path}?dry_run=true`, body);
      assert.deepEqual([answer.status, answer.json.reason], [400, 'bad_request'], answer.body);
      const plain = await operator.call(method, path, body);
      assert.ok([200, 404].includes(plain.status), plain.body);
      assert.ok(plain.status === 200 || path === '/path', plain.body);
    });
  }

  test('refusals of what would be written are entries', async () => {
    const entries = await door.journal();
    const leaves = new Map(entries.map(({leaf, entry}) => [leaf, entry]));
    assert.ok(door.receipts.size >= 10);
    for (const [receipt, reason] of door.receipts) {
      const {leaf} = JSON.parse(Buffer.from(receipt.split('.')[1], 'base64url'));
      const {type, at, client_id, ...entry} = leaves.get(leaf);
      assert.deepEqual([type, entry.reason], ['refused', reason]);
      assert.match(at, /^POST \/(apply|suspensions|revocations)$/);
      assert.match(client_id, /^(agent:other|workload:operator)$/);
    }
  });
});

test('one right at the issuer is enough to use it', async (t) => {
  const {server, other} = await startOrganisation(t);
  const may = (identifier) => ({
    type: 'mandate',
    locations: [server.issuer],
    actions: ['register'],
    identifier,
  });
  const apply = (id) => other.call('POST', '/apply', document({principals: [{id}]}));
  const give = (identifier) => {
    const authority = [may(identifier)];
    const right = {id: 'one', principal: other.id, max_depth: 0, authority};
    return server.apply(document({entitlements: [right]}));
  };
  const none = await apply('human:new@acme.example');
  assert.deepEqual([none.status, none.json.reason], [403, 'outside_authority'], none.body);
  await give('principal/human:new@acme.example');
  other.apiToken = undefined;
  const one = await apply('human:new@acme.example');
  assert.equal(one.status, 200, one.body);
  const another = await apply('human:other@acme.example');
  assert.deepEqual([another.status, another.json.reason], [403, 'outside_authority']);
});

test('nobody changes anything after its rights have ended, however close', async (t) => {
  const all = await startOrganisation(t);
  const {server, other} = all;
  const operator = await operatorOf(server);
  const authority = [
    {
      type: 'mandate',
      locations: [server.issuer],
      actions: ['suspend'],
      identifier: 'principal/service:vault',
    },
  ];
  const right = {id: 'others-right', principal: 'agent:other', max_depth: 0, authority};
  await server.apply(document({entitlements: [right]}));
  const suspend = (suspended) =>
    other.call('POST', '/suspensions', {principal: 'service:vault', suspended});
  assert.equal((await suspend(true)).status, 200);
  await operator.call('GET', '/teams'); // has its token
  const end = async () => {
    await sleep(20);
    return operator.call('POST', '/revocations', {kind: 'entitlement', id: right.id});
  };
  const flips = Array.from({length: 60}, async (_, at) => {
    await sleep(at);
    return suspend(at % 2 === 0);
  });
  const [ended, ...answers] = await Promise.all([end(), ...flips]);
  assert.equal(ended.status, 200, ended.body);
  const done = answers.filter(({status}) => status === 200).map(({json}) => json.revision);
  assert.ok(done.length > 0);
  assert.ok(Math.max(...done) < ended.json.revision, `${ended.json.revision}: ${done}`);
  assert.ok(answers.some(({status}) => status !== 200));
  for (const {status, json} of answers.filter((answer) => answer.status !== 200)) {
    assert.ok([401, 403].includes(status), JSON.stringify(json));
    assert.ok(['ancestor_revoked', 'outside_authority', 'no_delegation'].includes(json.reason));
  }
});

test('a trusted issuer comes back under a new id, not the one that was revoked', async (t) => {
  const ISSUER = 'https://idp.acme.example';
  const AUDIENCE = 'https://mandate.acme.example';
  const idp = await Party.make('human:idp@acme.example');
  const all = await startOrganisation(t, undefined, {args: ['--issuer', AUDIENCE]});
  const door = new Door(() => all);
  const {server, triage} = all;
  const jwks = {keys: [{...idp.jwk, kid: '1', use: 'sig', alg: 'ES256'}]};
  await server.write('idp.json', jwks);
  const trust = (id) =>
    document({
      trusted_issuers: [
        {
          id,
          issuer: ISSUER,
          audience: AUDIENCE,
          jwks_file: 'idp.json',
          algorithms: ['ES256'],
          max_token_age: '10m',
        },
      ],
      principals: [
        {
          id: 'human:maria@acme.example',
          authenticators: [{issuer: id, claims: {email: 'maria@acme.example'}}],
        },
      ],
    });
  const present = async () => {
    const subject_token = await idp.sign(
      {kid: '1', typ: 'JWT'},
      {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: 'u',
        email: 'maria@acme.example',
        jti: randomUUID(),
        iat: now(),
        exp: now() + 300,
      },
    );
    return triage.exchange({subject_token, subject_token_type: ID_TOKEN, resource: TICKETS});
  };
  await server.apply(trust('acme-idp'));
  assert.equal((await present()).status, 200);
  await server.revoke('trusted_issuer', 'acme-idp');
  const expected = {...INVALID_REQUEST, reason: 'ancestor_revoked', says: /'acme-idp' was revoked/};
  door.check(await present(), expected, 0);
  const file = await server.write('again.json', trust('acme-idp'));
  const same = await server.cli('apply', '-f', file);
  assert.deepEqual([same.code, same.json.reason], [1, 'id_is_dead'], same.stdout);
  await server.apply(trust('acme-idp-2'));
  const again = await present();
  assert.equal(again.status, 200, again.body);
});
