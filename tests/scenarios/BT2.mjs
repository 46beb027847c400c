// Ines lets agent:planner plan her week: it may read her team's files, through a broker. The
// broker's own standing right reaches every file. What the agent's task does not reach, the broker
// does not reach for it: one lineage must permit the whole request.
import {days, decided, issued, makeParties, ofDecision, ofToken, openOrganisation, refused,
        software, tell} from './story.mjs';

const INES = 'human:ines@harbor.example';
const BROKER = 'https://broker.harbor.example';
const FILES = 'https://files.harbor.example';
const kHops = [{actor: 'service:broker', delegation: 'plan-week-tools'},
               {actor: 'agent:planner', delegation: 'plan-week'}];
const kNotes = [{actor: 'service:broker', delegation: 'take-notes-tools'},
                {actor: 'agent:planner', delegation: 'take-notes'}];
const kOwn = [{actor: 'service:broker', delegation: ''}];

const permission = (over) => ({
  type: 'files', locations: [BROKER, FILES], actions: ['read'], ...over});

function makeDocument(parties) {
  const resource = (id, resource_server) => ({
    id, type: 'files', actions: ['read', 'write'], resource_server, environment: 'prod',
    origin: id});
  const task = (id, giver, delegate, authority) => ({
    id, ...giver, delegate, not_after: days(7), max_depth: 1, authority: [permission(authority)]});
  const team = {identifier: 'team/harbor/*'};
  const notes = {identifier: 'team/harbor/*', actions: ['write']};
  return {
    apiVersion: 'mandate/v1',
    teams: [{id: 'team:harbor', members: [INES]}],
    principals: [{id: INES}, ...software(parties, 'team:harbor')],
    resources: [resource(BROKER, 'service:broker'), resource(FILES, 'service:files')],
    entitlements: [
      {id: 'ines-files', principal: INES, max_depth: 2,
       authority: [permission({actions: ['read', 'write'], identifier: 'team/harbor/*'})]},
      {id: 'broker-files', principal: 'service:broker', max_depth: 0,
       authority: [permission({locations: [FILES], actions: ['read', 'write']})]},
    ],
    delegations: [
      task('plan-week', {delegator: INES}, 'agent:planner', team),
      task('plan-week-tools', {parent: 'plan-week'}, 'service:broker', team),
      task('take-notes', {delegator: INES}, 'agent:planner', notes),
      task('take-notes-tools', {parent: 'take-notes'}, 'service:broker', notes),
    ],
  };
}

await tell('BT2', async (story) => {
  const parties = await makeParties(
    {planner: 'agent:planner', broker: 'service:broker', files: 'service:files'});
  await openOrganisation(story, makeDocument(parties), parties);
  const {planner, broker, files} = parties;

  const handed = async (delegation) =>
    ofToken(await planner.actFor(delegation, {resource: BROKER})).token;
  const forward = async (subject_token, scope) =>
    ofToken(await broker.exchange({subject_token, resource: FILES, scope}));
  const ask = async (token, action, id) => ofDecision(await files.evaluate(
    {actor: broker, token, action, type: 'files', id, location: FILES}), token);

  const task = await handed('plan-week');
  const {token} = await forward(task);
  const notes = (await forward(await handed('take-notes'))).token;
  const own = ofToken(await broker.token({resource: FILES})).token;

  story.permit('the broker in its own right reads any file',
               [await ask(own, 'read', 'payroll/2026/07'), decided('service:broker', kOwn)]);
  await story.pair('through the broker, a file outside the task', {
    refused: [await ask(token, 'read', 'payroll/2026/07'), decided(INES, kHops)],
    because: 'outside_authority',
    permitted: [await ask(token, 'read', 'team/harbor/plan'), decided(INES, kHops)]});
  await story.pair('through the broker, an action outside the task', {
    refused: [await ask(token, 'write', 'team/harbor/plan'), decided(INES, kHops)],
    because: 'outside_authority',
    permitted: [await ask(notes, 'write', 'team/harbor/plan'), decided(INES, kNotes)]});
  await story.pair('the broker exchanges the task for its own reach', {
    refused: [await forward(task, 'files:write'), refused(INES, kHops.slice(1), 'service:broker')],
    because: 'outside_authority',
    permitted: [await forward(task, 'files:read'), issued(INES, kHops)]});
  await story.pair('two tasks in one request', {
    refused: [await forward(task, 'files:read files:write'),
              refused(INES, kHops.slice(1), 'service:broker')],
    because: 'outside_authority',
    permitted: [await forward(task, 'files:read'), issued(INES, kHops)]});
});
