// Ada starts a release: orchestrator, builder and deployer pass her authority on, each by exchange
// of the token that it received. None gets more than came in, though Ada herself may more; and the
// chain can be told afterwards, hop by hop.
import {days, decided, issued, makeParties, ofDecision, ofToken, openOrganisation, refused,
        refusedStatement, software, tell} from './story.mjs';
import {JWT} from '../e2e/party.mjs';

const ADA = 'human:ada@quarry.example';
const BUILD = 'https://build.quarry.example';
const DEPLOY = 'https://deploy.quarry.example';
const CLUSTER = 'https://cluster.quarry.example';
const kHops = [{actor: 'service:deployer', delegation: 'deploy-step'},
               {actor: 'service:builder', delegation: 'build-step'},
               {actor: 'service:orchestrator', delegation: 'run-release'}];

const kActions = ['read', 'stage', 'release'];
const permission = (over) => ({
  type: 'deploy', locations: [BUILD, DEPLOY, CLUSTER], actions: kActions, ...over});

function makeDocument(parties) {
  const resource = (id, resource_server) => ({
    id, type: 'deploy', actions: kActions, resource_server, environment: 'prod', origin: id});
  const given = permission({actions: ['read', 'stage'], identifier: 'staging/**'});
  const step = (id, giver, delegate, max_depth) => ({
    id, ...giver, delegate, max_depth, not_after: days(7), authority: [given]});
  return {
    apiVersion: 'mandate/v1',
    teams: [{id: 'team:release', members: [ADA]}],
    principals: [{id: ADA}, ...software(parties, 'team:release')],
    resources: [resource(BUILD, 'service:builder'), resource(DEPLOY, 'service:deployer'),
                resource(CLUSTER, 'service:cluster')],
    entitlements: [{id: 'ada-deploys', principal: ADA, max_depth: 3, authority: [permission()]}],
    delegations: [
      step('run-release', {delegator: ADA}, 'service:orchestrator', 2),
      step('build-step', {parent: 'run-release'}, 'service:builder', 1),
      step('deploy-step', {parent: 'build-step'}, 'service:deployer', 0),
    ],
  };
}

await tell('BT5', async (story) => {
  const parties = await makeParties(
    {orchestrator: 'service:orchestrator', builder: 'service:builder', deployer: 'service:deployer',
     cluster: 'service:cluster'});
  await openOrganisation(story, makeDocument(parties), parties);
  const {orchestrator, builder, deployer, cluster} = parties;

  const statement = await orchestrator.statement('run-release');
  const begin = async (scope) => ofToken(await orchestrator.exchange(
    {subject_token: statement, subject_token_type: JWT, resource: BUILD, scope}));
  const exchange = async (party, subject_token, resource, over) =>
    ofToken(await party.exchange({subject_token, resource, ...over}));
  const details = (identifier) => ({authorization_details: JSON.stringify(
    [{type: 'deploy', actions: ['stage'], identifier}])});
  const [deploying, building, running] = [kHops, kHops.slice(1), kHops.slice(2)];

  const short = await begin('deploy:read');
  const started = await begin();
  const built = await exchange(builder, started.token, DEPLOY);
  const placed = await exchange(deployer, built.token, CLUSTER);
  const ask = async (id) => ofDecision(await cluster.evaluate(
    {actor: deployer, token: placed.token, action: 'stage', type: 'deploy', id, location: CLUSTER}),
                                       placed.token);

  await story.pair('the orchestrator asks for what Ada may and it may not', {
    refused: [await begin('deploy:release'), refusedStatement(ADA, running[0])],
    because: 'outside_authority',
    permitted: [await begin('deploy:stage'), issued(ADA, running)]});
  await story.pair('a short-lived token for a broader one', {
    refused: [await exchange(builder, short.token, DEPLOY, {scope: 'deploy:stage'}),
              refused(ADA, running, 'service:builder')],
    because: 'outside_authority',
    permitted: [await exchange(builder, started.token, DEPLOY, {scope: 'deploy:stage'}),
                issued(ADA, building)]});
  await story.pair('a step asks for what Ada may and the chain may not', {
    refused: [await exchange(builder, started.token, DEPLOY, {scope: 'deploy:release'}),
              refused(ADA, running, 'service:builder')],
    because: 'outside_authority',
    permitted: [await exchange(builder, started.token, DEPLOY, {scope: 'deploy:read'}),
                issued(ADA, building)]});
  await story.pair('the last hop asks for another environment', {
    refused: [await exchange(deployer, built.token, CLUSTER, details('production/web')),
              refused(ADA, building, 'service:deployer')],
    because: 'outside_authority',
    permitted: [await exchange(deployer, built.token, CLUSTER, details('staging/web')),
                issued(ADA, deploying)]});
  await story.pair('the end of the chain at the resource', {
    refused: [await ask('production/web'), decided(ADA, deploying)],
    because: 'outside_authority',
    permitted: [await ask('staging/web'), decided(ADA, deploying)]});
});
