// Acting for a person: asleep, by the delegation's statement; present, by a trusted issuer's token;
// and, for what no document foresaw, by a hop grant of the token's holder.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';

import {scope} from './harness.mjs';
import {send} from './http.mjs';
import {startOrganisation, permission, TICKET, TICKETS, VAULT} from './organisation.mjs';
import {ACCESS_TOKEN, ID_TOKEN, JWT, now, Party} from './party.mjs';

const IDP = 'https://idp.acme.example';
const AUDIENCE = 'https://mandate.acme.example';
const MARIA = 'human:maria@acme.example';

async function startWithIssuer(t) {
  const idp = await Party.make('human:nobody@acme.example');
  const all = await startOrganisation(t, undefined, {args: ['--issuer', AUDIENCE]});
  const {document, server} = all;
  await server.write('acme-idp.jwks.json',
                     {keys: [{...idp.jwk, kid: 'idp-1', use: 'sig', alg: 'ES256'}]});
  document.trusted_issuers = [{id: 'acme-idp', issuer: IDP, audience: AUDIENCE,
                               jwks_file: 'acme-idp.jwks.json', algorithms: ['ES256'],
                               max_token_age: '10m'}];
  const [maria, kim] = document.principals;
  maria.authenticators = [{issuer: 'acme-idp', claims: {email: 'maria@acme.example'}}];
  kim.authenticators = [{issuer: 'acme-idp', claims: {email: 'kim@acme.example'}}];
  await server.apply(document);
  const idToken = (over = {}, header = {}) => idp.sign(
    {kid: 'idp-1', typ: 'JWT', ...header},
    {iss: IDP, aud: AUDIENCE, sub: 'u-1', email: 'maria@acme.example', jti: randomUUID(),
     iat: now(), exp: now() + 300, ...over});
  return {...all, idp, idToken};
}

describe('acting for a person', () => {
  let all;
  const t = scope();
  before(async () => {
    all = await startWithIssuer(t);
  });

  const expectMaria = (answer) => {
    assert.equal(answer.status, 200, answer.body);
    const claims = jose.decodeJwt(answer.json.access_token);
    assert.equal(claims.sub, MARIA);
    assert.deepEqual(claims.act, {sub: 'agent:triage'});
    assert.equal(claims.client_id, 'agent:triage');
    assert.deepEqual(claims.lineage, ['triage-reads']);
    assert.equal(claims.aud, TICKETS);
    assert.equal(claims.cnf.jkt, all.triage.jkt);
    assert.equal(claims.scope, 'tickets:read');
    return claims;
  };
  const expectRefused = (answer, error, reason) => {
    assert.equal(answer.status, error === 'invalid_client' ? 401 : 400, answer.body);
    assert.equal(answer.json.error, error, answer.body);
    assert.equal(answer.json.reason, reason, answer.body);
    assert.ok(answer.json.error_description.startsWith(`${reason}: `), answer.body);
  };

  test('an agent acts at night by the statement of its delegation', async () => {
    const statement = await all.triage.statement('triage-reads');
    const header = jose.decodeProtectedHeader(statement);
    const claims = jose.decodeJwt(statement);
    assert.equal(header.typ, 'delegation+jwt');
    assert.equal(claims.iss, all.server.issuer);
    assert.equal(claims.aud, all.server.issuer);
    assert.equal(claims.sub, MARIA);
    assert.deepEqual(claims.may_act, {sub: 'agent:triage'});
    assert.equal(claims.jti, 'triage-reads');
    expectMaria(await all.triage.exchange({subject_token: statement, subject_token_type: JWT,
                                           resource: TICKETS, scope: 'tickets:read'}));
  });

  test('a statement is for its delegate alone', async () => {
    const other = await all.other.call('GET', '/delegations/triage-reads/statement');
    assert.equal(other.status, 404, other.body);
    const statement = await all.triage.statement('triage-reads');
    expectRefused(await all.other.exchange({subject_token: statement, subject_token_type: JWT,
                                            resource: TICKETS}),
                  'invalid_request', 'actor_mismatch');
  });

  test('a statement is no credential: without a token of the API there is none', async () => {
    const answer = await send({url: `${all.server.url}/delegations/triage-reads/statement`});
    assert.equal(answer.status, 401, answer.body);
  });

  for (const type of [ID_TOKEN, JWT]) {
    test(`a person's token, given as ${type.split(':').at(-1)}, is exchanged under a delegation`,
         async () => {
      expectMaria(await all.triage.exchange({
        subject_token: await all.idToken(), subject_token_type: type, resource: TICKETS,
        scope: 'tickets:read'}));
    });
  }

  test('it proves presence, never consent: without a delegation there is no token', async () => {
    expectRefused(await all.other.exchange({subject_token: await all.idToken(),
                                            subject_token_type: ID_TOKEN, resource: TICKETS}),
                  'invalid_request', 'no_delegation');
    expectRefused(await all.triage.exchange({
      subject_token: await all.idToken({email: 'kim@acme.example'}), subject_token_type: ID_TOKEN,
      resource: TICKETS}), 'invalid_request', 'no_delegation');
  });

  const badTokens = [
    ['of an issuer that nobody trusts', {iss: 'https://elsewhere.example'}, {}, 'untrusted_issuer'],
    ['for another audience', {aud: TICKETS}, {}, 'audience_mismatch'],
    ['for us and somebody else', {aud: [AUDIENCE, TICKETS]}, {}, 'audience_mismatch'],
    ['that has ended', {iat: now() - 120, exp: now() - 60}, {}, 'token_expired'],
    ['that is older than max_token_age', {iat: now() - 700, exp: now() + 300}, {}, 'token_expired'],
    ['under a kid that is not in its key set', {}, {kid: 'idp-2'}, 'untrusted_issuer'],
    ['of another kind', {}, {typ: 'at+jwt'}, 'token_type_mismatch'],
    ['about somebody unknown', {email: 'eve@acme.example'}, {}, 'no_delegation'],
  ];
  for (const [what, claims, header, reason] of badTokens) {
    test(`a token ${what} is refused`, async () => {
      expectRefused(await all.triage.exchange({
        subject_token: await all.idToken(claims, header), subject_token_type: ID_TOKEN,
        resource: TICKETS}), 'invalid_request', reason);
    });
  }

  test("a person's act and may_act are not believed", async () => {
    const answer = await all.triage.exchange({
      subject_token: await all.idToken({act: {sub: 'agent:other'}, may_act: {sub: 'agent:other'}}),
      subject_token_type: ID_TOKEN, resource: TICKETS, scope: 'tickets:read'});
    expectMaria(answer);
  });

  test("a person's token authenticates no software", async () => {
    const idToken = await all.idToken();
    expectRefused(await all.triage.token({client_assertion: idToken, resource: TICKETS}),
                  'invalid_client', 'borrowed_credential');
    expectRefused(await all.triage.exchange({
      subject_token: await all.idToken(), subject_token_type: ID_TOKEN, actor_token: idToken,
      resource: TICKETS}), 'invalid_request', 'borrowed_credential');
    const raw = await all.triage.forwardAuth({resource: TICKETS, token: idToken,
                                              path: `/${TICKET}`});
    assert.equal(raw.status, 401, raw.body);
    assert.equal(raw.headers['mandate-reason'], 'borrowed_credential');
  });

  describe('hop grants', () => {
    // The holder's token: maria's, in triage's hands; `other` is on no delegation of the document.
    const handed = async (over = {}) => {
      const {json} = await all.triage.actFor('triage-reads', {resource: TICKETS});
      const token = json.access_token;
      const grant = await all.triage.hopGrant({
        token, to: all.other, authority: [{type: 'tickets', actions: ['read']}], ...over});
      return {token, grant};
    };
    const useOf = ({token, grant}, party = all.other, over = {}) => party.exchange({
      subject_token: token, subject_token_type: ACCESS_TOKEN, resource: TICKETS, hop_grant: grant,
      ...over});

    test('the holder hands a bound token on by a hop grant, once', async () => {
      const hop = await handed();
      const answer = await useOf(hop);
      assert.equal(answer.status, 200, answer.body);
      const claims = jose.decodeJwt(answer.json.access_token);
      assert.equal(claims.sub, MARIA);
      assert.deepEqual(claims.act, {sub: 'agent:other', act: {sub: 'agent:triage'}});
      assert.equal(claims.cnf.jkt, all.other.jkt);
      assert.equal(claims.lineage.length, 2);
      assert.equal(claims.lineage[1], 'triage-reads');
      assert.ok(claims.exp <= jose.decodeJwt(hop.token).exp);
      const seen = await all.tickets.evaluate({actor: all.other, token: answer.json.access_token,
                                               action: 'read', id: TICKET, location: TICKETS});
      assert.equal(seen.decision, true, JSON.stringify(seen));
      expectRefused(await useOf(hop), 'invalid_request', 'proof_replayed');
    });

    const bad = [
      ['without a hop grant', (hop) => ({...hop, grant: undefined}), 'hop_grant_required'],
      ['with a hop grant to somebody else', async () => handed({to: all.archive}),
       'hop_grant_required'],
      ['with a hop grant for another token',
       async (hop) => ({...hop, grant: (await handed()).grant}),
       'hop_grant_required'],
      ['with a hop grant by another key', async (hop) => ({
        ...hop, grant: await all.archive.hopGrant({
          token: hop.token, to: all.other, authority: [{type: 'tickets', actions: ['read']}],
          claims: {iss: 'agent:triage'}})}), 'proof_of_possession'],
      ['with a hop grant to a key that it does not hold',
       async () => handed({claims: {cnf: {jkt: all.archive.jkt}}}), 'proof_of_possession'],
      ['with a hop grant that outlives the token',
       async (hop) => handed({claims: {exp: jose.decodeJwt(hop.token).exp + 600}}),
       'hop_grant_required'],
      ['with a hop grant of another kind', async () => handed({header: {typ: 'JWT'}}),
       'token_type_mismatch'],
    ];
    for (const [what, change, reason] of bad) {
      test(`a bound token in other hands ${what} is refused`, async () => {
        const hop = await change(await handed());
        expectRefused(await useOf(hop), 'invalid_request', reason);
      });
    }

    test('a hop grant cannot give more than the token holds', async () => {
      const wide = await handed({authority: [{type: 'tickets', actions: ['close']}]});
      const answer = await useOf(wide);
      assert.equal(answer.status, 400, answer.body);
      assert.equal(answer.json.reason, 'outside_authority', answer.body);
      const elsewhere = await useOf(await handed(), all.other, {resource: VAULT});
      assert.equal(elsewhere.status, 200, elsewhere.body);
    });

    test('a hop grant without depth ends the chain there', async () => {
      const {json} = await useOf(await handed());
      const next = await all.other.hopGrant({
        token: json.access_token, to: all.reports,
        authority: [{type: 'tickets', actions: ['read']}]});
      expectRefused(await useOf({token: json.access_token, grant: next}, all.reports),
                    'invalid_request', 'depth_exceeded');
      const deeper = await useOf(await handed({maxDepth: 1}));
      const allowed = await all.other.hopGrant({
        token: deeper.json.access_token, to: all.reports,
        authority: [{type: 'tickets', actions: ['read']}]});
      const answer = await useOf({token: deeper.json.access_token, grant: allowed}, all.reports);
      assert.equal(answer.status, 200, answer.body);
    });
  });

  test('revoking the trusted issuer ends what a person\'s token began', async () => {
    const begun = await all.triage.exchange({subject_token: await all.idToken(),
                                             subject_token_type: ID_TOKEN, resource: TICKETS});
    const ask = () => all.tickets.evaluate({actor: all.triage, token: begun.json.access_token,
                                            action: 'read', id: TICKET, location: TICKETS});
    assert.equal((await ask()).decision, true);
    await all.server.revoke('trusted_issuer', 'acme-idp');
    const refused = await ask();
    assert.equal(refused.decision, false);
    assert.equal(refused.context.reason, 'ancestor_revoked');
    assert.match(refused.context.reason_detail, /acme-idp/);
    expectRefused(await all.triage.exchange({subject_token: await all.idToken(),
                                             subject_token_type: ID_TOKEN, resource: TICKETS}),
                  'invalid_request', 'ancestor_revoked');
    // The statement rests on nothing of the issuer's.
    expectMaria(await all.triage.actFor('triage-reads',
                                        {resource: TICKETS, scope: 'tickets:read'}));
  });

  test('revoking the delegation ends its statement', async () => {
    const statement = await all.triage.statement('triage-reads');
    await all.server.revoke('delegation', 'triage-reads');
    expectRefused(await all.triage.exchange({subject_token: statement, subject_token_type: JWT,
                                             resource: TICKETS}),
                  'invalid_request', 'delegation_revoked');
    const answer = await all.triage.call('GET', '/delegations/triage-reads/statement');
    assert.equal(answer.json.reason, 'delegation_revoked', answer.body);
  });
});
