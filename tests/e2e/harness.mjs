// A real `mandate serve` for a test, and the command line against it. Loopback only; bounded in
// time; stops only what it started; its folder goes away with the test.
//
//   const server = await Server.start(t);
//   await server.apply({apiVersion: 'mandate/v1', teams: [...]});
//   await server.cli('revoke', 'delegation', 'triage-reads');   // {code, stdout, stderr, json}
import {execFile, spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import net from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {after} from 'node:test';
import {fileURLToPath} from 'node:url';

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;
const CLI_TIMEOUT_MS = 20_000;

export const source = fileURLToPath(new URL('../..', import.meta.url));
export const program = process.env.MANDATE_BIN ?? path.join(source, 'build/release/mandate');

// What a test ran of a row of tests/vectors/shared.json, held against that table.
export function expectRan(files, test, count) {
  const rows = JSON.parse(readFileSync(path.join(source, 'tests/vectors/shared.json'), 'utf8'));
  const expected = rows.find((row) => row.files === files)?.ran[path.relative(source, test)];
  if (count !== expected) throw new Error(`${files}: ${count} cases ran; expected ${expected}`);
}

export async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// What the program sees of this process's environment; the second is `mandate_broken`'s alone.
const inherited = Object.fromEntries(['PATH', 'MANDATE_TEST_BREAK']
  .filter((name) => name in process.env).map((name) => [name, process.env[name]]));

// What is undone when a test ends, last first: of `t`, a test's context or a suite's `scope()`.
const undone = new WeakMap();
export function onEnd(t, undo) {
  if (!undone.has(t)) {
    undone.set(t, []);
    t.after(async () => {
      for (const step of undone.get(t).reverse()) await step();
    });
  }
  undone.get(t).push(undo);
}

// In a `describe`: what its `before` starts ends with the suite.
export const scope = () => {
  const t = {};
  undone.set(t, []);
  after(async () => {
    for (const step of undone.get(t).reverse()) await step();
  });
  return t;
};

export async function temporaryFolder(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'mandate-e2e-'));
  onEnd(t, () => rm(folder, {recursive: true, force: true}));
  return folder;
}

// Ends with this process, also where that is killed.
export const spawnBound = (file, args, options) =>
  spawn('setpriv', ['--pdeathsig', 'KILL', file, ...args], options);

// Whatever the exit code: {code, stdout, stderr, json}; `json` is all of stdout where it parses.
export function run(args, {env = {}, cwd} = {}) {
  return new Promise((resolve, reject) => {
    execFile(program, args, {cwd, timeout: CLI_TIMEOUT_MS, maxBuffer: 64 << 20,
                             env: {...inherited, TZ: 'UTC', ...env}},
             (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') {
        return reject(new Error(`mandate ${args.join(' ')}: ${error.message}\n${stderr}`));
      }
      let json;
      try {
        json = JSON.parse(stdout);
      } catch {
        json = undefined;
      }
      resolve({code: error ? error.code : 0, stdout, stderr, json});
    });
  });
}

export class Server {
  // `t` is what the server ends with: a test, or a suite's scope.
  static async start(t, {data, args = []} = {}) {
    const server = new Server();
    server.folder = await temporaryFolder(t);
    server.data = data ?? path.join(server.folder, 'data');
    server.args = args;
    onEnd(t, () => server.stop());
    await server.launch();
    return server;
  }

  async launch({listen} = {}) {
    // Where the issuer is another name, `ready` does not tell the port.
    listen ??= `127.0.0.1:${this.args.includes('--issuer') ? await freePort() : 0}`;
    const command = ['serve', '--data', this.data, '--listen', listen, ...this.args];
    const child = spawnBound(program, command,
                             {stdio: ['ignore', 'pipe', 'pipe'], env: inherited});
    this.child = child;
    this.stderr = '';
    child.stderr.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => {
      resolve({code, signal});
    }));
    const ready = new Promise((resolve, reject) => {
      createInterface({input: child.stdout}).on('line', (line) => {
        if (line.startsWith('ready ')) resolve(line.slice('ready '.length));
      });
      this.ended.then(({code, signal}) => reject(
        new Error(`mandate serve ended before it was ready: ${code ?? signal}\n${this.stderr}`)));
      setTimeout(() => reject(new Error(`not ready in time\n${this.stderr}`)), START_TIMEOUT_MS)
        .unref();
    });
    try {
      this.issuer = await ready;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    const port = listen.endsWith(':0') ? new URL(this.issuer).port : listen.split(':').at(-1);
    this.url = `http://127.0.0.1:${port}`;
    this.operator = path.join(this.data, 'operator.json');
    // A proof of the second in which the server started counts as one from before it.
    await sleep(1000 - Date.now() % 1000);
  }

  get environment() {
    return {MANDATE_SERVER: this.url, MANDATE_ISSUER: this.issuer, MANDATE_IDENTITY: this.operator};
  }

  async end(signal) {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) {
      return this.ended;
    }
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const result = await this.ended;
    clearTimeout(timer);
    return result;
  }

  stop() {
    return this.end('SIGTERM');
  }

  // As after a crash of the process.
  kill() {
    return this.end('SIGKILL');
  }

  // The same data, and the same address.
  async restart() {
    await this.stop();
    await this.launch({listen: new URL(this.url).host});
  }

  cli(...args) {
    return run([...args, '--output', 'json'], {env: this.environment});
  }

  text(...args) {
    return run(args, {env: this.environment});
  }

  async done(...args) {
    const result = await this.cli(...args);
    if (result.code !== 0) {
      const {code, stdout, stderr} = result;
      throw new Error(`mandate ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
    }
    return result.json;
  }

  async write(name, content) {
    const file = path.join(this.folder, name);
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 1),
                    {mode: 0o600});
    return file;
  }

  async apply(document, ...args) {
    return this.done('apply', '-f', await this.write('applied.json', document), ...args);
  }

  revoke(kind, id) {
    return this.done('revoke', kind, id);
  }

  // Verified, or a thrown refusal: `what` is a receipt, a token or a jti.
  path(what, ...args) {
    return this.done('path', what, ...args);
  }
}
