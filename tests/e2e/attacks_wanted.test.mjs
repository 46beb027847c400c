// ATTACKS.md D11, D12, D16 and D18: an exchange that asks for more than there is.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';

import {Door, INVALID_REQUEST} from './attacks.mjs';
import {scope} from './harness.mjs';
import {ARCHIVE, startOrganisation, TICKETS, VAULT, walkChain} from './organisation.mjs';
import {JWT} from './party.mjs';

const TYPE = 'urn:ietf:params:oauth:token-type:';

describe('D: what an exchange asks for', () => {
  let all;
  let chain;
  const t = scope();
  const door = new Door(() => all);
  before(async () => {
    all = await startOrganisation(t);
    chain = await walkChain(all);
  });

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
  const row = (name, over, more) =>
    door.row(name, {
      bad: async () => acting(typeof over === 'function' ? await over() : over),
      twin: () => acting(),
      ...INVALID_REQUEST,
      ...more,
    });
  const claimsOf = (answer) => jose.decodeJwt(answer.json.access_token);
  // From an access token, as the resource server that it is for.
  const onward = (over = {}) =>
    all.tickets.exchange({
      subject_token: chain.a.access_token,
      resource: ARCHIVE,
      ...over,
    });
  const onwardRow = (name, over, more) =>
    door.row(name, {
      bad: async () => onward(typeof over === 'function' ? await over() : over),
      twin: () => onward(),
      ...INVALID_REQUEST,
      ...more,
    });

  const narrowing = (party, token, over = {}) =>
    party.exchange({
      subject_token: token,
      resource: TICKETS,
      actor_token: undefined,
      actor_token_type: undefined,
      ...over,
    });

  const scopeRow = (name, scope_, more) =>
    row(name, {scope: scope_}, {error: 'invalid_scope', ...more});
  scopeRow('D11 an action that was not delegated', 'tickets:close', {reason: 'outside_authority'});
  scopeRow('D11 one action within and one beyond', 'tickets:read tickets:close', {
    reason: 'outside_authority',
  });
  scopeRow('D11 another type', 'vault:read', {reason: 'outside_authority'});
  scopeRow('D11 every action', 'tickets:*', {reason: 'bad_request'});
  for (const text of [
    'tickets',
    'tickets:',
    ':read',
    'tickets:read  tickets:comment',
    ' tickets:read',
    'tickets:read\ttickets:comment',
  ]) {
    scopeRow(`D11 scope ${JSON.stringify(text)}`, text, {reason: 'bad_request'});
  }
  test('D11 order and repetition of scope change nothing', async () => {
    const details = [];
    for (const text of [
      'tickets:read tickets:comment',
      'tickets:comment tickets:read tickets:comment',
      undefined,
    ]) {
      const answer = await acting({scope: text});
      assert.equal(answer.status, 200, answer.body);
      details.push(claimsOf(answer).authorization_details);
    }
    assert.deepEqual(details[0], details[1]);
    assert.deepEqual(details[0], details[2]);
  });
  door.row('D11 what was narrowed away, asked for again', {
    twin: async () =>
      narrowing(all.triage, (await acting({scope: 'tickets:read'})).json.access_token),
    bad: async () =>
      narrowing(all.triage, (await acting({scope: 'tickets:read'})).json.access_token, {
        scope: 'tickets:comment',
      }),
    status: 400,
    error: 'invalid_scope',
    reason: 'outside_authority',
  });
  test('D11 no scope means no more than the subject token has', async () => {
    const narrow = await acting({scope: 'tickets:read'});
    assert.equal(
      claimsOf(await narrowing(all.triage, narrow.json.access_token)).scope,
      'tickets:read',
    );
  });

  const target = (name, over, reason) => row(name, over, {error: 'invalid_target', reason});
  target(
    'D12 a resource outside the grant',
    {resource: 'https://eve.example'},
    'audience_mismatch',
  );
  target('D12 no resource where there are several', {resource: undefined}, 'bad_request');
  target('D12 a resource and another audience', {audience: VAULT}, 'bad_request');
  target('D12 a resource that is no URI', {resource: 'tickets'}, 'bad_request');
  target('D12 a resource with a fragment', {resource: `${TICKETS}#x`}, 'bad_request');
  door.row('D12 two resources', {
    twin: () => acting(),
    bad: async () =>
      all.triage.post('/token', [
        ...Object.entries({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          ...(await all.triage.authentication()),
          subject_token: await all.triage.statement('triage-reads'),
          subject_token_type: JWT,
          actor_token: await all.triage.actorToken(),
          actor_token_type: JWT,
        }),
        ['resource', TICKETS],
        ['resource', 'https://eve.example'],
      ]),
    status: 400,
    error: 'invalid_target',
    reason: 'bad_request',
  });
  onwardRow(
    'D12 onward to where the next delegation does not reach',
    () => ({resource: 'https://eve.example'}),
    {error: 'invalid_target', reason: 'audience_mismatch'},
  );

  for (const type of ['id_token', 'saml2', 'refresh_token', 'nonsense']) {
    row(
      `D16 requested_token_type ${type}`,
      {requested_token_type: TYPE + type},
      {reason: 'bad_request'},
    );
  }
  const details = (name, value, reason, more) =>
    row(
      `D18 authorization_details ${name}`,
      {authorization_details: typeof value === 'string' ? value : JSON.stringify(value)},
      {error: 'invalid_authorization_details', reason, ...more},
    );
  const read = {type: 'tickets', actions: ['read']};
  details('that are not JSON', '{', 'bad_request');
  details('that are an object', read, 'bad_request');
  details('that are empty', [], 'bad_request');
  details('that hold a number', [7], 'bad_request');
  details('without a type', [{actions: ['read']}], 'bad_request');
  details('of an unknown type', [{type: 'vaults'}], 'outside_authority');
  details('with an unknown member', [{...read, privileges: ['admin']}], 'bad_request');
  details('with an unknown constraint', [{...read, constraints: {moon: 'full'}}], 'bad_request');
  details('with a member twice', '[{"type":"tickets","type":"vaults"}]', 'bad_request');
  details('wider in actions', [{...read, actions: ['read', 'close']}], 'outside_authority');
  details('wider in identifier', [{...read, identifier: 'queue/**'}], 'outside_authority');
  details('narrow beside wide', [read, {...read, actions: ['close']}], 'outside_authority');
  details('elsewhere', [{...read, locations: [VAULT]}], 'audience_mismatch', {
    error: 'invalid_target',
  });
  details('nested 200 deep', '['.repeat(200) + ']'.repeat(200), 'limit_exceeded', {
    error: 'invalid_request',
  });
  details(
    'of 65 permissions',
    Array.from({length: 65}, () => read),
    'limit_exceeded',
    {error: 'invalid_request'},
  );
  // Of two entitlements neither does: the refusal is about the one that reaches the target,
  // whichever comes first (Law 9).
  const orders = [
    ['before', {'a-vault': VAULT, 'z-tickets': TICKETS}],
    ['after', {'z-vault': VAULT, 'a-tickets': TICKETS}],
  ];
  for (const [what, entitlements] of orders) {
    test(`D12 what one entitlement lacks is told, with another ${what} it`, async (t_) => {
      const {other} = await startOrganisation(t_, (document) => {
        for (const [id, location] of Object.entries(entitlements)) {
          const authority = [{type: 'tickets', locations: [location], actions: ['read']}];
          document.entitlements.push({id, principal: 'agent:other', max_depth: 0, authority});
        }
        return document;
      });
      const own = async (scope_, resource = TICKETS) => {
        const {json} = await other.token({resource, scope: scope_});
        return [json.error, json.reason];
      };
      assert.deepEqual(await own('tickets:read'), [undefined, undefined]);
      assert.deepEqual(await own('tickets:close'), ['invalid_scope', 'outside_authority']);
      const nowhere = await own('tickets:read', 'https://eve.example');
      assert.deepEqual(nowhere, ['invalid_target', 'audience_mismatch']);
    });
  }
  test('D18 two permissions of one type stay alternatives', async () => {
    const answer = await acting({
      authorization_details: JSON.stringify([
        {...read, identifier: 'queue/eu/1'},
        {type: 'tickets', actions: ['comment'], identifier: 'queue/eu/2'},
      ]),
    });
    assert.equal(answer.status, 200, answer.body);
    const ask = async (action, id) =>
      (
        await all.tickets.evaluate({
          actor: all.triage,
          token: answer.json.access_token,
          action,
          id,
          location: TICKETS,
        })
      ).decision;
    assert.equal(await ask('read', 'queue/eu/1'), true);
    assert.equal(await ask('comment', 'queue/eu/2'), true);
    assert.equal(await ask('comment', 'queue/eu/1'), false);
    assert.equal(await ask('read', 'queue/eu/2'), false);
  });

  door.onRecord();
});
