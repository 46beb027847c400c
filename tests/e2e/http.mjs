// One HTTP request, bounded in time, with headers exactly as given: an array of pairs keeps order,
// case and duplicates. A connection each, so that nothing of one request reaches another.
import http from 'node:http';
import https from 'node:https';

const TIMEOUT_MS = 10_000;
export const FORM = 'application/x-www-form-urlencoded';

// -> {status, headers (lower-case names, duplicates joined), body, json}
// Over TLS where `url` says so, with the `ca`, `cert` and `key` of `tls`, in PEM.
export function send({url, method = 'GET', headers = [], body, localAddress, tls = {}}) {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  const target = new URL(url);
  const raw = [['Host', target.host], ['Connection', 'close'], ...pairs];
  const own = (name) => pairs.some(([key]) => key.toLowerCase() === name);
  if (body !== undefined && !own('content-length') && !own('transfer-encoding')) {
    raw.push(['Content-Length', String(Buffer.byteLength(body))]);
  }
  const kept = raw.filter(([key], at) => at > 1 || !own(key.toLowerCase()));
  return new Promise((resolve, reject) => {
    const request = (target.protocol === 'https:' ? https : http).request({
      ...tls,
      host: target.hostname, port: target.port, method, agent: false, setHost: false, localAddress,
      path: url.slice(target.origin.length) || '/', headers: kept.flat(),
      timeout: TIMEOUT_MS, signal: AbortSignal.timeout(TIMEOUT_MS),
    }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        let json;
        try {
          json = JSON.parse(text);
        } catch {
          json = undefined;
        }
        resolve({status: response.statusCode, headers: response.headers, body: text, json});
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

// Pairs keep duplicates; a value that is undefined is left out.
export function form(parameters) {
  const pairs = Array.isArray(parameters) ? parameters : Object.entries(parameters);
  return new URLSearchParams(pairs.filter(([, value]) => value !== undefined)).toString();
}
