// A real nginx with the published configuration, and an upstream that shows what reached it.
import {randomUUID} from 'node:crypto';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

import {freePort, onEnd, sleep, source, spawnBound, temporaryFolder} from './harness.mjs';

const NGINX = process.env.MANDATE_NGINX ?? '/usr/sbin/nginx';
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

// A file of docs/enforcement with its words filled in, in a prefix of its own.
export async function startNginx(t, {mandate, resource, upstream, file = 'nginx.conf'}) {
  const prefix = await temporaryFolder(t);
  const port = await freePort();
  const words = {LISTEN: `127.0.0.1:${port}`, SERVER_NAME: 'localhost', MANDATE: mandate,
                 RESOURCE: encodeURIComponent(resource), UPSTREAM: upstream,
                 CACHE: path.join(prefix, 'permits'), SECRET: randomUUID()};
  const template = await readFile(path.join(source, 'docs/enforcement', file), 'utf8');
  await mkdir(path.join(prefix, 'temp'));
  await writeFile(path.join(prefix, 'mandate.conf'),
                  template.replace(/@([A-Z_]+)@/g, (word, name) => words[name] ?? word));
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${prefix}/temp/${name};`).join('\n');
  await writeFile(path.join(prefix, 'nginx.conf'), `
daemon off;
master_process off;
pid ${prefix}/nginx.pid;
error_log ${prefix}/error.log warn;
events { worker_connections 128; }
http {
  access_log off;
${temp}
  include ${prefix}/mandate.conf;
}
`);
  const child = spawnBound(NGINX, ['-p', prefix, '-c', path.join(prefix, 'nginx.conf'),
                              '-e', path.join(prefix, 'error.log')], {stdio: 'ignore'});
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onEnd(t, async () => {
    if (child.exitCode === null) child.kill('SIGQUIT');
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(timer);
  });
  for (const until = Date.now() + START_TIMEOUT_MS; !await accepts(port); await sleep(20)) {
    if (Date.now() > until || child.exitCode !== null) {
      throw new Error(await readFile(path.join(prefix, 'error.log'), 'utf8'));
    }
  }
  return {url: `http://127.0.0.1:${port}`, prefix};
}
