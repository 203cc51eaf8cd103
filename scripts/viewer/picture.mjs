// Opens a recording in Foxglove Studio, in a browser without a window, and takes a picture of it.
//
//   node picture.mjs --modules <node_modules> --chromium <program> --bag <file.mcap> --layout <file.json>
//                    --time <RFC 3339> --out <file.png>
//
// Foxglove Studio 1.48.0, the last open release, is MPL-2.0; Playwright is Apache-2.0, React MIT. They are used as their
// packages bring them: nothing of them is part of this repository.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SIZE = { width: 1600, height: 900 };
const PATIENCE_MS = 180_000;
const SETTLE_MS = 3_000;
const PAGE = join(dirname(fileURLToPath(import.meta.url)), 'page.html');
const ASSETS = '@foxglove/studio-base/assets';
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm' };
// Pictures are the same everywhere with the software renderer; the other switches keep the browser to itself.
const SWITCHES = [
  '--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist', '--disable-quic',
  '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

function options() {
  const names = ['modules', 'chromium', 'bag', 'layout', 'time', 'out'];
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
  const missing = names.filter((name) => !values[name]);
  if (missing.length > 0) {
    throw new Error(`expected --${missing.join(', --')}`);
  }
  return values;
}

// Where the file of an address is. Parts of Studio's bundle are asked for beside the page.
function placeOf(address, given) {
  const path = normalize(decodeURIComponent(address));
  const own = { '/': PAGE, '/layout.json': given.layout, '/recording.mcap': given.bag };
  const shared = path.startsWith('/modules/') ? path.slice('/modules/'.length) : join(ASSETS, path);
  return own[path] ?? join(given.modules, shared);
}

// Studio reads recordings piece by piece, so the server must know ranges.
function answer(request, response, given) {
  const place = placeOf(new URL(request.url, 'http://localhost').pathname, given);
  const size = statSync(place, { throwIfNoEntry: false })?.size;
  if (!size) {
    response.writeHead(404).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range ? Number(range[1]) : 0;
  const end = range?.[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
  response.writeHead(range ? 206 : 200, {
    'Accept-Ranges': 'bytes',
    'Content-Length': end - start + 1,
    'Content-Type': TYPES[extname(place)] ?? 'application/octet-stream',
    ...(range ? { 'Content-Range': `bytes ${start}-${end}/${size}` } : {}),
  });
  if (request.method === 'HEAD') {
    response.end();
  } else {
    createReadStream(place, { start, end }).on('error', () => response.destroy()).pipe(response);
  }
}

function serve(given) {
  const server = createServer((request, response) => answer(request, response, given));
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

// The picture is ready when it has stopped changing.
async function settled(page) {
  const end = Date.now() + PATIENCE_MS;
  let before = Buffer.alloc(0);
  for (let same = 0; same < 2;) {
    await page.waitForTimeout(SETTLE_MS);
    const now = await page.screenshot();
    same = now.equals(before) ? same + 1 : 0;
    before = now;
    if (Date.now() > end) {
      throw new Error(`the picture still changes after ${PATIENCE_MS / 1000} s`);
    }
  }
}

async function main() {
  const given = options();
  const { chromium } = createRequire(join(resolve(given.modules), 'here.js'))('playwright-core');
  const server = await serve(given);
  const words = [];
  const browser = await chromium.launch({ executablePath: given.chromium, args: SWITCHES });
  try {
    const page = await browser.newPage({ viewport: SIZE });
    page.on('console', (message) => message.type() === 'error' && words.push(message.text()));
    page.on('pageerror', (error) => words.push(error.message));
    const address = new URL(`http://127.0.0.1:${server.address().port}`);
    address.search = new URLSearchParams({
      ds: 'remote-file', 'ds.url': `${address.origin}/recording.mcap`, time: given.time,
    }).toString();
    await page.goto(address.href, { timeout: PATIENCE_MS });
    await page.waitForSelector('canvas', { timeout: PATIENCE_MS });
    await settled(page);
    await page.screenshot({ path: given.out });
  } catch (error) {
    throw new Error(`${error.message}\nthe browser said:\n${words.slice(-10).join('\n')}`);
  } finally {
    await browser.close();
    server.close();
  }
}

await main();
