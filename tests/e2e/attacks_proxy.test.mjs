// ATTACKS.md G7: whatever becomes of Mandate, a proxy before a real upstream lets nothing
// pass.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';

import {onEnd} from './harness.mjs';
import {send} from './http.mjs';
import {TICKET, TICKETS} from './organisation.mjs';
import {absent, startProxy, startUpstream} from './proxy.mjs';


// Something that stands where Mandate should, and does this with each connection.
async function startStandIn(t, serve) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => serve(socket));
    onEnd(t, () => socket.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(t, () => server.close());
  return `127.0.0.1:${server.address().port}`;
}

const answer =
  (line, headers = []) =>
  (socket) =>
    socket.end([`HTTP/1.1 ${line}`, 'Content-Length: 0', ...headers, '', ''].join('\r\n'));
const identity = 'Mandate-Subject: human:eve@acme.example';
const rows = [
  ['500', answer('500 Internal Server Error', [identity])],
  ['503', answer('503 Service Unavailable', [identity])],
  ['302', answer('302 Found', ['Location: /', identity])],
  ['404', answer('404 Not Found', [identity])],
  ['429', answer('429 Too Many Requests', [identity])],
  ['no HTTP', (socket) => socket.end('nonsense\r\n\r\n')],
  ['nothing', (socket) => socket.end()],
  ['half a head', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Len')],
  ['a reset', (socket) => socket.resetAndDestroy()],
  ['silence', () => {}], // each gives up after 5 s
];
// What the client is told: Caddy passes on what is no 2xx, as it is.
const closed = {nginx: [503], haproxy: [503], caddy: [302, 404, 429, 500, 502, 503, 504]};
for (const kind of Object.keys(closed)) {
  for (const [what, serve] of rows) {
    test(`G7 ${kind} lets nothing pass where Mandate answers ${what}`, {skip: absent(kind)},
         async (t) => {
      const upstream = await startUpstream(t);
      const ask = async (mandate) => {
        const proxy = await startProxy(t, kind,
                                       {mandate, resource: TICKETS, upstream: upstream.address});
        return send({url: `${proxy.url}/${TICKET}`});
      };
      const permitted = await ask(await startStandIn(t, answer('200 OK', [identity])));
      assert.equal(permitted.status, 200);
      assert.equal(upstream.seen.length, 1);
      const refused = await ask(await startStandIn(t, serve));
      assert.ok(closed[kind].includes(refused.status), `${refused.status}`);
      assert.equal(upstream.seen.length, 1);
    });
  }
}
