// npm's oauth4webapi and jose, unchanged, against a real server: discovery, client credentials and
// a chain of three parties with DPoP, introspection, revocation.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';

import {jose, oauth} from '../clients/index.mjs';

import {scope} from './harness.mjs';
import {ARCHIVE, startOrganisation, TICKETS, VAULT} from './organisation.mjs';
import {ACCESS_TOKEN, EXCHANGE, JWT} from './party.mjs';

const plain = {[oauth.allowInsecureRequests]: true};

// A party as this library sees it.
function clientOf(party) {
  const client = {client_id: party.id};
  return {
    party, client,
    authentication: oauth.PrivateKeyJwt(party.privateKey),
    DPoP: oauth.DPoP(client, {privateKey: party.privateKey, publicKey: party.publicKey}),
  };
}

// Once more where the server asks for its nonce: the library keeps it in its DPoP handle.
async function withNonce({DPoP}, request, process) {
  const answer = await request();
  try {
    return await process(answer);
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    assert.ok(DPoP);
    return process(await request());
  }
}

describe('oauth4webapi', () => {
  let all;
  let as;
  const t = scope();
  before(async () => {
    all = await startOrganisation(t);
    const issuer = new URL(all.server.issuer);
    const response = await oauth.discoveryRequest(issuer, {algorithm: 'oauth2', ...plain});
    as = await oauth.processDiscoveryResponse(issuer, response);
  });

  const clientCredentials = (of, parameters) => withNonce(
    of,
    () => oauth.clientCredentialsGrantRequest(as, of.client, of.authentication, parameters,
                                              {DPoP: of.DPoP, ...plain}),
    (response) => oauth.processClientCredentialsResponse(as, of.client, response));

  const exchange = async (of, subjectToken, subjectType, resource, scope) => {
    const parameters = {subject_token: subjectToken, subject_token_type: subjectType,
                        actor_token: await of.party.actorToken(), actor_token_type: JWT, resource,
                        ...(scope && {scope})};
    return withNonce(
      of,
      () => oauth.genericTokenEndpointRequest(as, of.client, of.authentication, EXCHANGE,
                                              parameters, {DPoP: of.DPoP, ...plain}),
      (response) => oauth.processGenericTokenEndpointResponse(as, of.client, response));
  };

  // Offline, as a resource server does it with nothing but /jwks.
  const verify = async (token, audience) => {
    const keys = jose.createRemoteJWKSet(new URL(as.jwks_uri));
    const {payload} = await jose.jwtVerify(token, keys, {issuer: as.issuer, audience,
                                                         typ: 'at+jwt'});
    return payload;
  };

  test('discovery finds every endpoint', () => {
    assert.equal(as.issuer, all.server.issuer);
    assert.equal(as.token_endpoint, `${as.issuer}/token`);
    assert.equal(as.introspection_endpoint, `${as.issuer}/introspect`);
    assert.equal(as.revocation_endpoint, `${as.issuer}/revoke`);
    assert.ok(as.grant_types_supported.includes(EXCHANGE));
    assert.ok(as.dpop_signing_alg_values_supported.includes('ES256'));
    assert.deepEqual(as.token_endpoint_auth_methods_supported, ['private_key_jwt']);
  });

  test('client credentials give a bound token of the caller\'s own', async () => {
    const of = clientOf(all.reports);
    const answer = await clientCredentials(of, {resource: TICKETS, scope: 'tickets:read'});
    assert.equal(answer.token_type, 'dpop');
    const claims = await verify(answer.access_token, TICKETS);
    assert.equal(claims.sub, 'service:reports');
    assert.equal(claims.client_id, 'service:reports');
    assert.equal(claims.act, undefined);
    assert.equal(claims.cnf.jkt, all.reports.jkt);
    assert.equal(claims.scope, 'tickets:read');
  });

  test('a scope that the caller does not hold is invalid_scope', async () => {
    const of = clientOf(all.reports);
    await assert.rejects(clientCredentials(of, {resource: TICKETS, scope: 'tickets:close'}),
                         (error) => error.error === 'invalid_scope' &&
                                    error.error_description.startsWith('outside_authority: '));
  });

  test('three parties in a chain, each the audience of the token that it received', async () => {
    const a = clientOf(all.triage);
    const b = clientOf(all.tickets);
    const c = clientOf(all.archive);
    const statement = await all.triage.statement('triage-reads');
    const first = await exchange(a, statement, JWT, TICKETS, 'tickets:read');
    const second = await exchange(b, first.access_token, ACCESS_TOKEN, ARCHIVE, 'tickets:read');
    const third = await exchange(c, second.access_token, ACCESS_TOKEN, VAULT, 'tickets:read');
    assert.equal(third.issued_token_type, ACCESS_TOKEN);

    const claims = await verify(third.access_token, VAULT);
    assert.equal(claims.sub, 'human:maria@acme.example');
    assert.equal(claims.client_id, 'service:archive');
    assert.deepEqual(claims.act, {sub: 'service:archive',
                                  act: {sub: 'service:tickets', act: {sub: 'agent:triage'}}});
    assert.deepEqual(claims.lineage, ['vault-onward', 'archive-onward', 'triage-reads']);
    assert.equal(claims.cnf.jkt, all.archive.jkt);
    const txn = (await verify(first.access_token, TICKETS)).txn;
    assert.equal(claims.txn, txn);
    assert.ok(claims.exp <= (await verify(second.access_token, ARCHIVE)).exp);
    await assert.rejects(verify(third.access_token, TICKETS),
                         {code: 'ERR_JWT_CLAIM_VALIDATION_FAILED'});
  });

  test('the audience introspects, and sees who acts for whom; another sees nothing', async () => {
    const a = clientOf(all.triage);
    const answer = await exchange(a, await all.triage.statement('triage-reads'), JWT, TICKETS);
    const introspect = async (of) => {
      const response = await oauth.introspectionRequest(as, of.client, of.authentication,
                                                        answer.access_token, plain);
      return oauth.processIntrospectionResponse(as, of.client, response);
    };
    const seen = await introspect(clientOf(all.tickets));
    assert.equal(seen.active, true);
    assert.equal(seen.sub, 'human:maria@acme.example');
    assert.deepEqual(seen.act, {sub: 'agent:triage'});
    assert.deepEqual(seen.lineage, ['triage-reads']);
    assert.equal(seen.cnf.jkt, all.triage.jkt);
    assert.deepEqual(await introspect(clientOf(all.vault)), {active: false});
  });

  test('the holder revokes its token, and nobody else can', async () => {
    const a = clientOf(all.triage);
    const b = clientOf(all.tickets);
    const {access_token: token} = await exchange(a, await all.triage.statement('triage-reads'), JWT,
                                                 TICKETS);
    const introspected = async () => oauth.processIntrospectionResponse(
      as, b.client,
      await oauth.introspectionRequest(as, b.client, b.authentication, token, plain));
    const revoke = async (of) => oauth.processRevocationResponse(
      await oauth.revocationRequest(as, of.client, of.authentication, token, plain));
    await assert.rejects(revoke(b), (error) => error.error === 'invalid_request');
    assert.equal((await introspected()).active, true);
    await revoke(a);
    assert.deepEqual(await introspected(), {active: false});
  });

  test('a protected resource of ours takes the token, and its nonce where it asks', async () => {
    const of = clientOf(all.triage);
    const {access_token: token} = await clientCredentials(of, {resource: as.issuer});
    const url = new URL(`${as.issuer}/delegations/triage-reads/statement`);
    const response = await oauth.protectedResourceRequest(token, 'GET', url, new Headers(), null,
                                                          {DPoP: of.DPoP, ...plain});
    assert.equal(response.status, 200);
    assert.ok((await response.json()).statement);
  });
});
