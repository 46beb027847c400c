// The proof of a story's requests. For each: `mandate path`, by receipt and by token, identifier
// and transaction, names who acted, for whom, every hop and every delegation; its receipt holds
// offline against a copy of the logs. And what must not hold does not: a path that lost or changed
// an entry on its way to the reader; a copy with a changed byte, without an entry, or older than a
// checkpoint.
import assert from 'node:assert/strict';
import {cp, readdir, readFile, writeFile} from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

import {jose} from '../clients/index.mjs';
import {onEnd, run, temporaryFolder} from '../e2e/harness.mjs';

// An entry as the paths of story.mjs write it.
function lineOf({entry}) {
  const claims = entry.token ?? entry;
  const actor = claims.client_id;
  return `${entry.type}: ${actor} for ${claims.sub} under ${claims.lineage ?? entry.delegations}`;
}

// The last hop of an entry: the caller, whom `act` or the list of actors must name first.
function outermostActor({entry}) {
  const claims = entry.token ?? entry;
  return claims.act?.sub ?? claims.actors?.[0] ?? claims.client_id;
}

function checkPath(what, seen, expected) {
  assert.equal(seen.verified, true, `${what}: ${seen.problems}`);
  assert.deepEqual(seen.entries.map(lineOf), expected.lines, what);
  assert.equal(seen.subject, expected.subject, what);
  assert.equal(seen.actor, expected.actor, what);
  for (const entry of seen.entries) {
    assert.equal(outermostActor(entry), (entry.entry.token ?? entry.entry).client_id, what);
  }
  const delegates = Object.fromEntries(
    Object.entries(seen.delegations).map(([id, definition]) => [id, definition.delegate]));
  assert.deepEqual(delegates, expected.delegates, what);
}

// The longest path of the story, which has a hop to lose.
const longest = (requests) => requests.reduce(
  (best, request) => (request.path.lines.length > best.path.lines.length ? request : best));

async function checkPaths({server, requests}) {
  for (const {what, outcome, path: expected} of requests) {
    const byReceipt = await server.path(outcome.receipt);
    checkPath(`${what}, by its receipt`, byReceipt, expected);
    if (!outcome.token) continue;
    const {jti, txn} = jose.decodeJwt(outcome.token);
    const issues = byReceipt.entries.filter(({entry}) => entry.type === 'issued');
    for (const named of [outcome.token, jti]) {
      const {entries, verified} = await server.path(named);
      assert.ok(verified, what);
      assert.deepEqual(entries.map(lineOf), issues.map(lineOf), `${what}, by ${named}`);
    }
    const whole = await server.path(txn, '--txn');
    assert.ok(whole.verified, what);
    const leaves = new Set(whole.entries.map(({leaf}) => leaf));
    for (const {leaf} of byReceipt.entries) assert.ok(leaves.has(leaf), `${what}, by transaction`);
  }
}

// What a person reads, and what Graphviz does.
async function checkViews({server, requests}) {
  const {outcome: {receipt}, path: {subject, actor, delegates}} = longest(requests);
  const text = await server.text('path', receipt);
  const graph = await server.text('path', receipt, '--output', 'dot');
  for (const [how, {code, stdout}] of Object.entries({text, graph})) {
    assert.equal(code, 0, how);
    for (const name of [subject, actor, ...Object.entries(delegates).flat()]) {
      assert.ok(stdout.includes(name), `${how} does not name ${name}: ${stdout}`);
    }
  }
}

// Between the reader and the server, with a say in what `path` is answered.
async function startForger(story, forge) {
  const target = new URL(story.server.url);
  const forger = http.createServer((request, response) => {
    const onward = http.request({host: target.hostname, port: target.port, method: request.method,
                                 path: request.url, headers: request.headers}, async (answer) => {
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      let body = Buffer.concat(chunks);
      if (request.url === '/path' && answer.statusCode === 200) {
        body = Buffer.from(JSON.stringify(forge(JSON.parse(body))));
      }
      response.writeHead(answer.statusCode, {...answer.headers, 'content-length': body.length});
      response.end(body);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => forger.listen(0, '127.0.0.1', resolve));
  onEnd(story, () => {
    forger.closeAllConnections();
    forger.close();
  });
  return `http://127.0.0.1:${forger.address().port}`;
}

const eachEntry = (change) => (answer) => ({...answer, entries: answer.entries.map(change)});
const forgeries = [
  ['as it is', (answer) => answer, true],
  ['without its oldest hop',
   (answer) => ({...answer, entries: answer.entries.slice(0, -1)}), false],
  ['with another actor',
   eachEntry((item) => ({...item, entry: item.entry.replace(/"client_id":"\w/, '"client_id":"x')})),
   false],
  ['with entries of another place', eachEntry((item) => ({...item, index: item.index + 1})), false],
];

async function checkForgeries(story) {
  const {outcome, path: expected} = longest(story.requests);
  assert.ok(expected.lines.length > 1, 'a story has a request with a hop before it');
  for (const [how, forge, holds] of forgeries) {
    const url = await startForger(story, forge);
    const seen = await run(['path', outcome.receipt, '--output', 'json'],
                           {env: {...story.server.environment, MANDATE_SERVER: url}});
    assert.equal(seen.code, holds ? 0 : 1, `a path ${how}: ${seen.stdout}${seen.stderr}`);
    assert.equal(seen.json.verified, holds, `a path ${how}`);
    assert.equal(seen.json.problems.length === 0, holds, `a path ${how}`);
  }
}

const verify = (copy, keys, against) => run(
  ['audit', 'verify', copy, '--keys', keys, '--against', against, '--output', 'json']);

async function filesBelow(folder) {
  const entries = await readdir(folder, {recursive: true, withFileTypes: true});
  return entries.filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

const sequence = (bundle) => {
  const entries = [];
  for (let at = 0; at < bundle.length;) {
    const size = 2 + bundle.readUInt16BE(at);
    entries.push(bundle.subarray(at, at + size));
    at += size;
  }
  return entries;
};

// What is done to each bundle that holds the entry of `leaf`'s text.
const damages = [
  ['with a changed byte', (bundle, text) => {
    const changed = Buffer.from(bundle);
    changed[bundle.indexOf(text) + 1] ^= 1;
    return changed;
  }],
  ['without an entry', (bundle, text) => Buffer.concat(
    sequence(bundle).filter((entry) => !entry.includes(text)))],
];

async function checkDamages(folder, copy, keys, {receipt, entry}) {
  for (const [how, damage] of damages) {
    const damaged = path.join(folder, how.replaceAll(' ', '-'));
    await cp(copy, damaged, {recursive: true});
    let count = 0;
    for (const file of await filesBelow(damaged)) {
      const content = await readFile(file);
      if (!file.includes('/tile/entries/') || !content.includes(entry.nonce)) continue;
      await writeFile(file, damage(content, entry.nonce));
      ++count;
    }
    assert.ok(count > 0, 'the copy has the entry');
    const seen = await verify(damaged, keys, receipt);
    assert.equal(seen.code, 1, `a copy ${how}: ${seen.stdout}${seen.stderr}`);
    assert.ok(seen.json.findings.length > 0, `a copy ${how}`);
  }
}

async function checkOffline(story) {
  const {server, requests} = story;
  const folder = await temporaryFolder(story);
  const copy = path.join(folder, 'copy');
  const older = path.join(folder, 'older');
  const {outcome} = longest(requests);
  const hops = (await server.path(outcome.receipt)).entries;
  const logs = path.join(server.data, 'log');
  await server.stop();
  await cp(logs, older, {recursive: true});
  await server.launch({listen: new URL(server.url).host});
  await server.path(outcome.receipt);
  await server.stop();
  await cp(logs, copy, {recursive: true});
  const keys = path.join(folder, 'keys');
  const listed = await run(['audit', 'key', '--data', server.data]);
  assert.equal(listed.code, 0, listed.stderr);
  await writeFile(keys, listed.stdout);
  for (const {what, outcome: {receipt}} of requests) {
    const seen = await verify(copy, keys, receipt);
    assert.equal(seen.code, 0, `${what}: ${seen.stdout}${seen.stderr}`);
    assert.equal(seen.json.verified, true, what);
    assert.ok(Number.isInteger(seen.json.receipt_index), what);
  }
  const checkpoints = (await filesBelow(copy)).filter((file) => file.endsWith('/checkpoint'));
  assert.ok(checkpoints.length >= 2, 'the record and the journal have a checkpoint each');
  for (const checkpoint of checkpoints) {
    const seen = await verify(copy, keys, checkpoint);
    assert.equal(seen.code, 0, `${checkpoint}: ${seen.stdout}${seen.stderr}`);
  }
  const journal = checkpoints.find((file) => file.includes('/journal/'));
  const cut = await verify(older, keys, journal);
  assert.equal(cut.code, 1, `an older copy: ${cut.stdout}${cut.stderr}`);
  assert.ok(cut.json.findings.some(({kind}) => kind === 'cut_tail'), cut.stdout);
  for (const {entry} of hops) {
    await checkDamages(await temporaryFolder(story), copy, keys, {receipt: outcome.receipt, entry});
  }
}

export async function prove(story) {
  assert.ok(story.requests.length > 0, 'there is a request to prove');
  await checkPaths(story);
  await checkViews(story);
  await checkForgeries(story);
  await checkOffline(story);
}
