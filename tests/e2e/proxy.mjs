// Real proxies with their published configurations, and an upstream that shows what reached it.
import {randomUUID} from 'node:crypto';
import {existsSync} from 'node:fs';
import {mkdir, open, readFile, writeFile} from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

import {freePort, onEnd, sleep, source, spawnBound, temporaryFolder} from './harness.mjs';

const START_TIMEOUT_MS = 10_000;

// Answers every request with what it got: {method, url, headers: [[name, value]...]}.
export async function startUpstream(t) {
  const seen = [];
  const server = http.createServer((request, response) => {
    const headers = [];
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      headers.push([request.rawHeaders[at].toLowerCase(), request.rawHeaders[at + 1]]);
    }
    seen.push({method: request.method, url: request.url, headers});
    request.resume();
    request.on('end', () => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(seen.at(-1)));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return {address: `127.0.0.1:${server.address().port}`, seen};
}

const accepts = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1');
  const done = (yes) => {
    socket.destroy();
    resolve(yes);
  };
  socket.on('connect', () => done(true));
  socket.on('error', () => done(false));
});

// How each proxy is started with its file of docs/enforcement: `files` are filled in, `wrap` is
// what the operator's own configuration says around them, `family` the headers that it sends.
const temporary = (prefix) => ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((name) => `  ${name}_temp_path ${prefix}/temp/${name};`).join('\n');
const KINDS = {
  nginx: {
    program: process.env.MANDATE_NGINX ?? '/usr/sbin/nginx', family: 'original',
    files: ['nginx.conf'],
    wrap: (prefix, [file]) => `
daemon off;
master_process off;
pid ${prefix}/nginx.pid;
error_log ${prefix}/error.log warn;
events { worker_connections 128; }
http {
  access_log off;
${temporary(prefix)}
  include ${file};
}
`,
    args: (prefix, main) => ['-p', prefix, '-c', main, '-e', path.join(prefix, 'error.log')],
  },
  caddy: {
    program: '/usr/bin/caddy', family: 'forwarded', files: ['Caddyfile'], scheme: 'http://',
    wrap: (prefix, [file]) => `{\n\tadmin off\n}\nimport ${file}\n`,
    args: (prefix, main) => ['run', '--adapter', 'caddyfile', '--config', main],
  },
  haproxy: {
    program: '/usr/sbin/haproxy', family: 'original', files: ['haproxy.cfg', 'mandate.lua'],
    args: (prefix, main, [file]) => ['-db', '-f', file],
  },
};

export const familyOf = (kind) => KINDS[kind].family;

// Why tests of this proxy are left out here; in CI they never are.
export const absent = (kind) => !existsSync(KINDS[kind].program) && process.env.CI !== 'true'
  ? `no ${KINDS[kind].program} here; tools/setup test installs it` : false;

// A proxy with its published configuration, in a folder of its own; `files` names another one.
export async function startProxy(t, kind, {mandate, resource, upstream, files}) {
  const {program, scheme = '', wrap, args, ...rest} = KINDS[kind];
  const prefix = await temporaryFolder(t);
  const port = await freePort();
  const words = {LISTEN: `${scheme}127.0.0.1:${port}`, SERVER_NAME: 'localhost', MANDATE: mandate,
                 RESOURCE: encodeURIComponent(resource), RESOURCE_ID: resource, UPSTREAM: upstream,
                 LUA: path.join(prefix, 'mandate.lua'),
                 CACHE: path.join(prefix, 'permits'), SECRET: randomUUID()};
  const filled = [];
  for (const file of files ?? rest.files) {
    const template = await readFile(path.join(source, 'docs/enforcement', file), 'utf8');
    filled.push(path.join(prefix, file));
    await writeFile(filled.at(-1),
                    template.replace(/@([A-Z_]+)@/g, (word, name) => words[name] ?? word));
  }
  await mkdir(path.join(prefix, 'temp'));
  const main = path.join(prefix, 'main');
  if (wrap) await writeFile(main, wrap(prefix, filled));
  const said = await open(path.join(prefix, 'said'), 'w');
  const child = spawnBound(program, args(prefix, main, filled), {
    stdio: ['ignore', said.fd, said.fd], cwd: prefix, env: {...process.env, HOME: prefix}});
  await said.close();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onEnd(t, async () => {
    if (child.exitCode === null) child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(timer);
  });
  for (const until = Date.now() + START_TIMEOUT_MS; !await accepts(port); await sleep(20)) {
    if (Date.now() > until || child.exitCode !== null) {
      throw new Error(await readFile(path.join(prefix, 'said'), 'utf8'));
    }
  }
  return {url: `http://127.0.0.1:${port}`, prefix};
}
