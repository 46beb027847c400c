// What a path is believed for: by the command line against a server, or somebody on the way to it,
// that lies; and who may ask for one at all.
import assert from 'node:assert/strict';
import http from 'node:http';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';
import {Door} from './attacks.mjs';
import {onEnd, run, scope, sleep} from './harness.mjs';
import {send} from './http.mjs';
import {startOrganisation, TICKET, TICKETS, VAULT, walkChain} from './organisation.mjs';

const PUBLISHED_MS = 1500;
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/;

// Passes everything on to `server`, changed on the way by `lie`: {question(body), answer(json)}.
async function startLiar(t, server) {
  const liar = {lie: {}, asked: 0};
  const listener = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const {lie} = liar;
      const path = request.url.split('?')[0];
      let body = Buffer.concat(chunks).toString();
      if (path === lie.path && lie.question) body = JSON.stringify(lie.question(JSON.parse(body)));
      const kept = ['authorization', 'dpop', 'content-type'];
      const headers = kept.filter((name) => name in request.headers)
        .map((name) => [name, request.headers[name]]);
      const answer = await send({
        url: server.url + request.url,
        method: request.method,
        headers,
        body: body === '' ? undefined : body,
      });
      let text = answer.body;
      if (path === lie.path && answer.json && answer.status === 200) {
        ++liar.asked;
        text = JSON.stringify(lie.answer ? lie.answer(answer.json) : answer.json);
      }
      const {'content-length': length, ...others} = answer.headers;
      response.writeHead(answer.status, others);
      response.end(length === undefined ? '' : text);
    });
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  onEnd(t, () => {
    listener.closeAllConnections();
    listener.close();
  });
  liar.url = `http://127.0.0.1:${listener.address().port}`;
  return liar;
}

describe('a path', () => {
  let all;
  let chain;
  let another; // what service:reports got in its own right: another story
  let decided;
  let keys;
  let liar;
  const t = scope();
  const door = new Door(() => all);
  const jti = (answer) => jose.decodeJwt(answer.access_token).jti;
  const txn = (answer) => jose.decodeJwt(answer.access_token).txn;
  before(async () => {
    all = await startOrganisation(t);
    chain = await walkChain(all);
    another = (await all.reports.token({resource: TICKETS, scope: 'tickets:read'})).json;
    decided = await all.vault.evaluate({
      action: 'read',
      id: TICKET,
      location: VAULT,
      actor: all.archive,
      token: chain.c.access_token,
      properties: {patient: 'secret-name'},
    });
    assert.equal(decided.decision, true);
    await sleep(PUBLISHED_MS);
    const shown = await run(['audit', 'key', '--data', all.server.data]);
    assert.equal(shown.code, 0, shown.stderr);
    keys = await all.server.write('keys', shown.stdout);
    liar = await startLiar(t, all.server);
  });

  const through = (url, ...args) =>
    run(args, {env: {...all.server.environment, MANDATE_SERVER: url}});
  const ask = (url, what, ...args) => through(url, 'path', what, '--keys', keys, ...args);
  const swapped = {path: '/path', question: () => ({jti: jti(another)})};
  const otherTransaction = {path: '/path', question: () => ({txn: txn(another)})};
  const byFirst = {path: '/path', question: () => ({jti: jti(chain.a)})};
  const reversed = {
    path: '/path',
    answer: (body) => ({...body, entries: body.entries.toReversed()}),
  };
  const added = {path: '/path', answer: (body) => ({...body, entries: [...body.entries, story]})};
  const alone = {
    path: '/path',
    answer: (body) => ({...body, entries: body.entries.slice(0, 1)}),
  };
  const none = {path: '/path', answer: (body) => ({...body, entries: []})};
  let story; // the entry of another action, with its proof
  before(async () => {
    const operator = await through(all.server.url, 'path', jti(another), '--keys', keys);
    assert.equal(operator.code, 0, operator.stderr);
    liar.lie = {
      path: '/path',
      question: () => ({jti: jti(another)}),
      answer: (body) => {
        [story] = body.entries;
        return body;
      },
    };
    await ask(liar.url, jti(another));
    assert.ok(story.proof);
  });

  const asked = {
    'a jti': () => jti(chain.c),
    'a token': () => chain.c.access_token,
    'a receipt': () => chain.c.receipt,
    'a receipt of a decision': () => decided.context.receipt,
    'a transaction': () => txn(chain.c),
  };
  const lies = {
    'true entries of another action': swapped,
    'true entries of another transaction': otherTransaction,
    'the true entry of an earlier hop': byFirst,
    'its entries in the reverse order': reversed,
    'a true entry beside its own': added,
    'its last entry alone': alone,
    'no entry': none,
  };
  // Entries of a transaction stand beside each other, in any order; that there are more of them no
  // proof of one can tell.
  const truths = [
    'a transaction: its last entry alone',
    'a transaction: the true entry of an earlier hop',
    'a transaction: its entries in the reverse order',
  ];
  for (const [kind, what] of Object.entries(asked)) {
    for (const [name, lie] of Object.entries(lies)) {
      if (truths.includes(`${kind}: ${name}`)) continue;
      test(`asked for ${kind}, ${name} are no answer`, async () => {
        const how = kind === 'a transaction' ? ['--txn'] : [];
        liar.lie = lie;
        liar.asked = 0;
        const told = await ask(liar.url, what(), ...how);
        assert.ok(liar.asked > 0);
        assert.equal(told.code, 1, told.stdout + told.stderr);
        assert.doesNotMatch(told.stdout, /every entry is verified/);
        const json = await ask(liar.url, what(), ...how, '--output', 'json');
        assert.notEqual(json.json?.verified, true, json.stdout);
        liar.lie = {path: '/path'};
        const twin = await ask(liar.url, what(), ...how);
        assert.equal(twin.code, 0, twin.stdout + twin.stderr);
        assert.match(twin.stdout, /every entry is verified/);
      });
    }
  }

  test('delegations that no proof covers are shown as the server\'s word', async () => {
    const invented = {delegator: 'human:ceo@acme.example', delegate: 'agent:triage'};
    liar.lie = {path: '/path', answer: (body) => ({...body, delegations: {invented}})};
    const told = await ask(liar.url, jti(chain.a));
    const at = told.stdout.indexOf('human:ceo@acme.example');
    assert.ok(at > 0, told.stdout);
    const titled = told.stdout.indexOf('delegations, as the server says they stood then');
    assert.ok(titled >= 0 && titled < at, told.stdout);
  });

  test('what turns or hides letters in an answer does not reach the terminal', async () => {
    const ugly = 'a\u009b2J\u202ex\u200b\u001b]0;y\u0007';
    liar.lie = {
      path: '/path',
      answer: (body) => ({...body, delegations: {[ugly]: {delegator: ugly, purpose: ugly}}}),
    };
    const told = await ask(liar.url, jti(chain.a));
    assert.match(told.stdout, /a\?2J\?x\?/);
    assert.doesNotMatch(told.stdout + told.stderr, UNSEEN);
  });

  const token = (...args) => through(liar.url, 'token', '--resource', all.server.issuer, ...args);
  const forms = {
    'a number': 17,
    nothing: undefined,
    'an empty text': '',
    'a second header line': 'token\r\nX-Evil: 1',
    'a terminal escape': 'token\u001b]0;y\u0007',
    'a blank': 'to ken',
    'a letter beyond ASCII': 'tok\u00e9n',
  };
  for (const [name, access_token] of Object.entries(forms)) {
    test(`${name} is no access token, and is not printed`, async () => {
      for (const args of [[], ['--output', 'json'], ['--url', TICKETS]]) {
        liar.lie = {path: '/token', answer: (body) => ({...body, access_token})};
        const told = await token(...args);
        assert.equal(told.code, 3, told.stdout + told.stderr);
        assert.match(told.stdout + told.stderr, /holds no access_token/);
        assert.doesNotMatch(told.stdout, UNSEEN);
        assert.doesNotMatch(told.stdout, /X-Evil|Authorization/);
        liar.lie = {path: '/token'};
        const twin = await token(...args);
        assert.equal(twin.code, 0, twin.stderr);
        assert.match(twin.stdout, /eyJ/);
      }
    });
  }

  const call = (name, body) => all[name].call('POST', '/path', body);
  for (const name of ['triage', 'tickets', 'archive', 'other']) {
    test(`a transaction's path is not for ${name}, who may not read the log`, async () => {
      const refused = await call(name, {txn: txn(chain.a)});
      const expected = {status: 403, error: 'insufficient_scope', reason: 'outside_authority'};
      door.check(refused, expected, 0);
      assert.doesNotMatch(refused.body, /secret-name|service:archive/);
    });
  }
  test("a transaction's path is for who may read the log; one's own is for whoever acted",
       async () => {
    assert.equal((await all.server.path(txn(chain.a), '--txn')).verified, true);
    const own = await call('triage', {jti: jti(chain.a)});
    assert.deepEqual([own.status, own.json.entries.length], [200, 1], own.body);
  });
  const unlike = {
    'one letter': 'a',
    nothing: '',
    'a quotation mark': '"',
    'a letter too many': () => `${txn(chain.a)}A`,
    'a letter too few': () => txn(chain.a).slice(1),
    'another alphabet': () => `${txn(chain.a).slice(1)}+`,
  };
  for (const [name, text] of Object.entries(unlike)) {
    test(`${name} is no transaction to look for`, async () => {
      const bad = typeof text === 'function' ? text() : text;
      const refused = await call('triage', {txn: bad});
      const expected = {status: 400, error: 'invalid_request', reason: 'bad_request'};
      door.check(refused, expected, 0);
      // The same question in a transaction's form is answered by what the caller may.
      assert.equal((await call('triage', {txn: 'A'.repeat(22)})).status, 403);
    });
  }

  door.onRecord();
});
