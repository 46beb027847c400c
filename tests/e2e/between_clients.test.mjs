// What the OAuth endpoints tell whom, and what they take: a stranger learns of nobody, a parameter
// without a meaning is refused, and introspection says what holds now.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';
import {Door, INVALID_CLIENT, INVALID_REQUEST} from './attacks.mjs';
import {scope} from './harness.mjs';
import {FORM, form, send} from './http.mjs';
import {ARCHIVE, days, permission, startOrganisation, TICKET, TICKETS} from './organisation.mjs';
import {ACCESS_TOKEN, EXCHANGE, Party} from './party.mjs';

const INACTIVE = {active: false};

describe('who calls, and with what', () => {
  let all;
  const t = scope();
  const door = new Door(() => all);
  before(async () => {
    all = await startOrganisation(t, (document, {triage}) => {
      document.guardrails = [{select: {kind: 'agent'}, max_token_lifetime: '1m'}];
      document.delegations.push({
        id: 'triage-short',
        delegator: 'human:maria@acme.example',
        delegate: triage.id,
        max_depth: 0,
        not_after: days(3),
        authority: [permission({locations: [ARCHIVE]})],
      });
      return document;
    });
  });

  const strangers = {
    '/token': (party) => party.post('/token', {grant_type: 'client_credentials', ...party.proof1}),
    '/introspect': (party) => party.post('/introspect', {token: 'x', ...party.proof1}),
    '/revoke': (party) => party.post('/revoke', {token: 'x', ...party.proof1}),
  };
  const answerTo = async (id, path) => {
    const party = (await Party.make(id)).at(all.server);
    party.proof1 = await party.authentication();
    return strangers[path](party);
  };
  for (const path of Object.keys(strangers)) {
    const same = async (known, unknown) => {
      const [one, other] = [await answerTo(known, path), await answerTo(unknown, path)];
      const alike = ({date, 'dpop-nonce': nonce, 'x-request-id': id, ...headers}) =>
        [date?.length, nonce === undefined, headers];
      assert.notEqual(one.headers['x-request-id'], other.headers['x-request-id']);
      assert.deepEqual(alike(one.headers), alike(other.headers));
      assert.equal(one.body.replaceAll(known, unknown), other.body);
      assert.equal(one.status, other.status);
      return one;
    };
    test(`a client on record and one that is not hear the same at ${path}`, async () => {
      const answer = await same('agent:triage', 'agent:ghost1');
      door.check(answer, {...INVALID_CLIENT, counted: false}, 0);
    });
    test(`a person on record and one who is not hear the same at ${path}`, async () => {
      const answer = await same('human:maria@acme.example', 'human:nobod@acme.example');
      const expected = {...INVALID_CLIENT, reason: 'borrowed_credential', counted: false};
      door.check(answer, expected, 0);
    });
  }

  const own = (over) => all.reports.token({resource: TICKETS, ...over});
  const meaningless = {
    subject_token: 'x',
    subject_token_type: ACCESS_TOKEN,
    actor_token: 'x',
    actor_token_type: ACCESS_TOKEN,
    requested_token_type: ACCESS_TOKEN,
    hop_grant: 'x',
    delegation_id: 'triage-reads',
  };
  for (const [name, value] of Object.entries(meaningless)) {
    door.row(`${name} is refused where a client asks in its own right`, {
      bad: () => own({[name]: value}),
      twin: () => own({}),
      ...INVALID_REQUEST,
      reason: 'bad_request',
      says: new RegExp(`${name} has no meaning`),
    });
  }
  const narrow = async (delegation_id) => {
    const {json} = await all.triage.actFor('triage-reads', {resource: TICKETS});
    return all.triage.token({
      grant_type: EXCHANGE,
      subject_token: json.access_token,
      subject_token_type: ACCESS_TOKEN,
      resource: TICKETS,
      delegation_id,
    });
  };
  for (const id of ['nonsense', 'triage-short', 'archive-onward']) {
    door.row(`narrowing one's own token under ${id}, which it does not rest on, is refused`, {
      bad: () => narrow(id),
      twin: () => narrow('triage-reads'),
      ...INVALID_REQUEST,
      reason: 'no_delegation',
    });
  }

  test('a guardrail bounds the life of tokens without a lineage too', async () => {
    const life = async (party, parameters) => {
      const {json, body} = await party.token({resource: all.server.issuer, ...parameters});
      assert.ok(json.access_token, body);
      const {iat, exp} = jose.decodeJwt(json.access_token);
      assert.equal(json.expires_in, exp - iat);
      return exp - iat;
    };
    assert.equal(await life(all.other), 60);
    assert.equal(await life(all.reports), 300); // no agent
    const {json} = await all.triage.actFor('triage-reads', {resource: TICKETS});
    assert.equal(json.expires_in, 60);
  });

  test('a statement ends with its delegation', async () => {
    const ends = async (id) => {
      const {iat, exp} = jose.decodeJwt(await all.triage.statement(id));
      return Math.round((exp - iat) / 86_400);
    };
    await all.server.apply({
      apiVersion: 'mandate/v1',
      delegations: [
        {
          id: 'triage-year',
          delegator: 'human:maria@acme.example',
          delegate: 'agent:triage',
          max_depth: 0,
          not_after: days(300),
          authority: [permission({locations: [ARCHIVE]})],
        },
      ],
    });
    assert.equal(await ends('triage-short'), 3);
    assert.equal(await ends('triage-year'), 300);
  });

  // `%74` is a `t`: the same path to a server, another one to a filter before it.
  for (const path of ['/introspec%74', '/%74oken']) {
    test(`${path} revokes nothing`, async () => {
      const {access_token: token} = (await own({})).json;
      const answer = await send({
        url: all.server.url + path,
        method: 'POST',
        headers: [['Content-Type', FORM]],
        body: form({token, ...(await all.reports.authentication())}),
      });
      const {active} = (await all.reports.introspect(token)).json;
      assert.equal(active, true, `${answer.status} ${answer.body}`);
      assert.ok(answer.status >= 400 || answer.json?.active === true, answer.body);
      const twin = await all.reports.revoke(token);
      assert.equal(twin.status, 200, twin.body);
      assert.deepEqual((await all.reports.introspect(token)).json, INACTIVE);
    });
  }

  door.onRecord();
});

describe('introspection says what holds now', () => {
  let all;
  let token;
  const t = scope();
  before(async () => {
    all = await startOrganisation(t);
    token = (await all.triage.actFor('triage-reads', {resource: TICKETS})).json.access_token;
  });
  const actions = async (party) => {
    const {json} = await party.introspect(token);
    return json.active ? json.authorization_details.flatMap((one) => one.actions) : json;
  };
  const decide = (action) =>
    all.tickets.evaluate({actor: all.triage, token, action, id: TICKET, location: TICKETS});

  test('an action that was taken out of the delegation is in no answer', async () => {
    for (const party of [all.triage, all.tickets]) {
      assert.deepEqual(await actions(party), ['comment', 'read']);
    }
    const changed = structuredClone(all.document.delegations[0]);
    changed.authority[0].actions = ['read'];
    await all.server.apply({apiVersion: 'mandate/v1', delegations: [changed]});
    for (const party of [all.triage, all.tickets]) {
      assert.deepEqual(await actions(party), ['read']);
      assert.equal((await party.introspect(token)).json.scope, 'tickets:read');
    }
    assert.equal((await decide('read')).decision, true);
    assert.equal((await decide('comment')).context.reason, 'outside_authority');
  });

  test('a token for a resource that has ended is not active', async () => {
    const other = (await all.triage.actFor('triage-reads', {resource: ARCHIVE})).json.access_token;
    const document = structuredClone(all.document);
    document.delegations[0].authority[0].actions = ['read'];
    document.resources = document.resources.filter(({id}) => id !== TICKETS);
    for (const list of [document.entitlements, document.delegations]) {
      for (const {authority} of list) {
        for (const part of authority) {
          part.locations = part.locations.filter((location) => location !== TICKETS);
        }
      }
    }
    document.entitlements = document.entitlements.filter(({id}) => id !== 'reports-own');
    await all.server.apply(document, '--prune');
    for (const party of [all.triage, all.tickets]) assert.deepEqual(await actions(party), INACTIVE);
    assert.equal((await all.triage.introspect(other)).json.active, true);
    assert.equal((await all.archive.introspect(other)).json.active, true);
  });
});
