// The command line, end to end: what goes on record, what is refused and why, what is shown, what
// the logs prove.
import assert from 'node:assert/strict';
import {chmod, cp, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {before, describe, test} from 'node:test';

import {jose} from '../clients/index.mjs';
import {run, scope, sleep, temporaryFolder} from './harness.mjs';
import {days, permission, startOrganisation, TICKET, TICKETS} from './organisation.mjs';

const kinds = (answer) => answer.differences.map(({kind, noun, id}) => `${kind} ${noun} ${id}`);

describe('apply', () => {
  let all;
  const t = scope();
  before(async () => {
    all = await startOrganisation(t);
  });

  test('a document applied twice changes nothing the second time', async () => {
    const before = await all.server.done('get', 'delegations');
    assert.deepEqual(kinds(await all.server.apply(all.document)), []);
    assert.deepEqual(await all.server.done('get', 'delegations'), before);
    const said = await all.server.text('apply', '-f', path.join(all.server.folder, 'applied.json'));
    assert.equal(said.code, 0);
    assert.match(said.stdout, /nothing to do/);
  });

  test('--dry-run shows the difference and changes nothing', async () => {
    const changed = structuredClone(all.document);
    changed.delegations[0].purpose = 'second-line triage';
    changed.principals.push({id: 'human:lee@acme.example'});
    const before = await all.server.done('get', 'principals');
    const preview = await all.server.apply(changed, '--dry-run');
    assert.equal(preview.dry_run, true);
    assert.deepEqual(kinds(preview).sort(), ['added principal human:lee@acme.example',
                                             'changed delegation triage-reads']);
    assert.equal(preview.revision, before.revision);
    assert.deepEqual(await all.server.done('get', 'principals'), before);
    const done = await all.server.apply(changed);
    assert.deepEqual(kinds(done).sort(), kinds(preview).sort());
    const shown = await all.server.done('get', 'delegation', 'triage-reads');
    assert.equal(shown.definition.purpose, 'second-line triage');
    await all.server.apply(all.document);
  });

  test('nothing is deleted by absence, and --prune previews what it ends', async () => {
    const extra = {apiVersion: 'mandate/v1', principals: [{id: 'human:visitor@acme.example'}]};
    await all.server.apply(extra);
    assert.deepEqual(kinds(await all.server.apply(all.document)), []);
    const preview = await all.server.apply(all.document, '--prune', '--dry-run');
    assert.ok(kinds(preview).includes('ended principal human:visitor@acme.example'));
    assert.ok(!kinds(preview).some((line) => line.includes('operator')));
    const still = await all.server.cli('get', 'principal', 'human:visitor@acme.example');
    assert.equal(still.code, 0, still.stderr);
    const done = await all.server.apply(all.document, '--prune');
    assert.deepEqual(kinds(done), kinds(preview));
    const dead = await all.server.cli('apply', '-f', await all.server.write('extra.json', extra));
    assert.equal(dead.code, 1);
    assert.equal(dead.json.reason, 'id_is_dead');
  });

  test('what was revoked never comes back by applying an old file', async () => {
    const delegation = {id: 'short-lived', delegator: 'human:maria@acme.example',
                        delegate: 'agent:other', authority: [permission()]};
    const document = {apiVersion: 'mandate/v1', delegations: [delegation]};
    await all.server.apply(document);
    await all.server.revoke('delegation', 'short-lived');
    const refused = await all.server.cli('apply', '-f',
                                         await all.server.write('old.json', document));
    assert.equal(refused.code, 1);
    assert.equal(refused.json.reason, 'id_is_dead');
    assert.match(refused.json.error_description, /short-lived/);
    document.delegations[0] = {...delegation, id: 'short-lived-again'};
    assert.deepEqual(kinds(await all.server.apply(document)),
                     ['added delegation short-lived-again']);
  });

  describe('a document is refused with its line', () => {
    const head = 'apiVersion: mandate/v1\n';  // line 1
    const begun = `${head}delegations:\n  - id: d\n    delegator: human:maria@acme.example
    delegate: agent:other\n`;
    const read = `{type: tickets, locations: ["${TICKETS}"], actions: [read]}`;
    const delegation = (line) => `${begun}    authority: [${read}]
    ${line}\n`;  // the line is the 7th
    const resource = (line) => `${head}resources:\n  - id: "https://new.acme.example"
    type: tickets
    actions: [read]\n    ${line}\n`;  // the 6th
    const issuer = (line) => `${head}trusted_issuers:\n  - id: ci\n    issuer: "https://ci.example"
    audience: "https://mandate.acme.example"\n    algorithms: [RS256]\n    ${line}\n`;  // the 7th
    const software = (line) => `${head}principals:\n  - id: agent:new\n    owner: team:support
    authenticators:\n      - ${line}\n`;  // the 6th
    const constraint = (line) => `${begun}    authority:
      - type: tickets
        locations: ["${TICKETS}"]
        actions: [read]
        constraints:
          ${line}\n`;  // the 11th
    const rows = [
      ['an unknown key', `${head}nonsense: 1\n`, 2, /nonsense/],
      ['an unknown key within', delegation('notafter: "2030-01-01T00:00:00Z"'), 7, /notafter/],
      ['a duplicate key', `${head}teams: []\nteams: []\n`, 3, /teams/],
      ['an anchor', `${head}teams: &t []\n`, 2, /anchor/],
      ['an implicit type', `${head}teams:\n  - id: yes\n    members: []\n`, 3, /yes/],
      ['a date that is none', delegation('not_after: "soon"'), 7, /"soon" is not an instant/],
      ['approvals', delegation('approvals: {required: 1, approvers: ["team:support"]}'), 7,
       /approvals.*not enforced/],
      ['review_interval', delegation('review_interval: 90d'), 7, /review_interval.*not enforced/],
      ['workflow', delegation('workflow: x'), 7, /'?workflow.*not enforced/],
      ['max_uses', delegation('max_uses: 1'), 7, /max_uses.*not enforced/],
      ['permits: counted', resource('permits: counted'), 6, /counted.*not enforced/],
      ['cache_when_down', resource('cache_when_down: 6m'), 6, /cache_when_down.*expected 0s to 5m/],
      ['jwks_uri', issuer('jwks_uri: "https://ci.example/jwks"'), 7, /jwks_uri.*not enforced/],
      ['spiffe_bundle', issuer('spiffe_bundle: x.json'), 7, /spiffe_bundle.*not enforced/],
      ['control_plane', issuer('control_plane: ci'), 7, /control_plane.*not enforced/],
      ['attestation_claims', issuer('attestation_claims: [ref]'), 7,
       /attestation_claims.*not enforced/],
      ['may_assert', issuer('may_assert: [act]'), 7, /may_assert.*not enforced/],
      ['exceptions', `${head}exceptions:\n  - {relax: possession}\n`, 3,
       /exceptions.*not enforced/],
      ['an x509 authenticator', software('{x509: "CN=x"}'), 6, /x509.*not enforced/],
      ['an issuer for software', software('{issuer: ci, claims: {sub: x}}'), 6, /not enforced/],
      ...['max_uses: 1', 'provenance: {}', 'approval: {}', 'step_up: {}', 'attestation: {}',
          'event: {}']
        .map((line) => [`the constraint ${line.split(':')[0]}`, constraint(line), 11,
                        new RegExp(`${line.split(':')[0]}.*not enforced`)]),
    ];
    for (const [what, text, line, says] of rows) {
      test(`${what}, in line ${line}`, async () => {
        const file = await all.server.write('bad.yaml', text);
        const before = await all.server.done('get', 'delegations');
        const refused = await all.server.cli('apply', '-f', file);
        assert.equal(refused.code, 1, refused.stdout);
        assert.equal(refused.json.error, 'bad_request');
        assert.match(refused.json.detail, says);
        assert.match(refused.json.detail, new RegExp(`line ${line}\\b`));
        assert.deepEqual(await all.server.done('get', 'delegations'), before);
      });
    }

    test('the same document without the line is taken', async () => {
      for (const text of [delegation('purpose: fine'), resource('enforcement: enforce'),
                          constraint('networks: ["10.0.0.0/8"]')]) {
        const taken = await all.server.cli('apply', '--dry-run', '-f',
                                           await all.server.write('good.yaml', text));
        assert.equal(taken.code, 0, taken.stdout);
      }
    });
  });

  test('a document that widens what stands above it is refused', async () => {
    const wide = (over) => ({apiVersion: 'mandate/v1', delegations: [
      {id: 'wide', parent: 'triage-reads', delegate: 'service:tickets',
       authority: [permission({identifier: 'queue/eu/*'})], ...over}]});
    const ask = async (over) => all.server.cli('apply', '--dry-run', '-f',
                                               await all.server.write('wide.json', wide(over)));
    assert.equal((await ask({})).code, 0);
    for (const over of [{authority: [permission({actions: ['close']})]},
                        {authority: [permission({identifier: 'queue/**'})]}]) {
      const refused = await ask(over);
      assert.equal(refused.code, 1, JSON.stringify(over));
      assert.equal(refused.json.reason, 'outside_authority', refused.stdout);
    }
  });
});

describe('get, grant, suspend, resume, check, token', () => {
  let all;
  const t = scope();
  before(async () => {
    all = await startOrganisation(t);
  });

  test('get shows lists and single definitions as they were written', async () => {
    for (const noun of ['principals', 'teams', 'resources', 'entitlements', 'delegations',
                        'trusted_issuers']) {
      const shown = await all.server.done('get', noun);
      assert.ok(Array.isArray(shown.items), noun);
    }
    const one = await all.server.done('get', 'resource', TICKETS);
    assert.equal(one.definition.resource_server, 'service:tickets');
    const missing = await all.server.cli('get', 'delegation', 'nowhere');
    assert.equal(missing.code, 1);
    assert.equal(missing.json.reason, 'bad_request');
    const unknown = await all.server.cli('get', 'wishes');
    assert.equal(unknown.code, 1);
  });

  test('grant puts one delegation on record, within what stands above', async () => {
    const grant = (id, ...more) => all.server.cli(
      'grant', id, '--delegator', 'human:maria@acme.example', '--delegate', 'agent:other',
      '--type', 'tickets', '--location', TICKETS, '--action', 'read', ...more);
    const preview = await grant('granted', '--dry-run');
    assert.equal(preview.code, 0, preview.stderr);
    assert.equal(preview.json.dry_run, true);
    const done = await grant('granted', '--identifier', 'queue/eu/*', '--not-after', days(1),
                             '--purpose', 'for a day');
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(kinds(done.json), ['added delegation granted']);
    const answer = await all.other.actFor('granted', {resource: TICKETS});
    assert.equal(answer.status, 200, answer.body);
    const wide = await all.server.cli(
      'grant', 'wide', '--parent', 'granted', '--delegate', 'service:reports', '--type', 'tickets',
      '--location', TICKETS, '--action', 'read');
    assert.equal(wide.code, 1, wide.stdout);
  });

  test('a suspended principal is refused everywhere, and comes back when resumed', async () => {
    const {json} = await all.triage.actFor('triage-reads', {resource: TICKETS});
    const ask = () => all.tickets.evaluate({actor: all.triage, token: json.access_token,
                                            action: 'read', id: TICKET, location: TICKETS});
    assert.equal((await ask()).decision, true);
    await all.server.done('suspend', 'agent:triage');
    const refused = await ask();
    assert.equal(refused.decision, false);
    assert.equal(refused.context.reason, 'principal_suspended');
    for (const parameters of [{resource: all.server.issuer},
                              {grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange'}]) {
      const answer = await all.triage.token(parameters);
      assert.equal(answer.status, 401, answer.body);
      assert.equal(answer.json.error, 'invalid_client');
      assert.equal(answer.json.reason, 'principal_suspended');
    }
    await all.server.done('resume', 'agent:triage');
    assert.equal((await ask()).decision, true);
  });

  test('check asks for a decision: 0 where it permits, 1 where it denies', async () => {
    const {json} = await all.triage.actFor('triage-reads', {resource: TICKETS});
    const {server} = all;
    const identity = (party) => server.write(`${party.id.replace(/\W/g, '-')}.json`,
                                             {client_id: party.id, jwk: party.privateJwk});
    const asking = {MANDATE_SERVER: server.url, MANDATE_ISSUER: server.issuer,
                    MANDATE_IDENTITY: await identity(all.tickets)};
    const token = await server.write('token', json.access_token);
    const actor = await identity(all.triage);
    const check = (action, ...more) => run(
      ['check', '--subject', 'human:maria@acme.example', '--action', action, '--type', 'tickets',
       '--id', TICKET, '--location', TICKETS, '--output', 'json', ...more], {env: asking});
    const proven = ['--access-token', token, '--actor', actor];
    const permitted = await check('read', ...proven);
    assert.equal(permitted.code, 0, permitted.stdout + permitted.stderr);
    assert.equal(permitted.json.decision, true);
    assert.equal(permitted.json.context.authority, 'proven');
    const denied = await check('close', ...proven);
    assert.equal(denied.code, 1);
    assert.equal(denied.json.context.reason, 'outside_authority');
    const asserted = await check('read');
    assert.equal(asserted.code, 1);
    assert.equal(asserted.json.context.authority, 'asserted');
    assert.equal(asserted.json.context.reason, 'proof_of_possession');
  });

  test('token gets one in one\'s own right, and under a delegation', async () => {
    const {server} = all;
    const as = async (party, ...args) => run([...args, '--output', 'json'], {env: {
      MANDATE_SERVER: server.url, MANDATE_ISSUER: server.issuer,
      MANDATE_IDENTITY: await server.write('identity.json',
                                           {client_id: party.id, jwk: party.privateJwk})}});
    const own = await as(all.reports, 'token', '--resource', TICKETS, '--scope', 'tickets:read');
    assert.equal(own.code, 0, own.stdout + own.stderr);
    assert.equal(jose.decodeJwt(own.json.access_token).sub, 'service:reports');
    const acting = await as(all.triage, 'token', '--delegation', 'triage-reads', '--resource',
                            TICKETS,
                            '--scope', 'tickets:read');
    assert.equal(acting.code, 0, acting.stdout + acting.stderr);
    assert.equal(jose.decodeJwt(acting.json.access_token).sub, 'human:maria@acme.example');
    const refused = await as(all.triage, 'token', '--delegation', 'triage-reads', '--resource',
                             TICKETS, '--scope', 'tickets:close');
    assert.equal(refused.code, 1);
    assert.equal(refused.json.error, 'invalid_scope');
    assert.equal(refused.json.reason, 'outside_authority');
    assert.ok(refused.json.receipt);
  });

  test('identity makes a file that only its owner reads, and never overwrites one', async () => {
    const file = path.join(all.server.folder, 'new.json');
    const made = await all.server.cli('identity', 'agent:new', '--out', file);
    assert.equal(made.code, 0, made.stderr);
    assert.deepEqual(Object.keys(made.json).sort(), ['crv', 'kty', 'x', 'y']);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const kept = await readFile(file, 'utf8');
    assert.equal(JSON.parse(kept).client_id, 'agent:new');
    assert.equal((await all.server.cli('identity', 'agent:new', '--out', file)).code, 1);
    assert.equal(await readFile(file, 'utf8'), kept);
    await chmod(file, 0o644);
    const open = await run(['get', 'teams', '--server', all.server.url, '--identity', file]);
    assert.equal(open.code, 1);
    assert.match(open.stderr, /0600/);
  });

  test('exit codes: 0 done, 1 refused, 2 usage, 3 could not', async () => {
    assert.equal((await all.server.cli('get', 'teams')).code, 0);
    assert.equal((await all.server.cli('revoke', 'delegation', 'nowhere')).code, 1);
    for (const args of [[], ['nonsense'], ['apply'], ['get'], ['revoke', 'delegation'],
                        ['get', 'teams', '--output', 'xml'], ['grant', 'x']]) {
      assert.equal((await run(args)).code, 2, args.join(' '));
    }
    assert.equal((await run(['--help'])).code, 0);
    assert.equal((await run(['--version'])).code, 0);
    const nobody = await run(['get', 'teams', '--server', 'http://127.0.0.1:1', '--identity',
                              all.server.operator]);
    assert.equal(nobody.code, 3, nobody.stderr);
  });
});

describe('revoke --dry-run', () => {
  test('lists what would stop, by owner, and changes nothing', async (t) => {
    const all = await startOrganisation(t);
    const preview = await all.server.done('revoke', 'principal', 'agent:triage', '--dry-run');
    assert.equal(preview.dry_run, true);
    const stops = preview.stops.map(({kind, id}) => `${kind} ${id}`);
    for (const stop of ['principal agent:triage', 'delegation triage-reads',
                        'delegation archive-onward', 'delegation vault-onward']) {
      assert.ok(stops.includes(stop), `${stop} in ${stops}`);
    }
    assert.equal(preview.stops.find(({id}) => id === 'agent:triage').owner, 'team:support');
    assert.equal((await all.triage.actFor('triage-reads', {resource: TICKETS})).status, 200);
    const said = await all.server.text('revoke', 'principal', 'agent:triage', '--dry-run');
    assert.match(said.stdout, /would stop:\n/);
    assert.match(said.stdout, /team:support/);
    const done = await all.server.revoke('principal', 'agent:triage');
    assert.deepEqual(done.stops, preview.stops);
    const again = await all.server.cli('revoke', 'principal', 'human:nobody@acme.example');
    assert.equal(again.code, 1);
  });
});

describe('path and audit', () => {
  let all;
  let receipt;
  let refusal;
  let issued;
  let copy;
  let keys;
  const t = scope();
  before(async () => {
    all = await startOrganisation(t);
    issued = (await all.triage.actFor('triage-reads', {resource: TICKETS})).json;
    const ask = (action) => all.tickets.evaluate({
      actor: all.triage, token: issued.access_token, action, id: TICKET, location: TICKETS});
    receipt = (await ask('read')).context.receipt;
    refusal = (await ask('close')).context.receipt;
    await sleep(1500);  // a checkpoint covers them
    const folder = await temporaryFolder(t);
    copy = path.join(folder, 'log');
    await cp(path.join(all.server.data, 'log'), copy, {recursive: true});
    keys = path.join(folder, 'keys');
    const printed = await run(['audit', 'key', '--data', all.server.data]);
    assert.equal(printed.code, 0, printed.stderr);
    await writeFile(keys, printed.stdout);
  });

  for (const [what, of] of [['a permit', () => receipt], ['a refusal', () => refusal],
                            ['a token', () => issued.access_token],
                            ['a jti', () => jose.decodeJwt(issued.access_token).jti]]) {
    test(`path of ${what} names who acted, for whom and under what, verified`, async () => {
      const shown = await all.server.path(of());
      assert.equal(shown.verified, true, JSON.stringify(shown.problems));
      assert.equal(shown.subject, 'human:maria@acme.example');
      assert.equal(shown.actor, 'agent:triage');
      assert.ok(shown.entries.every((entry) => entry.verified));
      assert.equal(shown.delegations['triage-reads'].delegate, 'agent:triage');
    });
  }

  test('path of a transaction holds its tokens and decisions', async () => {
    const txn = jose.decodeJwt(issued.access_token).txn;
    const shown = await all.server.path(txn, '--txn');
    assert.equal(shown.verified, true, JSON.stringify(shown.problems));
    const types = shown.entries.map(({entry}) => entry.type);
    assert.ok(types.includes('issued') && types.filter((type) => type === 'decided').length === 2);
  });

  test('path as text and as Graphviz name the same parties', async () => {
    const text = await all.server.text('path', receipt);
    assert.equal(text.code, 0, text.stderr);
    const graph = await all.server.text('path', receipt, '--output', 'dot');
    assert.match(graph.stdout, /^digraph /);
    for (const shown of [text.stdout, graph.stdout]) {
      assert.match(shown, /human:maria@acme\.example/);
      assert.match(shown, /agent:triage/);
    }
    assert.match(text.stdout, /triage-reads/);
  });

  test('whoever acted may see its own path, and nobody else without audit:read', async () => {
    const own = await all.triage.call('POST', '/path', {receipt});
    assert.equal(own.status, 200, own.body);
    const other = await all.other.call('POST', '/path', {receipt});
    assert.equal(other.status, 403, other.body);
  });

  test('audit key prints each log\'s key, the record\'s first, then the receipt key', async () => {
    const shown = await run(['audit', 'key', '--data', all.server.data, '--output', 'json']);
    const lines = (await readFile(keys, 'utf8')).trim().split('\n');
    assert.deepEqual(shown.json.keys, lines);
    assert.match(lines[0], /\/record\+/);
    assert.match(lines.at(-1), /\/receipt\+/);
  });

  const verify = (folder, ...more) => run(['audit', 'verify', folder, '--keys', keys, '--output',
                                           'json', ...more]);

  test('audit verify passes a copied folder, and a receipt against it', async () => {
    const good = await verify(copy);
    assert.equal(good.code, 0, good.stdout + good.stderr);
    assert.equal(good.json.verified, true);
    const held = await verify(copy, '--against', receipt);
    assert.equal(held.code, 0, held.stdout);
    assert.ok(Number.isInteger(held.json.receipt_index));
  });

  test('audit verify finds a changed byte, a cut tail and a lost receipt', async (t) => {
    const journal = path.join(copy, 'journal');
    const [log] = (await readdir(journal)).sort();
    const tiles = async (folder) => {
      const found = [];
      for (const file of await readdir(folder, {recursive: true, withFileTypes: true})) {
        const name = path.join(file.parentPath, file.name);
        if (file.isFile() && name.includes('/tile/entries/')) found.push(name);
      }
      return found.sort();
    };
    const tampered = async (change) => {
      const folder = path.join(await temporaryFolder(t), 'log');
      await cp(copy, folder, {recursive: true});
      await change(folder);
      return verify(folder, '--against', receipt);
    };
    const changed = await tampered(async (folder) => {
      const [tile] = await tiles(path.join(folder, 'journal', log));
      const bytes = await readFile(tile);
      bytes[bytes.length >> 1] ^= 1;
      await writeFile(tile, bytes);
    });
    assert.equal(changed.code, 1, changed.stdout);
    assert.equal(changed.json.verified, false);
    assert.ok(changed.json.findings.length > 0);
    const recordChanged = await tampered(async (folder) => {
      const [tile] = await tiles(path.join(folder, 'record'));
      const bytes = await readFile(tile);
      bytes[bytes.length >> 1] ^= 1;
      await writeFile(tile, bytes);
    });
    assert.equal(recordChanged.code, 1, recordChanged.stdout);
    const forged = await tampered(async (folder) => {
      const file = path.join(folder, 'journal', log, 'checkpoint');
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace(/\n(\d+)\n/, (all_, size) => `\n${Number(size) - 1}\n`));
    });
    assert.equal(forged.code, 1, forged.stdout);
  });

  test('audit prove gives a proof, and export every entry as a line', async () => {
    const proof = await run(['audit', 'prove', copy, jose.decodeJwt(issued.access_token).jti]);
    assert.equal(proof.code, 0, proof.stderr);
    const missing = await run(['audit', 'prove', copy, 'A'.repeat(43)]);
    assert.notEqual(missing.code, 0);
    const lines = (await run(['audit', 'export', copy])).stdout.trim().split('\n').map(JSON.parse);
    assert.ok(lines.length > 10);
    const text = JSON.stringify(lines);
    assert.ok(text.includes('triage-reads'));
    assert.ok(!text.includes(issued.access_token), 'no token bytes in a log');
    assert.ok(!text.includes(issued.access_token.split('.')[2]));
  });
});
