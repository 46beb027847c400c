// npm's openid-client, unchanged, against a real server.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';

import {jose, openid} from '../clients/index.mjs';

import {scope} from './harness.mjs';
import {ARCHIVE, startOrganisation, TICKETS, VAULT} from './organisation.mjs';
import {ACCESS_TOKEN, EXCHANGE, JWT} from './party.mjs';

describe('openid-client', () => {
  let all;
  const t = scope();
  before(async () => {
    all = await startOrganisation(t);
  });

  const connect = async (party) => {
    const configuration = await openid.discovery(
      new URL(all.server.issuer), party.id, undefined, openid.PrivateKeyJwt(party.privateKey),
      {algorithm: 'oauth2', execute: [openid.allowInsecureRequests]});
    const DPoP = openid.getDPoPHandle(
      configuration, {privateKey: party.privateKey, publicKey: party.publicKey});
    return {party, configuration, DPoP};
  };

  const exchange = async ({party, configuration, DPoP}, subjectToken, subjectType, resource) =>
    openid.genericGrantRequest(configuration, EXCHANGE, {
      subject_token: subjectToken, subject_token_type: subjectType,
      actor_token: await party.actorToken(), actor_token_type: JWT, resource}, {DPoP});

  test('client credentials give a bound token', async () => {
    const {configuration, DPoP} = await connect(all.reports);
    const answer = await openid.clientCredentialsGrant(
      configuration, {resource: TICKETS, scope: 'tickets:read'}, {DPoP});
    assert.equal(answer.token_type, 'dpop');
    assert.ok(answer.expiresIn() > 0);
    const keys = jose.createRemoteJWKSet(new URL(configuration.serverMetadata().jwks_uri));
    const {payload} = await jose.jwtVerify(answer.access_token, keys, {
      issuer: all.server.issuer, audience: TICKETS, typ: 'at+jwt'});
    assert.equal(payload.sub, 'service:reports');
    assert.equal(payload.cnf.jkt, all.reports.jkt);
  });

  test('three parties in a chain, then introspection and revocation', async () => {
    const a = await connect(all.triage);
    const b = await connect(all.tickets);
    const c = await connect(all.archive);
    const d = await connect(all.vault);
    const first = await exchange(a, await all.triage.statement('triage-reads'), JWT, TICKETS);
    const second = await exchange(b, first.access_token, ACCESS_TOKEN, ARCHIVE);
    const third = await exchange(c, second.access_token, ACCESS_TOKEN, VAULT);
    const seen = () => openid.tokenIntrospection(d.configuration, third.access_token);
    const live = await seen();
    assert.equal(live.active, true);
    assert.equal(live.sub, 'human:maria@acme.example');
    assert.deepEqual(live.act, {sub: 'service:archive',
                                act: {sub: 'service:tickets', act: {sub: 'agent:triage'}}});
    await openid.tokenRevocation(a.configuration, first.access_token);
    assert.deepEqual(await seen(), {active: false});
    await assert.rejects(exchange(c, second.access_token, ACCESS_TOKEN, VAULT),
                         (error) => error.error === 'invalid_request' &&
                                    error.error_description.startsWith('ancestor_revoked: '));
  });

  test('an exchange that asks for another\'s token is refused with its reason', async () => {
    const a = await connect(all.triage);
    const other = await connect(all.other);
    const first = await exchange(a, await all.triage.statement('triage-reads'), JWT, TICKETS);
    await assert.rejects(exchange(other, first.access_token, ACCESS_TOKEN, TICKETS),
                         (error) => error.error === 'invalid_request' &&
                                    error.error_description.startsWith('hop_grant_required: '));
  });

  test('the API takes the token through fetchProtectedResource', async () => {
    const {configuration, DPoP} = await connect(all.triage);
    const {access_token: token} = await openid.clientCredentialsGrant(
      configuration, {resource: all.server.issuer}, {DPoP});
    const response = await openid.fetchProtectedResource(
      configuration, token, new URL(`${all.server.issuer}/delegations/triage-reads/statement`),
      'GET', null, undefined, {DPoP});
    assert.equal(response.status, 200);
  });
});
