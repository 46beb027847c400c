// What enforcement points ask: each question is answered by its own proof, each answer that an
// enforcement point gets has its entry, and no entry holds what the question carried in secret.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';

import {Door} from './attacks.mjs';
import {run, scope} from './harness.mjs';
import {send} from './http.mjs';
import {permission, startOrganisation, TICKET, TICKETS} from './organisation.mjs';

const LOOSE = 'https://loose.acme.example';
const SECRET = 'TOPSECRET';
const BATCH = '/access/v1/evaluations';

describe('decisions', () => {
  let all;
  let token;
  const t = scope();
  const door = new Door(() => all);
  before(async () => {
    all = await startOrganisation(t, (document) => {
      document.delegations[0].authority[0].actions = ['read', 'comment', 'close'];
      document.resources.push({
        id: LOOSE,
        type: 'tickets',
        actions: ['read'],
        resource_server: 'service:reports',
        accept_asserted: true,
      });
      document.entitlements.push({
        id: 'reports-loose',
        principal: 'service:reports',
        max_depth: 0,
        authority: [permission({locations: [LOOSE]})],
      });
      return document;
    });
    token = (await all.triage.actFor('triage-reads', {resource: TICKETS})).json.access_token;
    await all.tickets.fetchNonce();
  });

  const url = (id = TICKET) => `${TICKETS}/${id}`;
  const prove = (over = {}) => all.triage.proof({method: 'GET', url: url(), token, ...over});
  const item = (proof, {action = 'read', id = TICKET, htm = 'GET', htu = url()} = {}) => ({
    action: {name: action},
    resource: {type: 'tickets', id},
    context: {access_token: token, dpop: {proof, htm, htu}},
  });
  const batch = async (...evaluations) => {
    const subject = {type: 'user', id: 'human:maria@acme.example'};
    const answer = await all.tickets.call('POST', BATCH, {subject, evaluations});
    assert.equal(answer.status, 200, answer.body);
    return answer.json.evaluations;
  };
  const entryOf = async (receipt) => (await all.server.path(receipt)).entries[0].entry;

  test('one proof answers for one method and one URI, also within a batch', async () => {
    const proof = await prove();
    const strangers = [
      {action: 'close', id: 'queue/eu/99', htm: 'POST', htu: `${url('queue/eu/99')}/close`},
      {htm: 'POST'},
      {htu: url('queue/eu/99')},
    ];
    const [first, ...rest] = await batch(
      item(proof),
      ...strangers.map((over) => item(proof, over)),
      item(proof),
    );
    const last = rest.pop();
    assert.deepEqual([first.decision, last.decision], [true, true]);
    for (const {decision, context} of rest) {
      assert.equal(decision, false);
      assert.ok(['bad_request', 'proof_replayed'].includes(context.reason), context.reason);
      assert.equal((await entryOf(context.receipt)).reason, context.reason);
    }
    // Each with a proof of its own.
    const close = {...strangers[0], action: 'close'};
    const own = await prove({method: 'POST', url: close.htu});
    const twins = await batch(item(await prove()), item(own, close));
    assert.deepEqual(twins.map(({decision}) => decision), [true, true], JSON.stringify(twins));
  });

  test('a malformed item of a batch has its receipt and its entry', async () => {
    const [good, bad] = await batch(item(await prove()), {resource: 5});
    assert.equal(good.decision, true);
    assert.deepEqual([bad.decision, bad.context.reason], [false, 'bad_request']);
    assert.ok(bad.context.receipt, JSON.stringify(bad));
    const entry = await entryOf(bad.context.receipt);
    assert.deepEqual([entry.reason, entry.client_id], ['bad_request', 'service:tickets']);
  });

  test('a proof without its token is a malformed question, no asserted one', async () => {
    const loose = (context) =>
      all.reports.call('POST', '/access/v1/evaluation', {
        subject: {type: 'service', id: 'service:reports'},
        action: {name: 'read'},
        resource: {type: 'tickets', id: 'x', properties: {location: LOOSE}},
        context,
      });
    const asserted = await loose({});
    assert.equal(asserted.status, 200, asserted.body);
    const {decision, context} = asserted.json;
    assert.deepEqual([decision, context.authority], [true, 'asserted'], asserted.body);
    const proof = await prove({url: `${LOOSE}/x`});
    const dpop = {proof, htm: 'GET', htu: `${LOOSE}/x`};
    const expected = {status: 400, error: 'invalid_request', reason: 'bad_request'};
    door.check(await loose({dpop}), {...expected, journal: 'bad_request'}, 0);
  });

  test('a question of any size that is refused has its entry, with a digest of what it held',
       async () => {
    const ask = async (pad, id) => {
      const {context} = await all.tickets.evaluate({
        actor: all.triage,
        token,
        action: 'read',
        id,
        location: TICKETS,
        context: {pad},
      });
      assert.equal(context.reason, 'outside_authority');
      assert.ok(context.receipt);
      return entryOf(context.receipt);
    };
    const small = await ask('x'.repeat(1000), 'queue/us/1');
    assert.equal(JSON.stringify(small.inputs).includes('x'.repeat(1000)), true);
    const large = await ask('x'.repeat(900_000), 'queue/us/2');
    assert.deepEqual(Object.keys(large.inputs), ['sha256']);
    assert.equal(large.identifier, 'queue/us/2');
  });

  const forward = (over) => all.triage.forwardAuth({resource: TICKETS, token, ...over});
  const replayed = async () => {
    const proof = await prove();
    const first = await forward({path: `/${TICKET}`, proof});
    assert.equal(first.status, 200, first.body);
    return forward({path: `/${TICKET}`, proof});
  };
  const strangeProof = async () =>
    forward({
      path: `/${TICKET}`,
      proof: await all.other.proof({method: 'GET', url: url(), token}),
    });
  // Until a token has proven who asks, it is strangers who ask through the proxy.
  const strangers = {
    'a token that is none': [() => forward({token: 'none', path: `/${TICKET}`}), 'token_malformed'],
    'a replayed proof': [replayed, 'proof_replayed'],
    "another's proof": [strangeProof, 'proof_of_possession'],
  };
  for (const [name, [refuse, reason]] of Object.entries(strangers)) {
    test(`forward-auth counts ${name}, and gives no receipt for it`, async () => {
      const answer = await refuse();
      assert.equal(answer.status, 401, answer.body);
      assert.equal(answer.headers['mandate-reason'], reason);
      assert.ok(!answer.headers['mandate-receipt'], JSON.stringify(answer.headers));
      door.counted.set(reason, (door.counted.get(reason) ?? 0) + 1);
      const permitted = await forward({path: `/${TICKET}`});
      assert.equal(permitted.status, 200);
      assert.ok(permitted.headers['mandate-receipt']);
    });
  }
  const proven = {
    'another ticket': ['/queue/us/17', 'outside_authority'],
    'another path': ['/nothing', 'outside_authority'],
  };
  for (const [name, [path, reason]] of Object.entries(proven)) {
    test(`forward-auth refuses a proven caller ${name} with a receipt of its entry`, async () => {
      const answer = await forward({path});
      assert.equal(answer.status, 403, answer.body);
      assert.equal(answer.headers['mandate-reason'], reason, answer.body);
      const entry = await entryOf(answer.headers['mandate-receipt']);
      assert.deepEqual([entry.reason, entry.client_id], [reason, 'agent:triage']);
      assert.equal((await forward({path: `/${TICKET}`})).status, 200);
    });
  }

  const stranger = (resource) =>
    send({
      url: `${all.server.url}/forward-auth/${encodeURIComponent(resource)}`,
      localAddress: '127.0.0.2',
      headers: [
        ['X-Original-Method', 'GET'],
        ['X-Original-URI', `/${TICKET}`],
      ],
    });
  test('whether a resource is on record is told to its own enforcement points', async () => {
    const unlike = 'https://nothing.acme.example'; // as long as the other
    const [known, unknown] = [await stranger(TICKETS), await stranger(unlike)];
    const shown = ({status, headers: {'x-request-id': ignored, ...headers}, body}) =>
      JSON.stringify([status, headers, body]);
    const neutral = shown(known).replaceAll('tickets.acme', 'nothing.acme');
    assert.equal(neutral, shown(unknown));
    assert.equal(known.status, 401);
    assert.equal(known.json.reason, 'client_authentication_failed');
    assert.equal((await forward({path: `/${TICKET}`})).status, 200);
  });

  test('who is refused without an entry gets no receipt at all', async () => {
    assert.notEqual((await stranger(TICKETS)).headers['mandate-receipt'], '');
    const permitted = await forward({path: `/${TICKET}`});
    assert.ok(permitted.headers['mandate-receipt']);
  });

  test('no query and no token text of a refused or permitted request is written down', async () => {
    const query = `?session=${SECRET}&access_token=${token.slice(0, 400)}`;
    const permitted = await forward({path: `/${TICKET}${query}`});
    assert.equal(permitted.status, 200, permitted.body);
    const refused = await forward({path: `/nothing${query}`});
    assert.equal(refused.status, 403, refused.body);
    assert.ok(!(refused.body + JSON.stringify(refused.headers)).includes(SECRET));
    for (const over of [{scope: token.slice(0, 300)},
                        {resource: `https://x.example/${token.slice(0, 300)}`}]) {
      const answer = await all.triage.exchange({subject_token: token, resource: TICKETS, ...over});
      assert.equal(answer.status, 400, answer.body);
    }
    await door.journal();  // waits until all of it is published
    const {stdout} = await run(['audit', 'export', `${all.server.data}/log`]);
    assert.ok(stdout.includes(`/${TICKET}`));
    assert.ok(!stdout.includes(SECRET));
    assert.doesNotMatch(stdout, /"uri":"[^"]*eyJ/);
  });

  door.onRecord();
});
