// An acceptance story: an organisation, and pairs of requests that differ in one thing, of which
// one is refused for the story's reason and its twin permitted. It prints a line of JSON per cell,
// {"id", "cell", "outcome": "pass" | "fail", "note"}; `run` makes the table of these lines alone.
// With MANDATE_STORY_TRACE set, what went wrong goes to stderr in full.
//
//   await tell('BT2', async (story) => {
//     const {server, ...} = await openOrganisation(story, document, parties);
//     await story.pair('what differs', {refused: [outcome, path], because: 'outside_authority',
//                                       permitted: [outcome, path]});
//   });
//
// A cell passes where everything that it asserts ran and held: `prevent` where each reason of the
// row in rows.json was seen, each beside its permitted twin; `prove` where each of these requests
// has its path, and its receipt holds offline (evidence.mjs). Whatever fails in between is `fail`.
import assert from 'node:assert/strict';
import {readFile} from 'node:fs/promises';

import {jose} from '../clients/index.mjs';
import {Server} from '../e2e/harness.mjs';
import {Party} from '../e2e/party.mjs';
import {prove} from './evidence.mjs';

const NOTE_MAX = 400;

export const days = (count) => new Date(Date.now() + count * 86_400_000).toISOString();

// What each door answers, as one shape: {permitted, reason, detail, receipt, token?}.
export function ofToken({status, json, body}) {
  assert.ok(json, body);
  return {permitted: status === 200, reason: json.reason, detail: json.error_description,
          receipt: json.receipt, token: json.access_token};
}

export const ofDecision = ({decision, context}, token) => ({
  permitted: decision, reason: context.reason, detail: context.reason_detail,
  receipt: context.receipt, token});

// Through a proxy: the receipt reaches the client with the answer; the detail is in the journal.
export const ofProxy = ({status, headers}, token) => ({
  permitted: status === 200, reason: headers['mandate-reason'],
  receipt: headers['mandate-receipt'], token});

// The path that a request must have: its own entry, then those of the tokens that led to it, newest
// first. `hops` are {actor, delegation}, the last actor first; `last` is the request's own entry:
// what it is, who it is `by` and which delegations it names, where these are not those of the hops.
function pathOf(subject, hops, last) {
  const line = (what, actor, ids) => `${what}: ${actor} for ${subject} under ${ids}`;
  const ids = (from) => hops.slice(from).map(({delegation}) => delegation);
  const issues = hops.map(({actor}, at) => line('issued', actor, ids(at)));
  const actor = last?.by ?? hops[0].actor;
  return {
    subject, actor, lines: last ? [line(last.what, actor, last.ids ?? ids(0)), ...issues] : issues,
    delegates: Object.fromEntries(hops.filter(({delegation}) => delegation)
      .map((hop) => [hop.delegation, hop.actor]))};
}
export const issued = (subject, hops) => pathOf(subject, hops);
export const decided = (subject, hops) => pathOf(subject, hops, {what: 'decided'});
// A token that was none for this resource: its lineage was not looked at, and stands in its issue.
export const misplaced = (subject, hops) => pathOf(subject, hops, {what: 'decided', ids: []});
// An exchange that was refused to `by`, who came with the token that `hops` led to.
export const refused = (subject, hops, by) => pathOf(subject, hops, {what: 'refused', by});
// An exchange of a delegation's statement, which is no token and has no entry.
export function refusedStatement(subject, hop) {
  const path = refused(subject, [hop], hop.actor);
  return {...path, lines: path.lines.slice(0, 1)};
}

class Story {
  constructor(row) {
    this.row = row;
    this.endings = [];
    this.requests = [];      // {what, outcome, path}
    this.reasons = new Set();
  }

  // What harness.mjs expects of a test.
  after(step) {
    this.endings.push(step);
  }

  async end() {
    for (const step of this.endings.reverse()) await step();
  }

  permit(what, [outcome, path]) {
    assert.ok(outcome.permitted, `${what}: the twin was refused: ${JSON.stringify(outcome)}`);
    this.note(what, outcome, path);
  }

  note(what, outcome, path) {
    assert.ok(outcome.receipt, `${what}: no receipt`);
    this.requests.push({what, outcome, path});
  }

  async detailOf({detail, receipt}) {
    return detail ?? (await this.server.path(receipt)).entries[0].entry.detail;
  }

  async pair(what, {refused: [outcome, path], because, detail, permitted}) {
    assert.ok(!outcome.permitted, `${what}: the bad request was permitted`);
    assert.equal(outcome.reason, because, `${what}: ${JSON.stringify(outcome)}`);
    this.note(`${what} (refused)`, outcome, path);
    if (detail) assert.match(await this.detailOf(outcome), detail, what);
    this.permit(`${what} (permitted)`, permitted);
    this.reasons.add(because);
  }

  checkComplete() {
    assert.deepEqual([...this.reasons].sort(), [...this.row.refused].sort(),
                     'the story shows each reason of its row, and no other');
  }
}

// `parties` by name; their ids and keys stand in `document`.
export async function openOrganisation(story, document, parties) {
  const server = await Server.start(story);
  story.server = server;
  await server.apply(document);
  for (const party of Object.values(parties)) party.at(server);
  return server;
}

export async function makeParties(ids) {
  const made = await Promise.all(
    Object.entries(ids).map(async ([name, id]) => [name, await Party.make(id)]));
  return Object.fromEntries(made);
}

export const software = (parties, owner) => Object.values(parties).map((party) => ({
  id: party.id, owner, environment: 'prod', authenticators: party.authenticators}));

export const transactionOf = (token) => jose.decodeJwt(token).txn;

async function cell(id, name, steps) {
  let outcome = 'pass';
  let note = '';
  try {
    await steps();
  } catch (error) {
    outcome = 'fail';
    const kind = error instanceof assert.AssertionError ? 'assertion' : 'error';
    note = `${kind}: ${error.message.replace(/\s+/g, ' ')}`.slice(0, NOTE_MAX);
    if (process.env.MANDATE_STORY_TRACE) console.error(error);
  }
  console.log(JSON.stringify({id, cell: name, outcome, note}));
  return outcome === 'pass';
}

export async function tell(id, happen) {
  const rows = JSON.parse(await readFile(new URL('rows.json', import.meta.url)));
  const story = new Story(rows.find((row) => row.id === id));
  try {
    const prevented = await cell(id, 'prevent', async () => {
      await happen(story);
      story.checkComplete();
    });
    const proven = await cell(id, 'prove', async () => {
      assert.ok(prevented, 'the story was not told to its end');
      await prove(story);
    });
    process.exitCode = prevented && proven ? 0 : 1;
  } finally {
    await story.end();
  }
}
