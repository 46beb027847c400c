// ATTACKS.md section G: the decision API and forward-auth, asked wrongly.
import assert from 'node:assert/strict';
import {copyFile, rm} from 'node:fs/promises';
import path from 'node:path';
import {before, describe, test} from 'node:test';

import {Door} from './attacks.mjs';
import {scope} from './harness.mjs';
import {send} from './http.mjs';
import {
  ARCHIVE,
  permission,
  startOrganisation,
  TICKET,
  TICKETS,
  walkChain,
} from './organisation.mjs';

const MARIA = 'human:maria@acme.example';

describe('G: decisions', () => {
  let all;
  let token;
  const t = scope();
  const door = new Door(() => all);
  before(async () => {
    all = await startOrganisation(t, (document) => {
      // Routes that would reach elsewhere if a path were read in two ways.
      const tickets = document.resources.find(({id}) => id === TICKETS);
      tickets.routes.push({
        methods: ['GET'],
        path: '/admin',
        action: 'read',
        identifier: 'queue/eu/1',
      });
      document.delegations.push({
        id: 'from-here',
        delegator: MARIA,
        delegate: 'agent:other',
        authority: [permission({constraints: {networks: ['127.0.0.0/8']}})],
      });
      return document;
    });
    token = (await all.triage.actFor('triage-reads', {resource: TICKETS})).json.access_token;
    await all.tickets.call('GET', '/delegations'); // has its token for the API from here on
  });

  const question = async (over = {}) => ({
    subject: {type: 'user', id: MARIA},
    action: {name: 'read'},
    resource: {type: 'tickets', id: TICKET, properties: {location: TICKETS}},
    context: {
      access_token: token,
      dpop: {
        proof: await all.triage.proof({method: 'GET', token, url: `${TICKETS}/${TICKET}`}),
        htm: 'GET',
        htu: `${TICKETS}/${TICKET}`,
      },
    },
    ...over,
  });
  const evaluate = (body, options) =>
    all.tickets.call('POST', '/access/v1/evaluation', body, options);
  const BAD = {status: 400, error: 'invalid_request', reason: 'bad_request'};
  const asked = (name, body, more) =>
    door.row(`G1 ${name}`, {
      bad: async () => evaluate(typeof body === 'function' ? await body(await question()) : body),
      twin: async () => evaluate(await question()),
      ...BAD,
      ...more,
    });
  const unread = {stranger: true}; // refused before anybody looks at who asks

  for (const member of ['subject', 'action', 'resource']) {
    asked(`no ${member}`, (good) => ({...good, [member]: undefined}));
    for (const value of [null, 'x', 7, [], true]) {
      asked(`${member} ${JSON.stringify(value)}`, (good) => ({...good, [member]: value}));
    }
  }
  for (const [member, key] of [
    ['subject', 'type'],
    ['subject', 'id'],
    ['action', 'name'],
    ['resource', 'type'],
    ['resource', 'id'],
  ]) {
    for (const value of [undefined, null, '', 7, {}, ['x']]) {
      asked(`${member}.${key} ${JSON.stringify(value)}`, (good) => ({
        ...good,
        [member]: {...good[member], [key]: value},
      }));
    }
  }
  for (const value of [null, 'x', 7, []]) {
    asked(`context ${JSON.stringify(value)}`, (good) => ({...good, context: value}));
    asked(`resource.properties ${JSON.stringify(value)}`, (good) => ({
      ...good,
      resource: {...good.resource, properties: value},
    }));
    asked(`context.access_token ${JSON.stringify(value)}`, (good) => ({
      ...good,
      context: {...good.context, access_token: value === 'x' ? {} : value},
    }));
    asked(`context.dpop ${JSON.stringify(value)}`, (good) => ({
      ...good,
      context: {...good.context, dpop: value},
    }));
  }
  asked('context.client_address that is none', (good) => ({
    ...good,
    context: {...good.context, client_address: '10.0.0.256'},
  }));
  asked('an array', '[]');
  asked('a string', '"x"');
  asked('null', 'null');
  asked('no JSON', '{', unread);
  asked('an empty body', '', unread);
  asked('a member twice', '{"subject":{},"subject":{}}', unread);
  asked('a body nested 5000 deep', `{"x":${'['.repeat(5000)}${']'.repeat(5000)}}`, {
    ...unread,
    status: 413,
    reason: 'limit_exceeded',
  });
  asked(
    'a body of 100 000 members',
    JSON.stringify(Object.fromEntries(Array.from({length: 50_000}, (_, at) => [`m${at}`, 0]))),
    {...unread, status: 413, reason: 'limit_exceeded'},
  );
  for (const identifier of ['../queue', 'queue//17', '/queue', 'queue/', 'a/./b']) {
    asked(`resource.id ${identifier}`, (good) => ({
      ...good,
      resource: {...good.resource, id: identifier},
    }));
  }
  const typed = (type) => async () => {
    const {server} = all;
    const body = JSON.stringify(await question());
    const url = `${server.issuer}/access/v1/evaluation`;
    return send({
      url: `${server.url}/access/v1/evaluation`,
      method: 'POST',
      body,
      headers: [
        ...(type ? [['Content-Type', type]] : []),
        ['Authorization', `DPoP ${all.tickets.apiToken}`],
        [
          'DPoP',
          await all.tickets.proof({
            method: 'POST',
            url,
            token: all.tickets.apiToken,
            nonce: all.tickets.nonce,
          }),
        ],
      ],
    });
  };
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined]) {
    door.row(`G1 the content type ${type}`, {
      bad: typed(type),
      twin: typed('application/json; charset=utf-8'),
      ...BAD,
      ...unread,
      status: 415,
    });
  }
  for (const method of ['GET', 'PUT', 'DELETE']) {
    door.row(`G1 the method ${method}`, {
      twin: async () => evaluate(await question()),
      bad: () => all.tickets.call(method, '/access/v1/evaluation'),
      ...BAD,
      ...unread,
      status: 405,
    });
  }
  door.row('G1 nobody asks', {
    twin: async () => evaluate(await question()),
    bad: async () =>
      send({
        url: `${all.server.url}/access/v1/evaluation`,
        method: 'POST',
        headers: [['Content-Type', 'application/json']],
        body: JSON.stringify(await question()),
      }),
    status: 401,
    error: 'invalid_token',
    reason: 'token_malformed',
    stranger: true,
  });

  const evaluations = async (body) => all.tickets.call('POST', '/access/v1/evaluations', body);
  const several = async (over = {}) => {
    const {context, ...good} = await question();
    return {...good, context, evaluations: [{}, {}], ...over};
  };
  const many = (name, over, more) =>
    door.row(`G2 ${name}`, {
      twin: async () => evaluations(await several()),
      bad: async () => evaluations(await several(over)),
      ...BAD,
      ...more,
    });
  many('an unknown semantic', {options: {evaluations_semantic: 'any'}});
  many('a semantic that is no text', {options: {evaluations_semantic: 7}});
  many('evaluations that are an object', {evaluations: {}});
  many('evaluations that are text', {evaluations: 'x'});
  many(
    '101 items',
    {evaluations: Array.from({length: 101}, () => ({}))},
    {status: 413, reason: 'limit_exceeded'},
  );
  many(
    '100 000 items',
    {evaluations: Array.from({length: 100_000}, () => 0)},
    {status: 413, reason: 'limit_exceeded', stranger: true},
  );
  test('G2 one bad item is refused alone, with its error', async () => {
    const answer = await evaluations(await several({evaluations: [{}, {action: 7}, 7, {}]}));
    assert.equal(answer.status, 200, answer.body);
    const [first, second, third, fourth] = answer.json.evaluations;
    assert.deepEqual(
      [first.decision, second.decision, third.decision, fourth.decision],
      [true, false, false, true],
    );
    for (const bad of [second, third]) {
      assert.equal(bad.context.error.status, 400);
      assert.equal(bad.context.reason, 'bad_request');
    }
  });

  // Forward-auth, by an enforcement point on the list (127.0.0.1) and by others.
  const forward = async ({
    resource = TICKETS,
    target = `/${TICKET}`,
    localAddress,
    by = all.triage,
    held = token,
    headers = [
      ['X-Original-Method', 'GET'],
      ['X-Original-URI', target],
      ['X-Real-IP', '127.0.0.1'],
    ],
    more = [],
  } = {}) =>
    send({
      url: `${all.server.url}/forward-auth/${encodeURIComponent(resource)}`,
      localAddress,
      headers: [
        ...headers,
        ...more,
        ['Authorization', `DPoP ${held}`],
        ['DPoP', await by.proof({method: 'GET', token: held, url: TICKETS + target.split('?')[0]})],
      ],
    });
  const fails = (name, change, expected) =>
    door.row(name, {
      twin: () => forward(),
      bad: () => forward(change),
      error: 'invalid_token',
      stranger: true,
      ...expected,
    });
  const stranger = {status: 401, reason: 'client_authentication_failed'};
  fails('G6 a peer that is no enforcement point', {localAddress: '127.0.0.2'}, stranger);
  fails(
    'G6 a peer that names a listed one',
    {
      localAddress: '127.0.0.2',
      more: [
        ['X-Forwarded-For', '127.0.0.1'],
        ['Forwarded', 'for=127.0.0.1'],
      ],
    },
    stranger,
  );
  const original = [
    ['X-Original-Method', 'GET'],
    ['X-Original-URI', `/${TICKET}`],
    ['X-Real-IP', '127.0.0.1'],
  ];
  const unclear = {status: 403, reason: 'bad_request', error: 'access_denied'};
  for (const [at, [name, value]] of original.entries()) {
    fails(`G6 no ${name}`, {headers: original.filter((_, other) => other !== at)}, unclear);
    fails(`G6 ${name} twice`, {headers: [...original, [name, value]]}, unclear);
    fails(
      `G6 ${name} empty`,
      {headers: original.map((pair, other) => (other === at ? [name, ''] : pair))},
      unclear,
    );
  }
  fails(
    'G6 the other family of headers in its place',
    {
      headers: [
        ['X-Forwarded-Method', 'GET'],
        ['X-Forwarded-Uri', `/${TICKET}`],
        ['X-Forwarded-For', '127.0.0.1'],
      ],
    },
    unclear,
  );
  fails(
    'G6 an address that is none',
    {headers: [...original.slice(0, 2), ['X-Real-IP', 'localhost']]},
    unclear,
  );
  fails('G6 an unknown resource', {resource: 'https://eve.example'}, stranger);
  test('G6 the headers of the other family change nothing beside the right ones', async () => {
    const answer = await forward({
      more: [
        ['X-Forwarded-Uri', '/admin'],
        ['X-Forwarded-Method', 'POST'],
        ['X-Original-URL', '/admin'],
        ['X-Forwarded-For', '192.0.2.9'],
      ],
    });
    assert.equal(answer.status, 200, answer.body);
    const assertion = JSON.parse(
      Buffer.from(answer.headers['mandate-assertion'].split('.')[1], 'base64url'),
    );
    assert.equal(assertion.uri, `/${TICKET}`);
    assert.equal(assertion.htm, 'GET');
  });
  const tricks = [
    '/queue/eu%2f17',
    '/queue/eu%2F17',
    '/queue/eu/..%2fadmin',
    '/queue/%2e%2e/admin',
    '/queue/../admin',
    '/queue/./eu/17',
    '//queue/eu/17',
    '/queue//eu/17',
    '/queue/eu/17;x=1',
    '/queue/eu/17%3bx',
    '/queue/eu\\17',
    '/queue/eu%5c17',
    '/queue/eu/17%00',
    '/queue/eu/%zz',
    '/queue/eu/17%',
    '/queue/eu/%c0%af',
    'http://tickets.acme.example/queue/eu/17',
    'queue/eu/17',
    '*',
    '/queue/eu/17 ',
    '/queue/eu/%252e%252e',
    '/queue/eu/..;/admin',
    '/admin/',
    '/ADMIN',
    '/admin%20',
  ];
  const noUri = ['/queue/eu\\17', '/queue/eu/%zz', '/queue/eu/17%', '*', '/queue/eu/17 '];
  const noRoute = ['/admin/', '/ADMIN', '/admin%20'];
  for (const target of tricks) {
    fails(
      `G5 the target ${target}`,
      {target},
      noUri.includes(target)
        ? {
            status: 401,
            reason: 'bad_request',
            error: 'invalid_dpop_proof',
          }
        : {
            status: 403,
            reason: noRoute.includes(target) ? 'outside_authority' : 'bad_request',
            error: undefined,
            stranger: false,
          },
    );
  }
  test('G5 an escaped letter is the letter, and is decided as the upstream reads it', async () => {
    const answer = await forward({target: '/queue/%65u/17'});
    assert.equal(answer.status, 200, answer.body);
    const outside = await forward({target: '/queue/%75s/17'});
    assert.equal(outside.headers['mandate-reason'], 'outside_authority');
  });

  const denied = async (body, reason, says) => {
    const answer = await evaluate(body);
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.json.decision, false, answer.body);
    assert.equal(answer.json.context.reason, reason, answer.body);
    if (says) assert.match(answer.json.context.reason_detail, says);
    assert.ok(answer.json.context.receipt);
    door.receipts.set(answer.json.context.receipt, reason);
    return answer.json;
  };
  test('G9 a resource server asks about itself alone', async () => {
    assert.equal((await evaluate(await question())).json.decision, true);
    const other = await question();
    other.resource.properties.location = ARCHIVE;
    await denied(other, 'outside_authority', /itself/);
  });
  test('G9 a question without a token is asserted and denied, whoever it names', async () => {
    for (const id of [MARIA, 'maria@acme.example', 'human:nobody@acme.example']) {
      const {context, ...bare} = await question({subject: {type: 'user', id}});
      assert.equal((await denied(bare, 'proof_of_possession')).context.authority, 'asserted');
    }
  });
  test("G9 a subject that is not the token's is denied", async () => {
    await denied(
      await question({subject: {type: 'user', id: 'human:kim@acme.example'}}),
      'bad_request',
    );
  });
  test('G9 who is no resource server may ask nothing', async () => {
    const answer = await all.other.call('POST', '/access/v1/evaluation', await question());
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.json.decision, false);
    assert.equal(answer.json.context.reason, 'outside_authority');
  });
  door.onRecord();
});

test('G10 a record restored from before a revocation is not served', async (t) => {
  const all = await startOrganisation(t);
  const {server} = all;
  await walkChain(all);
  await server.stop();
  const record = path.join(server.data, 'record.db');
  const saved = path.join(server.folder, 'record.db');
  await copyFile(record, saved);
  await server.launch({listen: new URL(server.url).host});
  await server.revoke('delegation', 'triage-reads');
  await server.restart(); // as it was left, it is served
  await server.stop();
  await copyFile(saved, record);
  for (const suffix of ['-wal', '-shm']) await rm(record + suffix, {force: true});
  await assert.rejects(
    server.launch({listen: new URL(server.url).host}),
    /it was cut, or restored from an older copy/,
  );
});
