// The one door of the rows of ATTACKS.md that need the running program: a row is a bad request with
// the refusal to expect, and its permitted twin that differs in one thing.
//
//   const door = new Door(() => all);
//   door.row('B1 two ways to prove oneself', {bad, twin, ...STRANGE_REQUEST});
//   door.onRecord();   // last: every refusal of these rows is in the journal
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import net from 'node:net';
import path from 'node:path';
import {test} from 'node:test';

import {onEnd, run, sleep} from './harness.mjs';

const SLOW_MAX = 2;
const ANSWER_MS_MAX = 1000;
const FLUSH_MS = 1000;

// Who is refused: a caller that proved who it is gets a receipt; a stranger is only counted.
export const INVALID_CLIENT = {
  status: 401,
  error: 'invalid_client',
  stranger: true,
  reason: 'client_authentication_failed',
};
export const INVALID_REQUEST = {status: 400, error: 'invalid_request'};
export const INVALID_PROOF = {status: 400, error: 'invalid_dpop_proof', reason: 'bad_request'};
export const STRANGE_REQUEST = {...INVALID_REQUEST, stranger: true, reason: 'bad_request'};
// Refused before there is a request: the HTTP layer's own bounds.
export const HEAD_TOO_LARGE = {
  status: 431,
  error: 'invalid_request',
  reason: 'limit_exceeded',
  stranger: true,
};
export const BODY_TOO_LARGE = {...HEAD_TOO_LARGE, status: 413};

const base64url = (bytes) => Buffer.from(bytes).toString('base64url');
const texted = (part) =>
  typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part);
export const keyOf = (party) => crypto.createPrivateKey({key: party.privateJwk, format: 'jwk'});
export const signer = (party) => (input) =>
  crypto.sign('sha256', Buffer.from(input), {key: keyOf(party), dsaEncoding: 'ieee-p1363'});

// A JWT of any shape. `header` and `claims` are objects, or the very bytes; `sign` takes the
// signing input; `text` changes the finished text.
export function forge({header, claims, sign, text = (compact) => compact}) {
  const input = `${base64url(texted(header))}.${base64url(texted(claims))}`;
  return text(`${input}.${base64url(sign(input))}`);
}

export class Door {
  // `all` gives the organisation, once it has started.
  constructor(all) {
    this.all = all;
    this.receipts = new Map();
    this.counted = new Map();
  }

  check(
    answer,
    {status, error, reason, stranger = false, says, journal = reason, counted = stranger,
     tried},
    elapsed = 0,
  ) {
    const shown = `${answer.status} ${answer.body} ${JSON.stringify(answer.headers)}`;
    assert.equal(answer.status, status, shown);
    assert.ok(elapsed < ANSWER_MS_MAX, `${elapsed} ms`);
    assert.equal(answer.json?.access_token, undefined, shown);
    if (error !== undefined) assert.equal(answer.json?.error, error, shown);
    assert.equal(answer.json?.reason, reason, shown);
    assert.ok(answer.json.error_description.startsWith(`${reason}: `), shown);
    assert.match(answer.json.error_description, /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/);
    if (says) assert.match(answer.json.error_description, says);
    assert.equal(answer.json.receipt !== undefined, !stranger, shown);
    this.checkHeaders(answer, shown, tried);
    if (counted) this.counted.set(journal, (this.counted.get(journal) ?? 0) + 1);
    if (!stranger) this.receipts.set(answer.json.receipt, reason);
  }

  // What goes with every refusal: WIRE.md; RFC 6750 section 3, 9110 section 15.5.6, 9449 section 8.
  // A client that `tried` a scheme of the Authorization header is told that scheme (RFC 6749 5.2).
  checkHeaders({status, headers, json}, shown, tried) {
    assert.equal(headers['content-type'], 'application/json', shown);
    assert.equal(headers['cache-control'], 'no-store', shown);
    assert.equal('dpop-nonce' in headers, json.error === 'use_dpop_nonce', shown);
    assert.equal('allow' in headers, status === 405, shown);
    const challenged = status === 401 && json.error !== 'invalid_client';
    assert.equal('www-authenticate' in headers,
                 challenged || tried !== undefined || json.error === 'insufficient_scope');
    if (tried) assert.match(headers['www-authenticate'], new RegExp(`^${tried} realm="[^"]+"$`));
    if (challenged) {
      const challenge = headers['www-authenticate'];
      assert.match(challenge, /^DPoP realm="[^"]*", error="[a-z_]+", error_description="[a-z_]+"/);
      assert.equal(challenge.match(/ error="([a-z_]+)"/)[1], json.error, shown);
      assert.equal(challenge.match(/error_description="([a-z_]+)"/)[1], json.reason, shown);
    }
    if (!('mandate-reason' in headers)) return;
    assert.equal(headers['mandate-reason'], json.reason, shown);
    assert.equal(headers['mandate-receipt'], json.receipt, shown);
  }

  // `bad` and `twin` send a request each; `patient` where `bad` has to wait before it sends.
  row(name, {bad, twin, granted = 200, patient = false, ...expected}) {
    test(name, async () => {
      const good = await twin();
      assert.equal(good.status, granted, `the twin: ${good.status} ${good.body}`);
      // A busy machine may hold up one answer; what is slow is slow each time.
      for (let slow = 0; ; ++slow) {
        const started = performance.now();
        const answer = await bad();
        const elapsed = patient ? 0 : performance.now() - started;
        this.check(answer, expected, slow < SLOW_MAX ? 0 : elapsed);
        if (slow === SLOW_MAX || elapsed < ANSWER_MS_MAX) break;
      }
    });
  }

  async journal() {
    await sleep(2 * FLUSH_MS + 200);
    const {stdout, code, stderr} = await run([
      'audit',
      'export',
      path.join(this.all().server.data, 'log'),
    ]);
    assert.equal(code, 0, stderr);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  onRecord() {
    test('refusals of proven callers are entries, strangers are counted each second', async () => {
      const entries = await this.journal();
      const leaves = new Map(entries.map(({leaf, entry}) => [leaf, entry]));
      for (const [receipt, reason] of this.receipts) {
        const {leaf} = JSON.parse(Buffer.from(receipt.split('.')[1], 'base64url'));
        assert.equal(leaves.get(leaf)?.reason, reason, `${reason}: no entry ${leaf}`);
      }
      const lines = entries
        .map(({entry}) => entry)
        .filter(({type}) => type === 'refused_before_authentication');
      for (const [reason, count] of this.counted) {
        const own = lines.filter((entry) => entry.reason === reason);
        assert.equal(
          own.reduce((sum, entry) => sum + entry.count, 0),
          count,
          reason,
        );
        for (let at = 1; at < own.length; ++at) {
          const apart = Date.parse(own[at].time) - Date.parse(own[at - 1].time);
          assert.ok(apart > FLUSH_MS * 0.9, `${reason}: ${apart} ms apart`);
        }
      }
      const text = JSON.stringify(entries);
      assert.ok(!/eyJ[\w-]{20,}\.eyJ/.test(text), 'no token, assertion or proof in a log');
    });
  }
}

// A listener that nobody is to call: {url, calls}.
export async function startTrap(t) {
  const trap = {calls: 0};
  const server = net.createServer((socket) => {
    ++trap.calls;
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(t, () => server.close());
  trap.url = `http://127.0.0.1:${server.address().port}`;
  return trap;
}

// Bytes on a connection of their own -> {text, ms, closed}; ends when the peer closes, or after
// `ms_max`. `parts` are sent with `pause` ms between them.
export function raw(server, parts, {pause = 0, ms_max = 3000, read = true} = {}) {
  const started = performance.now();
  return new Promise((resolve) => {
    const socket = net.connect(new URL(server.url).port, '127.0.0.1');
    let text = '';
    let closed = false;
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve({text, ms: performance.now() - started, closed});
    };
    const timer = setTimeout(done, ms_max);
    socket.on('error', () => {
      closed = true;
      done();
    });
    socket.on('close', () => {
      closed = true;
      done();
    });
    if (read)
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
    socket.on('connect', async () => {
      for (const part of [parts].flat()) {
        if (socket.destroyed) return;
        socket.write(Buffer.from(part, 'latin1'));
        if (pause) await sleep(pause);
      }
    });
  });
}
