// The organisation of these tests: maria's tickets pass from an agent through three services, each
// the audience of the token that it received.
//
//   maria --triage-reads--> agent:triage --(tickets)--> service:tickets --archive-onward-->
//         --(archive)--> service:archive --vault-onward--> (vault) service:vault
import {Server} from './harness.mjs';
import {Party} from './party.mjs';

export const TICKETS = 'https://tickets.acme.example';
export const ARCHIVE = 'https://archive.acme.example';
export const VAULT = 'https://vault.acme.example';
export const TICKET = 'queue/eu/17';

export const days = (count) => new Date(Date.now() + count * 86_400_000).toISOString();

const kActions = ['read', 'comment', 'close'];

export function permission(over = {}) {
  return {type: 'tickets', locations: [TICKETS], actions: ['read'], ...over};
}

function resource(id, resource_server, over = {}) {
  return {id, type: 'tickets', actions: kActions, resource_server, environment: 'prod', origin: id,
          enforcement_points: [{address: '127.0.0.1', headers: 'original'}],
          routes: [{methods: ['GET'], path: '/queue/{queue}/{ticket}', action: 'read',
                    identifier: 'queue/{queue}/{ticket}'},
                   {methods: ['POST'], path: '/queue/{queue}/{ticket}/close', action: 'close',
                    identifier: 'queue/{queue}/{ticket}'}], ...over};
}

export async function makeParties() {
  const ids = {triage: 'agent:triage', other: 'agent:other', tickets: 'service:tickets',
               archive: 'service:archive', vault: 'service:vault', reports: 'service:reports'};
  const parties = {};
  for (const [name, id] of Object.entries(ids)) parties[name] = await Party.make(id);
  return parties;
}

export function makeDocument(parties) {
  const software = (party) => ({id: party.id, owner: 'team:support', environment: 'prod',
                                authenticators: party.authenticators});
  const everywhere = [TICKETS, ARCHIVE, VAULT];
  const onward = (id, parent, delegate, locations, max_depth) => ({
    id, parent, delegate: delegate.id, max_depth, not_after: days(30),
    authority: [permission({locations, identifier: 'queue/eu/*'})]});
  return {
    apiVersion: 'mandate/v1',
    teams: [{id: 'team:support', members: ['human:kim@acme.example']}],
    principals: [{id: 'human:maria@acme.example'}, {id: 'human:kim@acme.example'},
                 ...Object.values(parties).map(software)],
    resources: [resource(TICKETS, 'service:tickets'), resource(ARCHIVE, 'service:archive'),
                resource(VAULT, 'service:vault')],
    entitlements: [
      {id: 'maria-tickets', principal: 'human:maria@acme.example', max_depth: 4,
       authority: [permission({locations: everywhere, actions: kActions})]},
      {id: 'reports-own', principal: 'service:reports', max_depth: 1,
       authority: [permission({identifier: 'queue/**'})]},
    ],
    delegations: [
      {id: 'triage-reads', delegator: 'human:maria@acme.example', delegate: parties.triage.id,
       max_depth: 3, not_before: days(-1), not_after: days(30), max_token_lifetime: '5m',
       purpose: 'first-line triage',
       authority: [permission({locations: everywhere, actions: ['read', 'comment'],
                               identifier: 'queue/eu/*'})]},
      onward('archive-onward', 'triage-reads', parties.tickets, [ARCHIVE, VAULT], 2),
      onward('vault-onward', 'archive-onward', parties.archive, [VAULT], 1),
    ],
  };
}

// A server with the organisation on record, and everybody in it.
export async function startOrganisation(t, change = (document) => document, options = {}) {
  const server = await Server.start(t, options);
  const parties = await makeParties();
  const document = change(makeDocument(parties), parties) ?? makeDocument(parties);
  await server.apply(document);
  for (const party of Object.values(parties)) party.at(server);
  return {server, document, ...parties};
}

// The tokens of the whole chain: {a, b, c}, each an answer of /token.
export async function walkChain({triage, tickets, archive}) {
  const good = (answer) => {
    if (answer.status !== 200) throw new Error(`the chain stops: ${answer.body}`);
    return answer.json;
  };
  const a = good(await triage.actFor('triage-reads', {resource: TICKETS}));
  const b = good(await tickets.exchange({subject_token: a.access_token, resource: ARCHIVE}));
  const c = good(await archive.exchange({subject_token: b.access_token, resource: VAULT}));
  return {a, b, c};
}
