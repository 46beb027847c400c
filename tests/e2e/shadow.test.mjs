// `enforcement: shadow`: what only lacks authority passes, and is told; the same resource enforced
// refuses; what is not authenticated, or was ended, passes in neither.
import assert from 'node:assert/strict';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';

import {scope, sleep} from './harness.mjs';
import {ARCHIVE, startOrganisation, TICKET, TICKETS} from './organisation.mjs';

const LEGACY = 'https://legacy.acme.example';

describe('a resource in shadow', () => {
  let all;
  let token;
  const t = scope();
  // Tickets in shadow, the archive enforced; nobody may write at the archive's type in `legacy`.
  before(async () => {
    all = await startOrganisation(t, (document) => {
      const [tickets] = document.resources;
      tickets.enforcement = 'shadow';
      document.resources.push({...tickets, id: LEGACY, origin: LEGACY, accept_asserted: false});
      return document;
    });
    token = await tokenFor(TICKETS);
  });
  const tokenFor = async (resource, delegation = 'triage-reads') => {
    const answer = await all.triage.actFor(delegation, {resource});
    assert.equal(answer.status, 200, answer.body);
    return answer.json.access_token;
  };
  const proxied = (resource, held, over = {}) => all.triage.forwardAuth(
    {resource, token: held, path: `/${TICKET}/close`, method: 'POST', ...over});
  const asked = (over = {}) => all.tickets.evaluate(
    {location: TICKETS, id: TICKET, action: 'close', actor: all.triage, token, ...over});

  test('permits an action not delegated, and says so; its enforced twin refuses', async () => {
    const answer = await proxied(TICKETS, token);
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.headers['mandate-enforcement'], 'shadow');
    assert.equal(answer.headers['mandate-reason'], 'outside_authority');
    assert.equal(jose.decodeJwt(answer.headers['mandate-assertion']).enforcement, 'shadow');
    const twin = await proxied(ARCHIVE, await tokenFor(ARCHIVE));
    assert.equal(twin.status, 403);
    assert.equal(twin.headers['mandate-reason'], 'outside_authority');
  });

  test('what is allowed is permitted as ever', async () => {
    const answer = await proxied(TICKETS, token, {method: 'GET', path: `/${TICKET}`});
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['mandate-enforcement'], 'enforce');
    assert.equal(answer.headers['mandate-reason'], undefined);
    assert.equal(jose.decodeJwt(answer.headers['mandate-assertion']).enforcement, undefined);
  });

  test('AuthZEN permits with the reason; its enforced twin does not', async () => {
    const {decision, context} = await asked();
    assert.deepEqual([decision, context.enforcement, context.reason, context.authority],
                     [true, 'shadow', 'outside_authority', 'proven']);
    assert.ok(context.receipt);
    const twin = await all.archive.evaluate({location: ARCHIVE, id: TICKET, action: 'close',
                                             actor: all.triage, token: await tokenFor(ARCHIVE)});
    assert.deepEqual([twin.decision, twin.context.enforcement, twin.context.reason],
                     [false, undefined, 'outside_authority']);
  });

  test('a question without a token is the resource server\'s word: it passes', async () => {
    const {decision, context} = await asked({token: undefined, subject: 'service:reports'});
    assert.deepEqual([decision, context.reason, context.authority],
                     [true, 'proof_of_possession', 'asserted']);
    const twin = await all.archive.evaluate({location: ARCHIVE, id: TICKET, action: 'close',
                                             subject: 'service:reports'});
    assert.deepEqual([twin.decision, twin.context.reason], [false, 'proof_of_possession']);
  });

  describe('never permits', () => {
    const rows = [
      ['without a token', () => proxied(TICKETS, 'x'), 401, 'token_malformed'],
      ['with a proof by another key', async () => all.other.forwardAuth(
        {resource: TICKETS, token, path: `/${TICKET}/close`, method: 'POST'}), 401,
       'proof_of_possession'],
      ['with another resource\'s token', async () => proxied(TICKETS, await tokenFor(ARCHIVE)),
       401, 'audience_mismatch'],
      ['a path that could be read in two ways',
       () => proxied(TICKETS, token, {path: '/queue/eu/..%2f17', method: 'GET'}), 403,
       'bad_request'],
      ['what was revoked', async () => {
        const own = await tokenFor(TICKETS);
        await all.server.revoke('token', jose.decodeJwt(own).jti);
        return proxied(TICKETS, own);
      }, 401, 'token_revoked'],
    ];
    for (const [title, ask, status, reason] of rows) {
      test(title, async () => {
        const answer = await ask();
        assert.deepEqual([answer.status, answer.headers['mandate-reason']], [status, reason]);
      });
    }

    test('for who is suspended, also where no token is shown', async () => {
      await all.server.done('suspend', 'agent:other');
      const {decision, context} = await asked({token: undefined, subject: 'agent:other'});
      assert.deepEqual([decision, context.reason], [false, 'principal_suspended']);
      await all.server.done('resume', 'agent:other');
      assert.equal((await asked({token: undefined, subject: 'agent:other'})).decision, true);
    });

    test('at the server\'s own management', async () => {
      const file = await all.server.write('own.json', {apiVersion: 'mandate/v1', resources: [
        {id: all.server.issuer, type: 'mandate', actions: ['read'], enforcement: 'shadow'}]});
      const refused = await all.server.cli('apply', '-f', file);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /own management/);
    });
  });

  test('an entry says what was decided and what was answered', async () => {
    const {context} = await asked();
    const {entries} = await all.server.path(context.receipt);
    const [{entry}] = entries;
    assert.deepEqual([entry.decision, entry.answered, entry.enforcement, entry.reason],
                     ['deny', 'permit', 'shadow', 'outside_authority']);
    const text = await all.server.text('path', context.receipt);
    assert.match(text.stdout, /permitted in shadow close on queue\/eu\/17/);
  });

  test('the report tells who would be refused, and proposes what would permit it', async () => {
    await sleep(1500);  // the last entries are under a checkpoint
    const report = await all.server.done('report', 'shadow');
    const find = (principal) => report.items.find((item) => item.principal === principal);
    const triage = find('agent:triage');
    assert.equal(triage.resource, TICKETS);
    assert.equal(triage.subject, 'human:maria@acme.example');
    const [reason] = triage.reasons;
    assert.equal(reason.reason, 'outside_authority');
    assert.equal(reason.count, 3);
    assert.match(triage.remedy, /delegation \S+ from human:maria@acme.example to agent:triage/);
    // Reports may read every queue; closing is nobody's at that distance but maria's.
    assert.deepEqual(find('service:reports').reasons.map((one) => one.reason),
                     ['proof_of_possession']);
    assert.ok(report.would_refuse >= 5 && report.decided > report.would_refuse);

    const file = path.join(all.server.folder, 'missing.json');
    const text = await all.server.text('report', 'shadow', '--since', '1h', '--propose', file);
    assert.equal(text.code, 0, text.stderr);
    assert.match(text.stdout,
                 /agent:triage for human:maria@acme\.example\n {4}3 outside_authority/);
    const preview = await all.server.done('apply', '-f', file, '--dry-run');
    assert.ok(preview.differences.every(({kind}) => kind === 'added'));
    const proposed = JSON.parse(await readFile(file, 'utf8'));
    const {id} = proposed.delegations.find(({delegate}) => delegate === 'agent:triage');
    await all.server.done('apply', '-f', file);
    const answer = await proxied(TICKETS, await tokenFor(TICKETS, id));
    assert.deepEqual([answer.status, answer.headers['mandate-enforcement']], [200, 'enforce']);
  });

  test('nothing is told of a time before, and a time that is none is refused', async () => {
    const later = new Date(Date.now() + 60_000).toISOString();
    const none = await all.server.done('report', 'shadow', '--since', later);
    assert.deepEqual([none.decided, none.items], [0, []]);
    const wrong = await all.server.cli('report', 'shadow', '--since', 'yesterday');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /"yesterday"; expected how long ago/);
  });

  test('the report is for who may read the logs', async () => {
    const identity = await all.server.write(
      'triage.json', {client_id: 'agent:triage', jwk: all.triage.privateJwk});
    const refused = await all.server.cli('report', 'shadow', '--identity', identity);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /outside_authority/);
  });
});
