// A principal that proves itself with an ES256 key: its assertions, proofs, exchanges and calls.
//
//   const triage = await Party.make('agent:triage');  // its `authenticators` go in a document
//   triage.at(server);
//   const {json} = await triage.token({resource: 'https://tickets.acme.example'});
import {createHash, randomUUID} from 'node:crypto';

import {jose} from '../clients/index.mjs';
import {FORM, form, send} from './http.mjs';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const JWT = 'urn:ietf:params:oauth:token-type:jwt';
export const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';

export const now = () => Math.floor(Date.now() / 1000);
export const sha256 = (text) => createHash('sha256').update(text).digest('base64url');

export class Party {
  static async make(id, algorithm = 'ES256') {
    const {privateKey, publicKey} = await jose.generateKeyPair(algorithm, {extractable: true});
    const party = new Party();
    party.id = id;
    party.algorithm = algorithm;
    party.privateKey = privateKey;
    party.publicKey = publicKey;
    party.jwk = await jose.exportJWK(publicKey);
    party.privateJwk = await jose.exportJWK(privateKey);
    party.jkt = await jose.calculateJwkThumbprint(party.jwk);
    return party;
  }

  get authenticators() {
    return [{jwk: this.jwk}];
  }

  at(server) {
    this.server = server;
    this.apiToken = undefined;
    return this;
  }

  async sign(header, claims) {
    return new jose.SignJWT(claims).setProtectedHeader({alg: this.algorithm, ...header})
      .sign(this.privateKey);
  }

  // A member that is undefined is left out of the claims.
  ownClaims(over = {}) {
    return {iss: this.id, sub: this.id, aud: this.server.issuer, jti: randomUUID(), iat: now(),
            exp: now() + 60, ...over};
  }

  assertion(over, header = {typ: 'client-authentication+jwt'}) {
    return this.sign(header, this.ownClaims(over));
  }

  actorToken(over, header = {typ: 'actor+jwt'}) {
    return this.sign(header, this.ownClaims(over));
  }

  proof({method, url, token, nonce, claims = {}, header = {}}) {
    return this.sign({typ: 'dpop+jwt', jwk: this.jwk, ...header}, {
      jti: randomUUID(), htm: method, htu: url, iat: now(),
      ...(token && {ath: sha256(token)}), ...(nonce && {nonce}), ...claims});
  }

  hopGrant({token, to, authority, maxDepth, claims = {}, header = {}}) {
    return this.sign({typ: 'hop-grant+jwt', jwk: this.jwk, ...header}, {
      iss: this.id, aud: this.server.issuer, ath: sha256(token), sub: to.id, cnf: {jkt: to.jkt},
      authorization_details: authority, jti: randomUUID(), iat: now(),
      exp: jose.decodeJwt(token).exp, ...(maxDepth !== undefined && {max_depth: maxDepth}),
      ...claims});
  }

  async authentication() {
    return {client_assertion_type: ASSERTION_TYPE, client_assertion: await this.assertion()};
  }

  // The form as it goes out; `headers` and a `proof` of one's own take the place of the usual ones.
  async post(path, parameters, {headers, proof} = {}) {
    const dpop = path === '/token' && headers === undefined
      ? [['DPoP', proof ?? await this.tokenProof()]] : headers ?? [];
    const response = await send({url: this.server.url + path, method: 'POST',
                                 headers: [['Content-Type', FORM], ...dpop],
                                 body: form(parameters)});
    if (response.headers['dpop-nonce']) this.nonce = response.headers['dpop-nonce'];
    return response;
  }

  tokenProof(over = {}) {
    return this.proof({method: 'POST', url: this.server.issuer + '/token', nonce: this.nonce,
                       ...over});
  }

  // A nonce, fetched the way clients do: by a request that lacks one.
  async fetchNonce() {
    if (this.nonce) return;
    await this.post('/token', {grant_type: 'client_credentials', ...await this.authentication()});
  }

  async token(parameters, options) {
    await this.fetchNonce();
    return this.post('/token', {grant_type: 'client_credentials', ...await this.authentication(),
                                ...parameters}, options);
  }

  // Undefined in `parameters` leaves a usual parameter out.
  async exchange(parameters, options) {
    return this.token({grant_type: EXCHANGE, subject_token_type: ACCESS_TOKEN,
                       actor_token: await this.actorToken(), actor_token_type: JWT,
                       ...parameters}, options);
  }

  async introspect(token, parameters = {}) {
    return this.post('/introspect', {token, ...await this.authentication(), ...parameters});
  }

  async revoke(token, parameters = {}) {
    return this.post('/revoke', {token, ...await this.authentication(), ...parameters});
  }

  // A call to the API, with a token of one's own for it.
  async call(method, path, body, {headers = []} = {}) {
    if (!this.apiToken) {
      const answer = await this.token({resource: this.server.issuer});
      if (answer.status !== 200) throw new Error(`${this.id} gets no token: ${answer.body}`);
      this.apiToken = answer.json.access_token;
    }
    const url = this.server.issuer + path.split('?')[0];
    const text = body === undefined ? undefined
      : typeof body === 'string' ? body : JSON.stringify(body);
    for (let again = true; ; again = false) {
      const proof = await this.proof({method, url, token: this.apiToken, nonce: this.nonce});
      const answer = await send({url: this.server.url + path, method, body: text, headers: [
        ...(text === undefined ? [] : [['Content-Type', 'application/json']]),
        ['Authorization', `DPoP ${this.apiToken}`], ['DPoP', proof], ...headers]});
      if (answer.headers['dpop-nonce']) this.nonce = answer.headers['dpop-nonce'];
      if (!again || answer.json?.reason !== 'nonce_required') return answer;
    }
  }

  async statement(delegation) {
    const answer = await this.call(
      'GET', `/delegations/${encodeURIComponent(delegation)}/statement`);
    if (answer.status !== 200) throw new Error(`no statement of ${delegation}: ${answer.body}`);
    return answer.json.statement;
  }

  // Acts under a delegation to it, by the delegation's statement.
  async actFor(delegation, parameters) {
    return this.exchange({subject_token: await this.statement(delegation), subject_token_type: JWT,
                          ...parameters});
  }

  // Asks, as the resource server, about a request that `actor` sends with `token`.
  // -> {decision, context}
  async evaluate({subject, action, type = 'tickets', id, location, properties, context, actor,
                  token, method = 'GET', url = `${location}/${id}`, proof}) {
    const presented = token && {access_token: token, dpop: {
      proof: proof ?? await actor.proof({method, url, token}), htm: method, htu: url}};
    const answer = await this.call('POST', '/access/v1/evaluation', {
      subject: {type: 'user', id: subject ?? jose.decodeJwt(token).sub}, action: {name: action},
      resource: {type, id, properties: {...(location && {location}), ...properties}},
      context: {...presented, ...context}});
    if (answer.status !== 200) throw new Error(`evaluation: ${answer.status} ${answer.body}`);
    return answer.json;
  }

  // What a proxy of the `original` family sends for this party's request.
  async forwardAuth({resource, origin = resource, token, method = 'GET', path, headers = [],
                     proof}) {
    const url = origin + path.split('?')[0];
    return send({url: `${this.server.url}/forward-auth/${encodeURIComponent(resource)}`, headers: [
      ['X-Original-Method', method], ['X-Original-URI', path], ['X-Real-IP', '127.0.0.1'],
      ['Authorization', `DPoP ${token}`],
      ['DPoP', proof ?? await this.proof({method, url, token})], ...headers]});
  }
}
