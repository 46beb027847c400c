// ATTACKS.md section D: token exchange and delegation; D11, D12, D16 and D18, which ask for too
// much, are in attacks_wanted.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';

import {Door, forge, INVALID_REQUEST, signer} from './attacks.mjs';
import {scope, sleep} from './harness.mjs';
import {
  ARCHIVE,
  permission,
  startOrganisation,
  TICKET,
  TICKETS,
  walkChain,
} from './organisation.mjs';
import {ACCESS_TOKEN, JWT, Party} from './party.mjs';

const MARIA = 'human:maria@acme.example';
const TYPE = 'urn:ietf:params:oauth:token-type:';

describe('D: token exchange and delegation', () => {
  let all;
  let chain;
  let eve;
  const t = scope();
  const door = new Door(() => all);
  before(async () => {
    all = await startOrganisation(t, (document) => {
      const {delegations} = document;
      for (const id of ['archive-onward', 'vault-onward']) {
        delegations.find((each) => each.id === id).authority[0].locations.push(TICKETS);
      }
      delegations.push(
        {
          id: 'back-onward',
          parent: 'vault-onward',
          delegate: 'service:tickets',
          authority: [permission({identifier: 'queue/eu/*'})],
        },
        {
          id: 'brief',
          delegator: MARIA,
          delegate: 'agent:triage',
          max_token_lifetime: '1s',
          authority: [permission({identifier: 'queue/eu/1'})],
        },
      );
      return document;
    });
    eve = (await Party.make('agent:triage')).at(all.server);
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

  row('D1 no subject_token', {subject_token: undefined}, {reason: 'bad_request'});
  row('D1 no subject_token_type', {subject_token_type: undefined}, {reason: 'bad_request'});
  row(
    'D1 an unknown subject_token_type',
    {subject_token_type: `${TYPE}saml2`},
    {reason: 'bad_request'},
  );
  row('D1 a subject_token of garbage', {subject_token: 'garbage'}, {reason: 'token_malformed'});
  row('D1 an empty subject_token', {subject_token: ''}, {reason: 'bad_request'});
  onwardRow(
    'D1 a tampered subject_token',
    () => {
      const [header, payload, signature] = chain.a.access_token.split('.');
      const claims = {...JSON.parse(Buffer.from(payload, 'base64url')), scope: 'tickets:close'};
      const other = Buffer.from(JSON.stringify(claims)).toString('base64url');
      return {subject_token: `${header}.${other}.${signature}`};
    },
    {reason: 'untrusted_issuer'},
  );
  onwardRow(
    "D1 another issuer's subject_token",
    () => ({
      subject_token: forge({
        header: {alg: 'ES256', typ: 'at+jwt', kid: eve.jkt},
        claims: {...jose.decodeJwt(chain.a.access_token), iss: 'https://eve.example'},
        sign: signer(eve),
      }),
    }),
    {reason: 'untrusted_issuer'},
  );
  onwardRow(
    'D1 ours in name, by another key',
    () => ({
      subject_token: forge({
        header: jose.decodeProtectedHeader(chain.a.access_token),
        claims: jose.decodeJwt(chain.a.access_token),
        sign: signer(eve),
      }),
    }),
    {reason: 'untrusted_issuer'},
  );
  const narrowing = (party, token, over = {}) =>
    party.exchange({
      subject_token: token,
      resource: TICKETS,
      actor_token: undefined,
      actor_token_type: undefined,
      ...over,
    });
  let brief;
  door.row('D1 an expired subject_token', {
    twin: async () => {
      brief = (await all.triage.actFor('brief', {resource: TICKETS})).json.access_token;
      return narrowing(all.triage, brief);
    },
    bad: async () => {
      await sleep(2000 - (Date.now() % 1000));
      const started = Date.now();
      const answer = await narrowing(all.triage, brief);
      assert.ok(Date.now() - started < 1000);
      return answer;
    },
    ...INVALID_REQUEST,
    reason: 'token_expired',
    patient: true,
  });

  row('D2 actor_token without its type', {actor_token_type: undefined}, {reason: 'bad_request'});
  row('D2 actor_token_type without a token', {actor_token: undefined}, {reason: 'bad_request'});
  row(
    'D2 an unknown actor_token_type',
    {actor_token_type: `${TYPE}saml1`},
    {reason: 'bad_request'},
  );
  row("D3 another's actor token", async () => ({actor_token: await all.other.actorToken()}), {
    reason: 'actor_mismatch',
  });
  row(
    "D3 another's access token as actor token",
    () => ({
      actor_token: chain.b.access_token,
      actor_token_type: ACCESS_TOKEN,
    }),
    {reason: 'actor_mismatch'},
  );
  row("D3 one's own name, signed by another", async () => ({actor_token: await eve.actorToken()}), {
    reason: 'untrusted_issuer',
  });
  onwardRow(
    'D4 subject and actor swapped',
    () => ({
      subject_token: chain.b.access_token,
      actor_token: chain.a.access_token,
      actor_token_type: ACCESS_TOKEN,
    }),
    {reason: 'actor_mismatch'},
  );
  test('D4 the same party in both narrows its own token', async () => {
    const answer = await narrowing(all.triage, chain.a.access_token, {
      actor_token: await all.triage.actorToken(),
      actor_token_type: JWT,
    });
    assert.equal(answer.status, 200, answer.body);
    const claims = claimsOf(answer);
    assert.equal(claims.sub, MARIA);
    assert.deepEqual(claims.act, {sub: 'agent:triage'});
    assert.deepEqual(claims.lineage, ['triage-reads']);
  });
  door.row('D5 a statement whose may_act names another', {
    bad: async () =>
      all.other.exchange({
        subject_token: await all.triage.statement('triage-reads'),
        subject_token_type: JWT,
        resource: TICKETS,
      }),
    twin: () => acting(),
    ...INVALID_REQUEST,
    reason: 'actor_mismatch',
  });
  row(
    'D6 a statement without an actor token',
    {actor_token: undefined, actor_token_type: undefined},
    {reason: 'actor_token_required'},
  );
  onwardRow(
    'D7 a chain exchanged without an actor token',
    {actor_token: undefined, actor_token_type: undefined},
    {reason: 'actor_token_required'},
  );
  test('D8 each hop nests the ones before it, newest outermost', () => {
    assert.deepEqual(jose.decodeJwt(chain.c.access_token).act, {
      sub: 'service:archive',
      act: {sub: 'service:tickets', act: {sub: 'agent:triage'}},
    });
  });
  door.row('D10 a cycle from A to B to A', {
    twin: () => all.archive.exchange({subject_token: chain.b.access_token, resource: TICKETS}),
    bad: async () => {
      const {json} = await all.archive.exchange({
        subject_token: chain.b.access_token,
        resource: TICKETS,
      });
      return all.tickets.exchange({subject_token: json.access_token, resource: TICKETS});
    },
    ...INVALID_REQUEST,
    reason: 'bad_request',
    says: /cycle/,
  });
  const handed = async (maxDepth) => {
    const authority = [{type: 'tickets', actions: ['read']}];
    const first = await all.triage.hopGrant({
      token: chain.a.access_token,
      to: all.other,
      authority,
      maxDepth,
    });
    const {json} = await all.other.exchange({
      subject_token: chain.a.access_token,
      resource: TICKETS,
      hop_grant: first,
    });
    const next = await all.other.hopGrant({token: json.access_token, to: all.reports, authority});
    return all.reports.exchange({
      subject_token: json.access_token,
      resource: TICKETS,
      hop_grant: next,
    });
  };
  door.row('D10 a chain longer than its depth', {
    bad: () => handed(0),
    twin: () => handed(1),
    ...INVALID_REQUEST,
    reason: 'depth_exceeded',
  });
  onwardRow(
    'D10 a subject token with 100 kB of act',
    () => {
      let act = {sub: 'agent:triage'};
      for (let hop = 0; hop < 4000; ++hop) act = {sub: 'agent:triage', act};
      return {
        subject_token: forge({
          header: jose.decodeProtectedHeader(chain.a.access_token),
          claims: {...jose.decodeJwt(chain.a.access_token), act},
          sign: signer(eve),
        }),
      };
    },
    {reason: 'limit_exceeded'},
  );

  test('D13 no exchange outlives its subject token, and none gives a refresh token', async () => {
    let token = chain.a.access_token;
    const ends = jose.decodeJwt(token).exp;
    for (let again = 0; again < 3; ++again) {
      const answer = await narrowing(all.triage, token);
      assert.equal(answer.status, 200, answer.body);
      assert.ok(claimsOf(answer).exp <= ends);
      assert.equal(answer.json.refresh_token, undefined);
      token = answer.json.access_token;
    }
  });
  door.row('D13 a refresh token asked for by its grant', {
    bad: () => acting({grant_type: 'refresh_token', refresh_token: undefined}),
    twin: () => acting(),
    status: 400,
    error: 'unsupported_grant_type',
    reason: 'bad_request',
  });
  door.row('D15 a stolen token, by a client that it is not for', {
    bad: () => all.vault.exchange({subject_token: chain.a.access_token, resource: ARCHIVE}),
    twin: () => onward(),
    ...INVALID_REQUEST,
    reason: 'hop_grant_required',
  });
  test('D17 act holds who acts, and nothing else', () => {
    for (let {act} = jose.decodeJwt(chain.c.access_token); act; act = act.act) {
      assert.deepEqual(
        Object.keys(act).filter((key) => key !== 'act'),
        ['sub'],
      );
    }
  });

  // These end what the rows above use, so they come last.
  let own;
  door.row('D14 a revoked subject token', {
    twin: async () => narrowing(all.triage, (own = (await acting()).json.access_token)),
    bad: async () => {
      assert.equal((await all.triage.revoke(own)).status, 200);
      return narrowing(all.triage, own);
    },
    ...INVALID_REQUEST,
    reason: 'token_revoked',
  });
  door.row('D14 a subject token cut from a revoked one', {
    twin: async () => {
      const first = (await acting()).json.access_token;
      own = {first, second: (await narrowing(all.triage, first)).json.access_token};
      return narrowing(all.triage, own.second);
    },
    bad: async () => {
      await all.triage.revoke(own.first);
      return narrowing(all.triage, own.second);
    },
    ...INVALID_REQUEST,
    reason: 'ancestor_revoked',
  });
  const suspended = async (id, request) => {
    await all.server.done('suspend', id);
    const answer = await request();
    await all.server.done('resume', id);
    return answer;
  };
  door.row('D14 a suspended earlier actor', {
    twin: () => onward(),
    bad: () => suspended('agent:triage', onward),
    ...INVALID_REQUEST,
    reason: 'principal_suspended',
    patient: true,
  });
  test('D19 of exchanges beside a revocation none is good after its answer', async () => {
    const tokens = [];
    let sent = 0;
    let refused = 0;
    const party = async () => {
      while (sent < 100 || refused === 0) {
        ++sent;
        const answer = await onward();
        if (answer.status === 200) {
          tokens.push(answer.json.access_token);
          continue;
        }
        ++refused;
        assert.equal(answer.json.reason, 'delegation_revoked', answer.body);
      }
    };
    const parties = Promise.all(Array.from({length: 10}, party));
    await sleep(50);
    await all.server.revoke('delegation', 'triage-reads');
    const late = await onward();
    assert.equal(late.status, 400, late.body);
    await parties;
    assert.ok(tokens.length > 0, 'none before the revocation');
    for (const token of tokens) {
      assert.deepEqual((await all.archive.introspect(token)).json, {active: false});
    }
    const asked = await all.archive.evaluate({
      actor: all.tickets,
      token: tokens[0],
      action: 'read',
      id: TICKET,
      location: ARCHIVE,
    });
    assert.equal(asked.context.reason, 'ancestor_revoked');
  });
  door.onRecord();
});
