// ATTACKS.md H4 and H6: the logs, asked for by wrong paths and fed with what could break a line.
import assert from 'node:assert/strict';
import path from 'node:path';
import {before, describe, test} from 'node:test';

import {Door} from './attacks.mjs';
import {run, scope, sleep} from './harness.mjs';
import {send} from './http.mjs';
import {permission, startOrganisation, TICKET, TICKETS} from './organisation.mjs';

const PUBLISHED_MS = 1500;

describe('H: logs', () => {
  let all;
  let size;
  const t = scope();
  const door = new Door(() => all);
  before(async () => {
    all = await startOrganisation(t);
    const locations = [all.server.issuer];
    await all.server.apply({
      apiVersion: 'mandate/v1',
      entitlements: [
        {
          id: 'auditor',
          principal: 'service:reports',
          max_depth: 0,
          authority: [{type: 'audit', locations, actions: ['read']}],
        },
      ],
    });
    await sleep(PUBLISHED_MS);
    const checkpoint = await send({url: `${all.server.url}/log/record/checkpoint`});
    size = Number(checkpoint.body.split('\n')[1]);
    assert.ok(size > 10 && size < 256, checkpoint.body);
    assert.equal((await tile(`record/tile/0/000.p/${size}`)).status, 200);
    assert.equal((await evaluate(question({}))).status, 200); // it has its token for the API
  });
  const tile = (file) => all.reports.call('GET', `/log/${file}`);

  const tiles = [
    // [what, path, where the one that is there lies]
    ['no three digits', () => `record/tile/0/0.p/${size}`],
    ['four digits', () => `record/tile/0/0000.p/${size}`],
    ['a needless x000', () => `record/tile/0/x000/000.p/${size}`],
    ['X in place of x', () => `record/tile/0/X000/000.p/${size}`],
    ['x on the last part', () => `record/tile/0/x000.p/${size}`],
    ['a width of 0', () => 'record/tile/0/000.p/0'],
    ['a width of 256', () => 'record/tile/0/000.p/256'],
    ['a width with a zero before it', () => `record/tile/0/000.p/0${size}`],
    ['a width with a sign', () => `record/tile/0/000.p/+${size}`],
    ['a width past the tree', () => `record/tile/0/000.p/${size + 1}`],
    ['no width', () => 'record/tile/0/000.p/'],
    ['no width and no slash', () => 'record/tile/0/000.p'],
    ['a whole tile where there is a part', () => 'record/tile/0/000'],
    ['level 1 of so small a tree', () => 'record/tile/1/000.p/1'],
    ['level 6', () => `record/tile/6/000.p/${size}`],
    ['level 64', () => `record/tile/64/000.p/${size}`],
    ['level 00', () => `record/tile/00/000.p/${size}`],
    ['level -1', () => `record/tile/-1/000.p/${size}`],
    ['no level', () => `record/tile//000.p/${size}`],
    ['an index past the tree', () => 'record/tile/0/001.p/1'],
    ['an index past 2^48', () => 'record/tile/0/x999/x999/x999/x999/x999/999'],
    ['entries of width 0', () => 'record/tile/entries/000.p/0'],
    ['entries past the tree', () => 'record/tile/entries/001'],
    ['another case', () => `record/TILE/0/000.p/${size}`],
    ['a log that is not there', () => `nolog/tile/0/000.p/${size}`],
    ['a number of a log in short', () => 'journal/1/tile/0/000.p/1'],
    ['dots', () => `record/tile/../tile/0/000.p/${size}`],
    ['encoded dots', () => `record/%2e%2e/record/tile/0/000.p/${size}`],
    ['an encoded slash', () => `record%2ftile/0/000.p/${size}`],
    ['a file beside the logs', () => '../operator.json'],
    ['the same, encoded', () => '..%2foperator.json'],
    ['a final slash', () => `record/tile/0/000.p/${size}/`],
    ['NUL', () => `record/tile/0/000.p/${size}%00`],
  ];
  for (const [what, file] of tiles) {
    door.row(`H4 a tile with ${what}`, {
      twin: () => tile(`record/tile/0/000.p/${size}`),
      bad: () => tile(file()),
      status: what === 'NUL' ? 400 : 404,
      error: 'invalid_request',
      reason: 'bad_request',
      stranger: true,
    });
  }
  door.row('H4 a tile for who may not read the log', {
    twin: () => tile(`record/tile/0/000.p/${size}`),
    bad: () => all.other.call('GET', `/log/record/tile/0/000.p/${size}`),
    status: 403,
    error: 'insufficient_scope',
    reason: 'outside_authority',
  });

  // What would end a line of an export, end its JSON, or move a reader's cursor.
  const breaking = [
    ['a line feed', 'a\n{"type":"started"}'],
    ['carriage returns', 'a\r\nb'],
    ['NUL', 'a\0b'],
    ['an escape sequence', '\u001b[2J\u001b[1;31mpermit'],
    ['DEL and C1', '\u007f\u0085\u009b'],
    ['line separators', 'a\u2028b\u2029c'],
    ['quotes and backslashes', '","decision":"permit","x":"\\'],
    ['a direction override', '\u202etimrep'],
  ];
  const question = (over) => ({
    subject: {type: 'user', id: 'human:maria@acme.example'},
    action: {name: 'read'},
    resource: {type: 'tickets', id: TICKET, properties: {location: TICKETS}},
    ...over,
  });
  const evaluate = (body) => all.tickets.call('POST', '/access/v1/evaluation', body);
  for (const [what, text] of breaking) {
    test(`H6 ${what} in a question is a decision of its own, or no question at all`, async () => {
      const answers = await Promise.all([
        evaluate(question({action: {name: text}})),
        evaluate(question({subject: {type: 'user', id: text}})),
        evaluate(question({resource: {type: text, id: text, properties: {location: text}}})),
        evaluate(question({context: {[text]: text, client_address: '10.0.0.1'}})),
      ]);
      const seen = /^[\x20-\x7e]*$/.test(text);
      for (const [at, {status, json, body}] of answers.entries()) {
        assert.equal(status, seen || at === 3 ? 200 : 400, body);
        assert.equal(json.decision ?? json.reason, status === 200 ? false : 'bad_request');
        assert.ok(status === 200 ? json.context.receipt : json.receipt, body);
      }
    });
    test(`H6 ${what} in a form and in a document is refused`, async () => {
      const own = await all.reports.token({resource: TICKETS, scope: text});
      const error = text.includes('\0') ? 'invalid_request' : 'invalid_scope';
      assert.deepEqual([own.status, own.json.error], [400, error], own.body);
      const named = await all.reports.token({resource: TICKETS, delegation_id: text});
      assert.equal(named.status, 400, named.body);
      // A form that is no text is refused before anybody looks at who sent it.
      if (text.includes('\0')) door.counted.set('bad_request', door.counted.get('bad_request') + 2);
      const applied = await all.server.cli(
        'apply',
        '-f',
        await all.server.write('bad.json', {
          apiVersion: 'mandate/v1',
          teams: [{id: `team:${text}`, members: ['human:kim@acme.example']}],
        }),
      );
      assert.equal(applied.code, 1, applied.stdout);
      assert.equal(applied.json?.reason ?? applied.stderr.match(/bad_request/)?.[0], 'bad_request');
    });
  }
  // An entry's length is 16 bits in a tile. What is larger is refused, and the refusal is an entry:
  // nobody passes by the log by asking at length.
  const large = 'x'.repeat(70_000);
  const wide = [{type: 'tickets', actions: ['read'], constraints: {any_of: {}}}];
  for (let at = 0; at < 20; ++at) {
    const values = Array.from({length: 200}, (_, n) => `${at}-${n}-${'x'.repeat(20)}`);
    wide[0].constraints.any_of[`context.${at}`] = values;
  }
  const own = (over) => all.reports.token({resource: TICKETS, ...over});
  const details = (value) => own({authorization_details: JSON.stringify(value)});
  const asked = (over) => evaluate(question(over));
  const tooLong = {status: 413, error: 'invalid_request', reason: 'limit_exceeded'};
  const bad = {status: 400, error: 'invalid_request', reason: 'bad_request'};
  const resource = question().resource;
  const person = {type: 'user', id: 'human:maria@acme.example'};
  const named = (over) => asked({resource: {...resource, ...over}});
  const questions = [
    ['an action', () => asked({action: {name: large}}), tooLong],
    ['a subject', () => asked({subject: {...person, id: large}}), tooLong],
    ["a subject's type", () => asked({subject: {...person, type: large}}), tooLong],
    ["a resource's type", () => named({type: large}), tooLong],
    ['a location', () => named({properties: {location: large}}), tooLong],
    ['an identifier', () => named({id: large}), bad],
  ];
  for (const [what, ask, expected] of questions) {
    door.row(`H6 70 kB of ${what}`, {bad: ask, twin: () => asked({}), ...expected});
  }
  const far = [{...wide[0], constraints: {}, identifier: large}];
  const forms = [
    ['a grant type', () => own({grant_type: large}), 'unsupported_grant_type'],
    ['a scope', () => own({scope: large}), 'invalid_scope'],
    ['a resource', () => own({resource: large}), 'invalid_target'],
    ['a delegation_id', () => own({delegation_id: large}), 'invalid_request'],
    ['an identifier wanted', () => details(far), 'invalid_authorization_details'],
    ['constraints wanted', () => details([{...wide[0], actions: ['close']}]),
      'invalid_authorization_details', 'outside_authority'],
  ];
  for (const [what, ask, error, reason = 'bad_request'] of forms) {
    door.row(`H6 70 kB of ${what}`, {bad: ask, twin: () => own(), ...bad, error, reason});
  }
  test('H6 70 kB of context is decided, and stands in its entry as a digest', async () => {
    const answer = await asked({context: {note: large}});
    assert.equal(answer.status, 200, answer.body.slice(0, 500));
    door.receipts.set(answer.json.context.receipt, answer.json.context.reason);
  });
  test('H6 a document larger than an entry is refused by name', async () => {
    const delegation = {id: 'large', delegator: person.id, delegate: 'agent:other'};
    const apply = async (over) =>
      all.server.cli('apply', '-f', await all.server.write('large.json', {
        apiVersion: 'mandate/v1',
        delegations: [{...delegation, authority: [permission()], ...over}],
      }));
    for (const [over, says] of [
      [{purpose: large}, /purpose/],
      [{authority: [permission({...wide[0], actions: ['read']})]}, /large|bytes/],
    ]) {
      const applied = await apply(over);
      assert.equal(applied.code, 1, applied.stdout.slice(0, 500));
      assert.match(applied.stderr + applied.stdout, says);
    }
    assert.equal((await apply({purpose: 'x'})).code, 0);
  });
  door.onRecord();
  test('H6 the logs still verify, and an export has one JSON object a line', async () => {
    await sleep(PUBLISHED_MS);
    const folder = path.join(all.server.data, 'log');
    const exported = await run(['audit', 'export', folder]);
    assert.equal(exported.code, 0, exported.stderr);
    const lines = exported.stdout.split('\n').slice(0, -1);
    const logs = new Map();
    for (const line of lines) {
      assert.match(line, /^[^\x00-\x1f]*$/);
      const {log, index, entry} = JSON.parse(line);
      assert.equal(typeof entry, 'object', line);
      assert.ok(line.length < 70_000);
      assert.equal(index, logs.get(log) ?? 0); // none is missing, none is made up
      logs.set(log, index + 1);
    }
    assert.ok(lines.length > 60 && logs.size === 2, `${lines.length}`);
    const keys = await run(['audit', 'key', '--data', all.server.data]);
    const file = await all.server.write('keys', keys.stdout);
    const verified = await run(['audit', 'verify', folder, '--keys', file]);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  });
});
