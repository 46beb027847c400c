// While Mandate does not answer: nginx keeps a permit for as long as the resource asks for, and for
// the same request alone.
import assert from 'node:assert/strict';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {test} from 'node:test';

import {jose} from '../clients/index.mjs';

import {sleep, source} from './harness.mjs';
import {send} from './http.mjs';
import {startOrganisation, TICKET, TICKETS} from './organisation.mjs';
import {absent, startProxy, startUpstream} from './proxy.mjs';

const skip = absent('nginx');
const file = (name) => readFile(path.join(source, 'docs/enforcement', name), 'utf8');

test('the two configurations differ only in the marked parts', async () => {
  const unmarked = (text) => text.replaceAll(/^# \+\n[^]*?^# -\n+/gm, '')
    .replaceAll(/^# It fails closed:[^]*?\n\n/gm, '').replaceAll(/\n+/g, '\n');
  assert.equal(unmarked(await file('nginx-when-down.conf')), unmarked(await file('nginx.conf')));
});

// A server, nginx before it, and a way to ask through it with a fresh proof each time.
async function start(t, cache_when_down, configuration = 'nginx-when-down.conf') {
  const all = await startOrganisation(t, (document) => {
    document.resources[0].cache_when_down = cache_when_down;
    return document;
  });
  const upstream = await startUpstream(t);
  const nginx = await startProxy(t, 'nginx', {
    mandate: new URL(all.server.url).host, resource: TICKETS, upstream: upstream.address,
    files: [configuration]});
  const tokenOf = async () => {
    const answer = await all.triage.actFor('triage-reads', {resource: TICKETS});
    assert.equal(answer.status, 200, answer.body);
    return answer.json.access_token;
  };
  const ask = async (held, {target = `/${TICKET}`, method = 'GET', localAddress} = {}) => {
    const answer = await send({url: nginx.url + target, method, localAddress, headers: [
      ['Authorization', `DPoP ${held}`],
      ['DPoP', await all.triage.proof({method, token: held, url: TICKETS + target})]]});
    const passed = answer.status === 200 && Object.fromEntries(answer.json.headers);
    return passed ? passed['mandate-cache'] : answer.status;
  };
  return {...all, upstream, nginx, ask, tokenOf};
}

test('a permit is kept for its time, for the same request with the same token', {skip},
     async (t) => {
  const {server, ask, tokenOf} = await start(t, '4s');
  const [token, other, revoked] = [await tokenOf(), await tokenOf(), await tokenOf()];
  assert.equal(await ask(token), 'BYPASS');
  assert.equal(await ask(token), 'BYPASS', 'as long as it answers, it is asked');
  assert.equal(await ask(revoked), 'BYPASS');
  await server.revoke('token', jose.decodeJwt(revoked).jti);
  assert.equal(await ask(revoked), 401, 'no permit is kept against an answer');
  assert.equal(await ask(token), 'BYPASS');
  const kept = Date.now();
  await server.stop();
  const rows = [
    ['the same', [token], 'HIT'],
    ['another token', [other], 503],
    ['one refused since', [revoked], 401],
    ['another path', [token, {target: '/queue/eu/18'}], 503],
    ['a query', [token, {target: `/${TICKET}?view=full`}], 503],
    ['another method', [token, {method: 'HEAD'}], 503],
    ['another action', [token, {target: `/${TICKET}/close`, method: 'POST'}], 503],
    ['another address', [token, {localAddress: '127.0.0.2'}], 503],
    ['no token', [''], 503],
  ];
  for (const [title, question, expected] of rows) {
    assert.equal(await ask(...question), expected, title);
  }
  await sleep(Math.max(0, kept + 5100 - Date.now()));
  assert.equal(await ask(token), 503, 'after its time');
});

test('a resource that does not ask for it gets nothing kept', {skip}, async (t) => {
  const {server, upstream, ask, tokenOf} = await start(t, '0s');
  const token = await tokenOf();
  assert.equal(await ask(token), 'BYPASS');
  await server.stop();
  const before = upstream.seen.length;
  assert.equal(await ask(token), 503);
  assert.equal(upstream.seen.length, before);
});

test('an answer says how long it may be kept, and never past what it rests on', async (t) => {
  const all = await startOrganisation(t, (document) => {
    document.resources[0].cache_when_down = '5m';
    document.delegations[0].max_token_lifetime = '20s';
    return document;
  });
  const answer = await all.triage.actFor('triage-reads', {resource: TICKETS});
  const token = answer.json.access_token;
  const ask = (action) => all.tickets.evaluate({location: TICKETS, id: TICKET, action, token,
                                                actor: all.triage});
  const permit = await ask('read');
  assert.equal(permit.decision, true);
  const {max_age} = permit.context;
  assert.ok(max_age > 10 && max_age <= 20, `${max_age}`);
  assert.equal((await ask('close')).context.max_age, 0);
  const proxied = await all.triage.forwardAuth({resource: TICKETS, token, path: `/${TICKET}`});
  assert.ok(Number(proxied.headers['x-accel-expires']) <= max_age);
  assert.ok(Number(proxied.headers['x-accel-expires']) > 10);
});
