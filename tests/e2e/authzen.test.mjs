// AuthZEN 1.0: the todo interop's published decisions, metadata, and what a question may look like.
import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';

import {expectRan, Server, scope, source} from './harness.mjs';
import {Party} from './party.mjs';

const decisions = path.join(process.env.MANDATE_SHARED ?? path.join(source, '../shared'),
                            'vectors/authzen-todo/decisions.json');
const TODOS = 'https://todo.acme.example';
const USERS = 'https://users.acme.example';

// The people of the interop, by the first digits of their opaque ids, once decoded.
const kPeople = [['fd0', 'rick@the-citadel.com', ['admin', 'evil_genius']],
                 ['fd1', 'morty@the-citadel.com', ['editor']],
                 ['fd2', 'summer@the-smiths.com', ['editor']],
                 ['fd3', 'beth@the-smiths.com', ['viewer']],
                 ['fd4', 'jerry@the-smiths.com', ['viewer']]];
const opaque = (digits) =>
  Buffer.from(`\n$${digits}614d3-c39a-4781-b7bd-8b96f5a5100d\x12\x05local`).toString('base64');

function rights(email, roles) {
  const todo = (actions, constraints) =>
    ({type: 'todo', locations: [TODOS], actions, ...(constraints && {constraints})});
  const authority = [{type: 'user', locations: [USERS], actions: ['can_read_user']},
                     todo(['can_read_todos'])];
  if (!roles.includes('viewer')) {
    const own = {any_of: {'resource.properties.ownerID': [email]}};
    authority.push(todo(['can_create_todo']), todo(['can_update_todo', 'can_delete_todo'], own));
  }
  if (roles.includes('admin')) authority.push(todo(['can_delete_todo']));
  if (roles.includes('evil_genius')) authority.push(todo(['can_update_todo']));
  return authority;
}

describe('the todo interop', () => {
  const t = scope();
  let api;
  before(async () => {
    const server = await Server.start(t);
    api = (await Party.make('service:todo')).at(server);
    const resource = (id, type, actions) => ({id, type, actions, resource_server: api.id,
                                              accept_asserted: true});
    await server.apply({
      apiVersion: 'mandate/v1',
      teams: [{id: 'team:todo', members: [`human:${opaque('fd0')}`]}],
      principals: [...kPeople.map(([digits]) => ({id: `human:${opaque(digits)}`})),
                   {id: api.id, owner: 'team:todo', authenticators: api.authenticators}],
      resources: [resource(USERS, 'user', ['can_read_user']),
                  resource(TODOS, 'todo', ['can_read_todos', 'can_create_todo', 'can_update_todo',
                                          'can_delete_todo'])],
      entitlements: kPeople.map(([digits, email, roles]) => (
        {id: `todo-${digits}`, principal: `human:${opaque(digits)}`,
         authority: rights(email, roles)})),
    });
  });
  const ask = async (endpoint, body) => {
    const answer = await api.call('POST', `/access/v1/${endpoint}`, body);
    assert.equal(answer.status, 200, answer.body);
    return answer.json;
  };
  const absent = !existsSync(decisions);
  const skip = absent && process.env.CI !== 'true' ? `left out: no ${decisions}` : false;

  test('every published evaluation is decided as published', {skip}, async () => {
    const {evaluation} = JSON.parse(readFileSync(decisions, 'utf8'));
    for (const {request, expected} of evaluation) {
      const {decision, context} = await ask('evaluation', request);
      assert.equal(decision, expected, JSON.stringify([request, context]));
      assert.equal(context.authority, 'asserted');
      assert.ok(context.receipt);
    }
  });

  test('every published batch is decided as published', {skip}, async () => {
    const {evaluation, evaluations} = JSON.parse(readFileSync(decisions, 'utf8'));
    expectRan('authzen-todo/decisions.json', fileURLToPath(import.meta.url),
              evaluation.length + evaluations.length);
    for (const {request, expected} of evaluations) {
      const answer = await ask('evaluations', request);
      assert.deepEqual(answer.evaluations.map(({decision}) => ({decision})), expected);
    }
  });

  const question = {subject: {type: 'user', id: opaque('fd1')}, action: {name: 'can_read_todos'},
                    resource: {type: 'todo', id: 'todo-1'}};
  const item = (over) => ({...question, ...over});
  const close = {action: {name: 'can_delete_todo'},
                 resource: {type: 'todo', id: '1', properties: {ownerID: 'rick@the-citadel.com'}}};

  test('an item overrides a default as a whole object', async () => {
    const mine = {type: 'todo', id: '1', properties: {ownerID: 'morty@the-citadel.com'}};
    const answer = await ask('evaluations', {
      ...question, action: {name: 'can_delete_todo'}, resource: mine,
      evaluations: [{}, {resource: {type: 'todo', id: '1'}}]});
    assert.deepEqual(answer.evaluations.map(({decision}) => decision), [true, false]);
    assert.equal(answer.evaluations[1].context.reason, 'constraint_not_met');
  });

  for (const [semantic, expected] of [[undefined, [true, false, true]],
                                      ['execute_all', [true, false, true]],
                                      ['deny_on_first_deny', [true, false]],
                                      ['permit_on_first_permit', [true]]]) {
    test(`evaluations_semantic ${semantic} answers ${expected}`, async () => {
      const answer = await ask('evaluations', {
        ...question, evaluations: [{}, close, {}],
        ...(semantic && {options: {evaluations_semantic: semantic}})});
      assert.deepEqual(answer.evaluations.map(({decision}) => decision), expected);
    });
  }

  test('a batch without items is one question', async () => {
    assert.equal((await ask('evaluations', question)).decision, true);
  });

  // G2: the other items are answered.
  test('a bad item is false with its error', async () => {
    const {evaluations} = await ask('evaluations',
                                    {...question, evaluations: [{action: {}}, 7, {}]});
    for (const {decision, context} of evaluations.slice(0, 2)) {
      assert.equal(decision, false);
      assert.equal(context.reason, 'bad_request');
      assert.equal(context.error.status, 400);
    }
    assert.equal(evaluations[2].decision, true);
  });

  const kRefused = [  // G1, G2
    ['evaluation', [question], 400], ['evaluation', 'x', 400], ['evaluation', '', 400],
    ['evaluation', '{"subject":', 400],
    ['evaluation', item({subject: undefined}), 400],
    ['evaluation', item({subject: {type: 'user'}}), 400],
    ['evaluation', item({subject: {type: 7, id: 'a'}}), 400],
    ['evaluation', item({action: 'can_read_todos'}), 400],
    ['evaluation', item({action: {name: ''}}), 400],
    ['evaluation', item({resource: {type: 'todo'}}), 400],
    ['evaluation', item({resource: {type: 'todo', id: 'a', properties: []}}), 400],
    ['evaluation', item({context: 7}), 400],
    ['evaluation', item({context: {client_address: '10.0.0.0.1'}}), 400],
    ['evaluations', {...question, evaluations: {}}, 400],
    ['evaluations', {...question, evaluations: [{}], options: {evaluations_semantic: 'all'}}, 400],
    ['evaluations', {...question, evaluations: Array(100_000).fill({})}, 413],
  ];
  for (const [endpoint, body, status] of kRefused) {
    test(`${endpoint} ${JSON.stringify(body).slice(0, 90)} is refused with ${status}`, async () => {
      const answer = await api.call('POST', `/access/v1/${endpoint}`, body);
      assert.equal(answer.status, status, answer.body);
      assert.match(answer.json.reason, status === 413 ? /^limit_exceeded$/ : /^bad_request$/);
      assert.equal((await ask('evaluation', question)).decision, true);
    });
  }

  test('other methods and media types are refused', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await api.call(method, '/access/v1/evaluation');
      assert.equal(answer.status, 405, method);
      assert.equal(answer.headers.allow, 'POST');
    }
    const answer = await api.call('POST', '/access/v1/evaluation', question,
                                  {headers: [['Content-Type', 'text/plain']]});
    assert.equal(answer.status, 415, answer.body);
  });

  test('a request id comes back', async () => {
    const answer = await api.call('POST', '/access/v1/evaluation', question,
                                  {headers: [['X-Request-ID', 'bfe9eb29-ab87']]});
    assert.equal(answer.headers['x-request-id'], 'bfe9eb29-ab87');
  });

  test('the metadata names the endpoints', async () => {
    const response = await fetch(`${api.server.url}/.well-known/authzen-configuration`);
    assert.equal(response.status, 200);
    const metadata = await response.json();
    assert.equal(metadata.policy_decision_point, api.server.issuer);
    assert.equal(metadata.access_evaluation_endpoint, `${api.server.issuer}/access/v1/evaluation`);
    assert.equal(metadata.access_evaluations_endpoint,
                 `${api.server.issuer}/access/v1/evaluations`);
  });
});
