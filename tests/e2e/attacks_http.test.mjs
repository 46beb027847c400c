// ATTACKS.md section I: HTTP and JSON, as bytes on a connection.
import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import {before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';

import {raw} from './attacks.mjs';
import {expectRan, onEnd, scope, Server, sleep, source} from './harness.mjs';
import {send} from './http.mjs';

const SHARED = process.env.MANDATE_SHARED ?? path.join(source, '../shared');
const FORM = 'Content-Type: application/x-www-form-urlencoded';
const BODY = 'grant_type=client_credentials';
const CHUNKS = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n`; // and then the trailer
const LENGTH = `Content-Length: ${BODY.length}`;
const NEXT = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'; // what must not be taken for a request

const post = (headers, body = BODY, start = 'POST /token HTTP/1.1') =>
  `${[start, 'Host: x', FORM, ...headers].join('\r\n')}\r\n\r\n${body}`;
const statuses = (text) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

describe('I: HTTP', () => {
  let server;
  const t = scope();
  before(async () => {
    server = await Server.start(t);
  });
  const answers = async () => {
    const started = performance.now();
    assert.equal((await send({url: `${server.url}/healthz`})).status, 200);
    assert.ok(performance.now() - started < 1000);
  };

  test('I1 what is well formed is read, also twice on a connection', async () => {
    const {text} = await raw(server, post([LENGTH]) + post([LENGTH, 'Connection: close']));
    assert.deepEqual(statuses(text), [401, 401], text);
    const inChunks = await raw(
      server,
      post(
        ['Transfer-Encoding: chunked', 'Connection: close'],
        `${CHUNKS}\r\n`,
      ),
    );
    assert.deepEqual(statuses(inChunks.text), [401], inChunks.text);
  });

  const chunked = (body) => post(['Transfer-Encoding: chunked'], body);
  const refused = [
    ['CL.TE', post([LENGTH, 'Transfer-Encoding: chunked'], `0\r\n\r\n${NEXT}`)],
    [
      'TE.CL',
      post(['Transfer-Encoding: chunked', 'Content-Length: 4'], `5c\r\n${NEXT}\r\n0\r\n\r\n`),
    ],
    ['two lengths that differ', post([LENGTH, 'Content-Length: 1'])],
    ['two lengths that agree', post([LENGTH, LENGTH])],
    ['a list of lengths', post([`Content-Length: ${BODY.length}, ${BODY.length}`])],
    ['a length with a sign', post([`Content-Length: +${BODY.length}`])],
    ['a length below zero', post(['Content-Length: -1'])],
    ['a length in hexadecimal', post([`Content-Length: 0x${BODY.length.toString(16)}`])],
    ['a length past 64 bits', post(['Content-Length: 18446744073709551617'])],
    ['a length that is empty', post(['Content-Length: '])],
    ['a folded header', post([LENGTH, 'X-Folded: a\r\n b'])],
    ['a folded length', post(['Content-Length:\r\n 4'])],
    ['a space before the colon', post([`Content-Length : ${BODY.length}`])],
    ['a space before a name', post([LENGTH, ' X-Name: a'])],
    ['a header without a colon', post([LENGTH, 'nonsense'])],
    ['a header without a name', post([LENGTH, ': x'])],
    ['NUL in a header', post([LENGTH, 'X-Nul: a\0b'])],
    ['a carriage return in a header', post([LENGTH, 'X-Cr: a\rb'])],
    ['chunked by another name', post(['Transfer-Encoding: xchunked'], `0\r\n\r\n${NEXT}`)],
    ['chunked and identity', post(['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${NEXT}`)],
    [
      'chunked twice',
      post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], `0\r\n\r\n${NEXT}`),
    ],
    ['a chunk of no size', chunked(`\r\n${NEXT}`)],
    ['a chunk of no number', chunked(`zz\r\n${NEXT}`)],
    ['a chunk below zero', chunked(`-1\r\n${NEXT}`)],
    ['a chunk past 64 bits', chunked(`fffffffffffffffff\r\n${NEXT}`)],
    ['a chunk with more than its size', chunked(`1\r\nabc\r\n0\r\n\r\n${NEXT}`)],
    ['a trailer', chunked(`${CHUNKS}X-Name: a\r\n\r\n`)],
    ['a proof in the trailer', chunked(`${CHUNKS}DPoP: x\r\n\r\n`)],
    ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n'],
    ['two Hosts', 'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['the absolute form', 'GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a target that is a name', 'GET healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a space in the target', 'GET /healthz x HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no target', 'GET HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no method', ' /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['HTTP/1.2', 'GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n'],
    ['HTTP/2 by its preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  ];
  for (const [what, bytes] of refused) {
    test(`I1 ${what} is answered 400, and the connection ends`, async () => {
      const {text, ms, closed} = await raw(server, bytes + NEXT);
      assert.deepEqual(statuses(text), [400], text);
      assert.ok(closed && ms < 1000, `${closed} ${ms}`);
      assert.ok(!text.includes('"status":"ok"'), text);
      await answers();
    });
  }

  // HTTP/2 is not spoken: neither what opens it nor what floods it is read as anything.
  const frame = (type, flags, stream, payload) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, payload]).toString('latin1');
  };
  const settings = frame(4, 0, 0, Buffer.alloc(0));
  const floods = [
    ['SETTINGS', settings.repeat(10_000)],
    ['PING', frame(6, 0, 0, Buffer.alloc(8)).repeat(10_000)],
    [
      'rapid reset',
      Array.from({length: 5000}, (_, at) =>
        frame(1, 4, 2 * at + 1, Buffer.from([0x82, 0x86, 0x84, 0x41, 0x01, 0x78])) +
        frame(3, 0, 2 * at + 1, Buffer.alloc(4)),
      ).join(''),
    ],
    [
      'CONTINUATION',
      frame(1, 0, 1, Buffer.from([0x82])) + frame(9, 0, 1, Buffer.alloc(1000)).repeat(1000),
    ],
    ['a bomb of headers', frame(1, 0, 1, Buffer.alloc(1 << 20, 0x82))],
  ];
  for (const [what, frames] of floods) {
    test(`I4 ${what}, behind HTTP/2's preface, is answered 400 and not read`, async () => {
      const preface = `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${settings}`;
      const {text, ms, closed} = await raw(server, preface + frames);
      assert.ok(text === '' || statuses(text).join() === '400', text.slice(0, 200));
      assert.ok(closed && ms < 2000, `${closed} ${ms}`);
      await answers();
    });
  }
  test('I4 an upgrade to h2c is not taken up', async () => {
    const upgrade =
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk';
    const plain = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const twin = await raw(server, plain);
    assert.deepEqual(statuses(twin.text), [200]);
    const {text} = await raw(
      server,
      `GET /healthz HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    );
    assert.deepEqual(statuses(text), [200, 400], text);
  });

  const large = [
    [
      '10 000 headers',
      `GET /healthz HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(10_000)}\r\n`,
      [431],
    ],
    ['101 headers', `GET /healthz HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(100)}\r\n`, [431]],
    [
      'a header of 64 kB',
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(65_536)}\r\n\r\n`,
      [431],
    ],
    ['a target of 64 kB', `GET /${'y'.repeat(65_536)} HTTP/1.1\r\nHost: x\r\n\r\n`, [431]],
    ['a body said to be 2 MiB', post([`Content-Length: ${2 << 20}`], ''), [413]],
    ['a chunk said to be 2 MiB', chunked(`200000\r\n${'x'.repeat(4096)}`), [413]],
    ['chunks without an end', chunked(`1000\r\n${'x'.repeat(4096)}\r\n`.repeat(300)), [413]],
    [
      'a chunk extension of 2 MiB',
      chunked(`1;${'x'.repeat(2 << 20)}\r\nx\r\n0\r\n\r\n`),
      [400, 413],
    ],
  ];
  for (const [what, bytes, expected] of large) {
    test(`I2 ${what} is refused`, async () => {
      const {text, ms, closed} = await raw(server, bytes);
      const [status, ...more] = statuses(text);
      // A peer that is still writing may see the reset before the answer.
      assert.ok(expected.includes(status) || (closed && text === ''), text.slice(0, 200));
      assert.equal(more.length, 0);
      assert.ok(closed && ms < 2000, `${closed} ${ms}`);
      await answers();
    });
  }
  test('I2 100 headers are read', async () => {
    const {text} = await raw(
      server,
      `GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${'X: y\r\n'.repeat(98)}\r\n`,
    );
    assert.deepEqual(statuses(text), [200]);
  });

  const held = async (t_, count, bytes) => {
    const sockets = await Promise.all(
      Array.from(
        {length: count},
        () =>
          new Promise((resolve) => {
            const socket = net.connect(new URL(server.url).port, '127.0.0.1', () =>
              resolve(socket),
            );
            socket.on('error', () => {});
            socket.write(bytes);
          }),
      ),
    );
    onEnd(t_, () => sockets.forEach((socket) => socket.destroy()));
    return sockets;
  };
  test('I2 300 slow heads, bodies and silent connections keep nobody waiting', async (t_) => {
    await held(t_, 100, 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    await held(t_, 100, post(['Content-Length: 1000'], 'grant'));
    await held(t_, 100, '');
    for (let again = 0; again < 5; ++again) await answers();
  });
  test('I2 a reader that does not read keeps nobody waiting', async (t_) => {
    const sockets = await held(t_, 10, NEXT.repeat(2000));
    sockets.forEach((socket) => socket.pause());
    await sleep(200);
    await answers();
  });
  // The stream is closed as its time ends, so that nothing more is said.
  test('I2 a head that drips is ended within its bound', async () => {
    const drip = [
      'GET /healthz HTTP/1.1\r\nHost: x\r\n',
      ...Array.from({length: 40}, () => 'X: y\r\n'),
    ];
    const {text, ms, closed} = await raw(server, drip, {pause: 400, ms_max: 14_000});
    assert.ok(closed && ms < 12_500, `${closed} ${ms}`);
    assert.deepEqual(statuses(text), [], text);
  });

  // [method, target, what is refused of it, status of the twin]
  const targets = [
    ['GET', '/healthz', {query: '?x=1'}, 200],
    ['GET', '/jwks', {query: '?dry_run=true'}, 200],
    ['GET', '/.well-known/oauth-authorization-server', {query: '?x'}, 200],
    ['GET', '/principals', {query: '?x=1', encoded: '/%70rincipals'}, 401],
    ['GET', '/principals/a', {query: '?prune=true', encoded: '/principal%73/a'}, 401],
    ['GET', '/delegations/a/statement', {encoded: '/delegations/a/%73tatement'}, 401],
    ['GET', '/forward-auth/a', {encoded: '/forward%2Dauth/a'}, 401],
    ['GET', '/log/a/checkpoint', {query: '?x=1'}, 404],
    ['POST', '/apply', {query: '?dry_run=1', encoded: '/%61pply'}, 401],
    ['POST', '/apply?dry_run=true&prune=false', {query: '&prune=false'}, 401],
    ['POST', '/apply?dry_run=false', {query: '&force=true'}, 401],
    ['POST', '/revocations', {query: '?dry_run=true', encoded: '/%72evocations'}, 401],
    ['POST', '/suspensions', {query: '?x=1', encoded: '/suspension%73'}, 401],
    ['POST', '/path', {query: '?x=1', encoded: '/p%61th'}, 401],
    ['POST', '/access/v1/evaluation', {query: '?x=1', encoded: '/access/v1/%65valuation'}, 401],
  ];
  const ask = (method, target) =>
    send({
      url: server.url + target,
      method,
      headers: [['Content-Type', 'application/json']],
      body: method === 'POST' ? '{}' : undefined,
    });
  for (const [method, target, {query, encoded}, status] of targets) {
    const refusals = [
      [query && target + query, 400],
      [encoded, 404],
    ];
    for (const [other, refusal] of refusals.filter(([text]) => text)) {
      test(`I1 ${method} ${other} is not ${target}`, async () => {
        const twin = await ask(method, target);
        assert.equal(twin.status, status, twin.body);
        const {status: found, json, body} = await ask(method, other);
        assert.deepEqual([found, json.reason], [refusal, 'bad_request'], body);
      });
    }
  }
  test("I1 the client's own query, left on a forward-auth target, changes nothing", async () => {
    const twin = await ask('GET', '/forward-auth/a');
    for (const query of ['?x=1', '?%zz', `?${'x&'.repeat(100)}`]) {
      const {status, body} = await ask('GET', `/forward-auth/a${query}`);
      assert.deepEqual([status, body], [twin.status, twin.body]);
    }
  });

  const vectors = path.join(SHARED, 'vectors/json');
  const absent = !existsSync(vectors) && process.env.CI !== 'true' ? `no ${vectors}` : false;
  test('I3 the JSON test suite: n_* is refused, y_* is read', {skip: absent}, async () => {
    const files = (await readdir(vectors, {recursive: true})).filter((name) =>
      /(^|\/)[ny]_.*\.json$/.test(name),
    );
    expectRan('json/test_parsing/*.json', fileURLToPath(import.meta.url), files.length);
    for (const file of files) {
      const answer = await send({
        url: `${server.url}/access/v1/evaluation`,
        method: 'POST',
        headers: [['Content-Type', 'application/json']],
        body: await readFile(path.join(vectors, file)),
      });
      // What is read is then refused for want of a caller; a member twice is never read (strict).
      const strict = /duplicated_key/.test(file);
      const read = path.basename(file).startsWith('y_') && !strict;
      assert.equal(answer.status, read ? 401 : 400, `${file}: ${answer.body}`);
      const reason = read ? 'token_malformed' : 'bad_request';
      assert.equal(answer.json.reason, reason, `${file}: ${answer.body}`);
    }
  });
});
