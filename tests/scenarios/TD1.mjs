// Noor lets service:fx-sync publish exchange rates, at one resource and in one window. The exchange
// and the token serve there and then: not at the ledger, where Noor may write too, not before the
// window or after it, not outside its hours, even while the token itself lives.
import {JWT} from '../e2e/party.mjs';
import {days, decided, issued, makeParties, misplaced, ofDecision, ofToken, openOrganisation,
        refusedStatement, software, tell} from './story.mjs';

const NOOR = 'human:noor@mill.example';
const RATES = 'https://rates.mill.example';
const LEDGER = 'https://ledger.mill.example';
const ID = 'eur/usd';
const hop = (delegation) => ({actor: 'service:fx-sync', delegation});

const permission = (over) => ({
  type: 'rates', locations: [RATES, LEDGER], actions: ['write'], ...over});

// An hour on either side of the time `hours` from now, in UTC.
function around(hours) {
  const clock = (offset) => new Date(Date.now() + offset * 3_600_000).toISOString().slice(11, 16);
  return {hours: {days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
                  from: clock(hours - 1), to: clock(hours + 1), zone: 'UTC'}};
}

function makeDocument(parties, window) {
  const resource = (id, resource_server) => ({
    id, type: 'rates', actions: ['write'], resource_server, environment: 'prod', origin: id});
  const sync = (id, constraints, over) => ({
    id, delegator: NOOR, delegate: 'service:fx-sync', not_after: days(7), max_depth: 0,
    authority: [permission({locations: [RATES], ...(constraints && {constraints})})], ...over});
  return {
    apiVersion: 'mandate/v1',
    teams: [{id: 'team:treasury', members: [NOOR]}],
    principals: [{id: NOOR}, ...software(parties, 'team:treasury')],
    resources: [resource(RATES, 'service:rates'), resource(LEDGER, 'service:ledger')],
    entitlements: [{id: 'noor-rates', principal: NOOR, max_depth: 1, authority: [permission()]}],
    delegations: [sync('fx-window', undefined, window), sync('fx-at-this-hour', around(0)),
                  sync('fx-at-another-hour', around(6))],
  };
}

await tell('TD1', async (story) => {
  const parties = await makeParties(
    {sync: 'service:fx-sync', rates: 'service:rates', ledger: 'service:ledger'});
  const open = {not_before: days(-1), not_after: days(1)};
  const server = await openOrganisation(story, makeDocument(parties, open), parties);
  const {sync, rates, ledger} = parties;

  const statement = await sync.statement('fx-window');
  const exchange = async (resource) => ofToken(await sync.exchange(
    {subject_token: statement, subject_token_type: JWT, resource}));
  const use = async (token, asker, location) => ofDecision(await asker.evaluate(
    {actor: sync, token, action: 'write', type: 'rates', id: ID, location}), token);
  const {token} = await exchange(RATES);
  const here = () => use(token, rates, RATES);
  const paths = {exchanged: issued(NOOR, [hop('fx-window')]),
                 used: decided(NOOR, [hop('fx-window')]),
                 misplaced: misplaced(NOOR, [hop('fx-window')]),
                 turnedAway: refusedStatement(NOOR, hop('fx-window'))};

  await story.pair('an exchange for another resource', {
    refused: [await exchange(LEDGER), paths.turnedAway], because: 'audience_mismatch',
    permitted: [await exchange(RATES), paths.exchanged]});
  await story.pair('the token at another resource', {
    refused: [await use(token, ledger, LEDGER), paths.misplaced], because: 'audience_mismatch',
    permitted: [await here(), paths.used]});

  // The window moves; the statement and the token stay, and live on by their own dates.
  const closed = {};
  const opened = {};
  const at = async (window, outcomes) => {
    await server.apply(makeDocument(parties, window));
    outcomes.exchange = await exchange(RATES);
    outcomes.use = await here();
  };
  await at({not_before: days(0.5), not_after: days(1)}, closed);
  await at(open, opened);
  await story.pair('an exchange before the window', {
    refused: [closed.exchange, paths.turnedAway], because: 'outside_window', detail: /begins at/,
    permitted: [opened.exchange, paths.exchanged]});
  await story.pair('the token before the window', {
    refused: [closed.use, paths.used], because: 'outside_window', detail: /begins at/,
    permitted: [opened.use, paths.used]});
  await at({not_before: days(-1), not_after: days(-0.5)}, closed);
  await at(open, opened);
  await story.pair('the token after the window', {
    refused: [closed.use, paths.used], because: 'outside_window', detail: /ended at/,
    permitted: [opened.use, paths.used]});

  const atThatHour = async (delegation) => {
    const held = ofToken(await sync.actFor(delegation, {resource: RATES})).token;
    return [await use(held, rates, RATES), decided(NOOR, [hop(delegation)])];
  };
  await story.pair('a token outside its hours', {
    refused: await atThatHour('fx-at-another-hour'), because: 'outside_window', detail: /\bhours\b/,
    permitted: await atThatHour('fx-at-this-hour')});
});
