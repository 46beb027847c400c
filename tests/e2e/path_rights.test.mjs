// Who may see a path: whoever acted sees its own, and nobody sees another's hops by being refused
// with another's token.
import assert from 'node:assert/strict';
import test from 'node:test';

import {ARCHIVE, startOrganisation, TICKETS, VAULT} from './organisation.mjs';

test('a refused exchange shows its hops to who may read the log, not to who held the token',
     async (t) => {
  const all = await startOrganisation(t);
  const {json: {access_token}} = await all.triage.actFor('triage-reads', {resource: TICKETS});
  const refused = await all.other.exchange({subject_token: access_token, resource: ARCHIVE});
  assert.equal(refused.json.reason, 'hop_grant_required', refused.body);
  const {receipt} = refused.json;

  const other = await all.other.call('POST', '/path', {receipt});
  assert.equal(other.status, 403, other.body);
  assert.equal(other.json.reason, 'outside_authority', other.body);
  const {entries, actor, subject} = await all.server.path(receipt);
  assert.deepEqual(entries.map(({entry}) => entry.type), ['refused', 'issued']);
  assert.deepEqual({actor, subject}, {actor: 'agent:other', subject: 'human:maria@acme.example'});

  // The permitted twin: a refusal of its own, which follows no token.
  const own = await all.triage.actFor('triage-reads', {resource: VAULT, scope: 'tickets:close'});
  assert.equal(own.json.reason, 'outside_authority', own.body);
  await all.server.path(own.json.receipt);  // waits until the entry is there
  const seen = await all.triage.call('POST', '/path', {receipt: own.json.receipt});
  assert.equal(seen.status, 200, seen.body);
  assert.equal(seen.json.entries.length, 1);
});
