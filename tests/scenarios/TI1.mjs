// A pipeline deploys to two production services, each behind its own nginx. A token for one is no
// token for the other, though the pipeline may deploy to both; and replayed from an address outside
// the delegation's networks, with the pipeline's own key, it is refused.
import {send} from '../e2e/http.mjs';
import {startProxy, startUpstream} from '../e2e/proxy.mjs';
import {days, decided, makeParties, misplaced, ofProxy, ofToken, openOrganisation, software,
        tell} from './story.mjs';

const RUI = 'human:rui@foundry.example';
const WEB = 'https://web.foundry.example';
const BILLING = 'https://billing.foundry.example';
const EXPECTED = '127.0.0.1';
const UNEXPECTED = '127.0.0.2';
const kHops = [{actor: 'pipeline:release', delegation: 'ship'}];
const kPath = decided(RUI, kHops);
const kMisplaced = misplaced(RUI, kHops);

const permission = (over) => ({
  type: 'deploy', locations: [WEB, BILLING], actions: ['ship'], ...over});

function makeDocument(parties) {
  const resource = (id, resource_server) => ({
    id, type: 'deploy', actions: ['ship'], resource_server, environment: 'prod', origin: id,
    enforcement_points: [{address: '127.0.0.1', headers: 'original'}],
    routes: [{methods: ['PUT'], path: '/versions/{version}', action: 'ship',
              identifier: 'versions/{version}'}]});
  return {
    apiVersion: 'mandate/v1',
    teams: [{id: 'team:release', members: [RUI]}],
    principals: [{id: RUI}, ...software(parties, 'team:release')],
    resources: [resource(WEB, 'service:web'), resource(BILLING, 'service:billing')],
    entitlements: [{id: 'rui-ships', principal: RUI, max_depth: 1, authority: [permission()]}],
    delegations: [
      {id: 'ship', delegator: RUI, delegate: 'pipeline:release', not_after: days(7), max_depth: 0,
       authority: [permission({constraints: {networks: [`${EXPECTED}/32`]}})]},
    ],
  };
}

await tell('TI1', async (story) => {
  const parties = await makeParties(
    {pipeline: 'pipeline:release', web: 'service:web', billing: 'service:billing'});
  const server = await openOrganisation(story, makeDocument(parties), parties);
  const upstream = await startUpstream(story);
  const doors = {};
  for (const resource of [WEB, BILLING]) {
    doors[resource] = await startProxy(story, 'nginx', {mandate: new URL(server.url).host, resource,
                                               upstream: upstream.address});
  }
  const {pipeline} = parties;
  const tokenFor = async (resource) =>
    ofToken(await pipeline.actFor('ship', {resource})).token;
  // Through nginx, with a fresh proof by the pipeline's own key for this very request.
  const ship = async (token, resource, localAddress = EXPECTED) => {
    const target = '/versions/1.4.2';
    const proof = await pipeline.proof({method: 'PUT', url: resource + target, token});
    return ofProxy(await send({
      url: doors[resource].url + target, method: 'PUT', body: '{}', localAddress,
      headers: [['Authorization', `DPoP ${token}`], ['DPoP', proof]]}), token);
  };

  const forWeb = await tokenFor(WEB);
  const forBilling = await tokenFor(BILLING);
  await story.pair('the token for one service at the other', {
    refused: [await ship(forWeb, BILLING), kMisplaced],
    because: 'audience_mismatch', detail: /billing\.foundry\.example/,
    permitted: [await ship(forWeb, WEB), kPath]});
  await story.pair('and the other way round', {
    refused: [await ship(forBilling, WEB), kMisplaced],
    because: 'audience_mismatch', detail: /web\.foundry\.example/,
    permitted: [await ship(forBilling, BILLING), kPath]});
  await story.pair('the same token from an unexpected network', {
    refused: [await ship(forWeb, WEB, UNEXPECTED), kPath],
    because: 'constraint_not_met', detail: /\bnetworks\b/,
    permitted: [await ship(forWeb, WEB, EXPECTED), kPath]});
});
