// npm's oidc-provider doing what Mandate does at /token, with the same keys, proofs and algorithm:
// client credentials, and a token exchange as its documentation adds one (a grant of our own that
// verifies the subject token and issues for another audience). Prints "ready".
//
//   node oidc_provider.mjs PORT CLIENTS.json      CLIENTS: [{client_id, jwk}]
import {readFileSync} from 'node:fs';
import {exportJWK, generateKeyPair, jwtVerify} from 'jose';
import Provider from 'oidc-provider';
import validateDpop from './node_modules/oidc-provider/lib/helpers/validate_dpop.js';
import {applyDpopBinding} from './node_modules/oidc-provider/lib/helpers/grant_common.js';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const [port, clients] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const {privateKey, publicKey} = await generateKeyPair('ES256', {extractable: true});

const provider = new Provider(issuer, {
  jwks: {keys: [{...await exportJWK(privateKey), alg: 'ES256', use: 'sig', kid: 'one'}]},
  clients: JSON.parse(readFileSync(clients, 'utf8')).map(({client_id, jwk}) => ({
    client_id, grant_types: ['client_credentials', EXCHANGE], redirect_uris: [],
    response_types: [], token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256', id_token_signed_response_alg: 'ES256',
    jwks: {keys: [jwk]}})),
  clientAuthMethods: ['private_key_jwt'],
  features: {
    devInteractions: {enabled: false},
    clientCredentials: {enabled: true},
    dPoP: {enabled: true},
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'https://archive.acme.example',
      getResourceServerInfo: (_, resource) => ({
        scope: 'read', audience: resource, accessTokenTTL: 300, accessTokenFormat: 'jwt',
        jwt: {sign: {alg: 'ES256'}}}),
    },
  },
});

provider.registerGrantType(EXCHANGE, async (ctx) => {
  const {subject_token: text, resource} = ctx.oidc.params;
  const {payload} = await jwtVerify(text, publicKey, {issuer, typ: 'at+jwt'});
  const dPoP = await validateDpop(provider, ctx);
  const token = new provider.ClientCredentials({client: ctx.oidc.client, scope: 'read'});
  token.resourceServer = new provider.ResourceServer(resource, {
    scope: 'read', audience: resource, accessTokenTTL: 300, accessTokenFormat: 'jwt',
    jwt: {sign: {alg: 'ES256'}}});
  token.extra = {sub: payload.sub, act: {sub: ctx.oidc.client.clientId}};
  await applyDpopBinding(provider, ctx, dPoP, token);
  ctx.body = {access_token: await token.save(), expires_in: token.expiration,
              token_type: 'DPoP',
              issued_token_type: 'urn:ietf:params:oauth:token-type:access_token'};
}, ['subject_token', 'subject_token_type', 'resource', 'scope']);

provider.on('grant.error', (_, error) => console.error(error.error_detail ?? error));
provider.on('server_error', (_, error) => console.error(error));
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
