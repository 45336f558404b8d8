import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PareError } from '../../src/model/errors.ts';
import { compareObservations, learnNoise, openBrowser, parseScenario, runScenario } from '../../src/verify/index.ts';
import type { BrowserObservation, BrowserScenario, BrowserStep, RunOptions } from '../../src/verify/index.ts';
import { makeSite, page } from './site.ts';

const browser = await openBrowser().catch((error: unknown) => {
  if (!(error instanceof PareError)) throw error;
  console.warn(`Skipped: no browser can be started here. ${error.message} ${error.hint ?? ''}`);
  return null;
});
afterAll(() => browser?.close());

type More = Partial<Pick<BrowserScenario, 'responses' | 'viewport'>> & Omit<RunOptions, 'browser'>;

/** Makes a site of these files, does these steps on it, and removes it. */
async function run(files: Record<string, string>, steps: BrowserStep[], more: More = {}): Promise<BrowserObservation> {
  const site = await makeSite(files);
  const { responses, viewport, ...options } = more;
  const raw = {
    kind: 'browser',
    name: 'a site',
    steps,
    ...(responses && { responses }),
    ...(viewport && { viewport }),
  };
  try {
    const scenario = parseScenario(JSON.stringify(raw), 'scenario.json');
    const observation = await runScenario(scenario, site.dir, { ...options, browser: browser! });
    if (observation.kind !== 'browser') throw new Error('A browser scenario gave no browser observation.');
    return observation;
  } finally {
    await site[Symbol.asyncDispose]();
  }
}

const restless = page(
  `<style>@keyframes grow { to { width: 300px } } #box { width: 10px; animation: grow 1s forwards }
    #bar { width: 10px; transition: width 2s } #bar.on { width: 90px }</style>
  <div id="box">box</div><div id="bar">bar</div><ul id="out"></ul><canvas id="c" width="40" height="40"></canvas>`,
  `const out = document.querySelector('#out');
  const say = (text) => { const li = document.createElement('li'); li.textContent = text; out.append(li); };
  say('random ' + Math.random()); say('uuid ' + crypto.randomUUID()); say('bytes ' + crypto.getRandomValues(new Uint8Array(4)));
  say('date ' + new Date().toISOString() + ' ' + Date()); say('intl ' + new Intl.DateTimeFormat().format());
  say('zone ' + new Date().getTimezoneOffset() + ' ' + navigator.language);
  setTimeout(() => say('timer ' + performance.now()), 300);
  let n = 0; const id = setInterval(() => { say('interval ' + ++n + ' ' + Date.now()); if (n === 3) clearInterval(id); }, 40);
  document.querySelector('#bar').addEventListener('transitionend', () => say('transition ended'));
  requestAnimationFrame((t) => { say('frame ' + t); document.querySelector('#bar').className = 'on'; });
  const g = document.querySelector('#c').getContext('2d');
  g.fillStyle = 'red'; g.fillRect(Math.random() * 20, 0, 10, 10);`,
);

describe.skipIf(browser === null)('a browser scenario', { timeout: 60_000 }, () => {
  it('gives the same observation twice, whatever the page draws from chance, time and animation', async () => {
    const steps: BrowserStep[] = [{ go: '/' }, { mark: 'start' }, { wait: 1_000 }, { see: 'timer' }, { mark: 'end' }];
    const first = await run(restless, steps);
    const second = await run(restless, steps);
    expect(first.failure).toBeNull();
    expect(first.marks[1]?.text).toContain('interval 3 1768478400120');
    expect(first.marks[1]?.text).toContain('transition ended');
    expect(compareObservations(first, second)).toEqual([]);
    expect(second).toEqual(first);
    const other = await run(restless, steps, { seed: 2 });
    expect(compareObservations(first, other).map(({ where }) => where)).toContain('marks/start/text/3');
  });

  it('does each kind of step', async () => {
    const files = page(
      `<button id="b">Add</button><button disabled id="late">Late</button><label>Email <input id="e"></label>
      <select aria-label="Size"><option>Small</option><option value="l">Large</option></select><p id="tip" hidden>A tip</p><p id="o"></p>`,
      `const o = document.querySelector('#o');
      b.onclick = () => setTimeout(() => { history.pushState(null, '', '/cart?n=1'); o.textContent = 'In the cart'; }, 500);
      b.onmouseenter = () => { tip.hidden = false; };
      setTimeout(() => { late.disabled = false; }, 400); late.onclick = () => { o.textContent = 'Not too late'; };
      e.onkeydown = (event) => { if (event.key === 'Enter') o.textContent = 'Sent ' + e.value; };
      onpopstate = () => { o.textContent = 'Now at ' + location.pathname; };`,
    );
    const seen = await run(files, [
      { go: '/shop' },
      { hover: 'text=Add' },
      { see: 'A tip' },
      { click: 'role=button[name="Late"]' },
      { see: 'Not too late' },
      { type: ['label=Email', 'a@b.example'] },
      { press: 'Enter' },
      { see: 'Sent a@b.example' },
      { select: ['label=Size', 'l'] },
      { click: '#b' },
      { path: '/cart?n=1' },
      { expect: 'text=In the cart' },
      { mark: 'cart' },
      { history: 'back' },
      { see: 'Now at /shop' },
      { history: 'forward' },
      { see: 'Now at /cart' },
    ]);
    expect(seen.failure).toBeNull();
    const cart = seen.marks[0];
    expect(cart?.url).toBe('/cart?n=1');
    expect(cart?.dom.some((line) => line.includes('value="a@b.example"'))).toBe(true);
    expect(cart?.dom.some((line) => line.includes('<select') && line.includes('value="l"'))).toBe(true);
    expect(cart?.accessibility.join('\n')).toContain('button "Add"');
    expect(cart?.dom.join('\n')).not.toContain('script');
  });

  it('tells which step failed, what the page shows, and takes a picture', async () => {
    const pictures = await makeSite({});
    const screenshot = join(pictures.dir, 'failed.png');
    const steps: BrowserStep[] = [{ go: '/' }, { see: 'Goodbye' }, { mark: 'never' }];
    const { failure, marks } = await run(page('<h1>Hello there</h1>'), steps, { screenshot, timeoutMs: 1_000 });
    expect(failure).toMatchObject({ step: 2, what: '{"see":"Goodbye"}', screenshot });
    expect(failure?.message).toMatch(/"Goodbye" is not to be seen.*shows: Hello there/);
    expect(marks).toEqual([]);
    expect(existsSync(screenshot)).toBe(true);
    await pictures[Symbol.asyncDispose]();
  });

  it('waits for what covers a target to leave, and tells it when it stays', async () => {
    const cover = `<style>#c { position: fixed; inset: 0 }</style><button id="b">Press</button><p id="o"></p><div id="c"></div>`;
    const leaves = page(cover, `b.onclick = () => { o.textContent = 'Pressed'; }; setTimeout(() => c.remove(), 400);`);
    expect((await run(leaves, [{ go: '/' }, { click: '#b' }, { see: 'Pressed' }])).failure).toBeNull();
    const { failure } = await run(page(cover, ''), [{ go: '/' }, { click: '#b' }], { timeoutMs: 500 });
    expect(failure?.message).toContain('#b cannot be used: <div id="c"> is in its way');
  });

  it('does a thing once, however long the page takes over it', async () => {
    const files = page(
      `<button id="b">Press</button><p id="o">0</p><select id="s"><option>a</option><option>b</option></select>`,
      // The page's own clock stands still, so it counts.
      `const busy = () => { let x = 0; for (let i = 0; i < 6e8; i++) x += i & 1; return x; };
      b.onclick = () => { busy(); o.textContent = Number(o.textContent) + 1; };
      s.onchange = () => { busy(); o.textContent = Number(o.textContent) + 10; };`,
    );
    const steps: BrowserStep[] = [{ go: '/' }, { click: '#b' }, { select: ['#s', 'b'] }, { mark: 'end' }];
    const seen = await run(files, steps, { timeoutMs: 100 });
    expect(seen.failure).toBeNull();
    expect(seen.marks[0]?.text).toContain('11');
  });

  it('brings a target into view, and looks the same however far the page is scrolled', async () => {
    const files = page(
      `<style>header { position: sticky; top: 0; height: 60px } #space { height: 3000px }
        #list { height: 50px; overflow: auto }</style>
      <header>Top</header><div id="list"><p>a</p><p>b</p><p id="inner">c</p></div><div id="space"></div><button id="b">Far</button><p id="o"></p>`,
      `b.onclick = () => { o.textContent = 'Hit'; }`,
    );
    const seen = await run(files, [
      { go: '/' },
      { mark: 'before' },
      { click: '#inner' },
      { hover: '#b' },
      { mark: 'after' },
      { click: '#b' },
      { see: 'Hit' },
    ]);
    expect(seen.failure).toBeNull();
    expect(seen.marks[1]?.appearance).toEqual(seen.marks[0]?.appearance);
  });

  it('tells a picture once and takes hashes out of the names of all kinds of files', async () => {
    const files = {
      ...page(
        '<img src="/a-Ab12Cd34.svg"><p>Hi</p>',
        `const again = (n) => { if (n > 0) { const i = new Image(); i.src = '/a-Ab12Cd34.svg'; i.onload = () => again(n - 1); document.body.append(i); } };
        again(3); for (const f of ['gear-Q1W2E3R4.obj', 'lamp-Q1W2E3R4.gltf', 'data-Q1W2E3R4.json']) fetch('/' + f);`,
      ),
      'a-Ab12Cd34.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
      'gear-Q1W2E3R4.obj': 'o',
      'lamp-Q1W2E3R4.gltf': '{}',
      'data-Q1W2E3R4.json': '{}',
    };
    const { requests } = await run(files, [{ go: '/' }, { go: '/again' }]);
    const urls = requests.map(({ url }) => url);
    expect(urls.filter((url) => url.endsWith('.svg'))).toEqual(['/a-[hash].svg']);
    for (const url of ['/gear-[hash].obj', '/lamp-[hash].gltf', '/data-[hash].json']) expect(urls).toContain(url);
  });

  it('records uncaught errors, unhandled rejections and the console', async () => {
    const script = `console.warn('careful', 1); setTimeout(() => { throw new TypeError('in a timer'); }, 10);
      Promise.reject(new RangeError('in a promise'));`;
    const seen = await run(page('<h1>Hi</h1>', script), [{ go: '/' }, { wait: 100 }]);
    expect(seen.errors).toHaveLength(2);
    expect(seen.errors).toEqual(expect.arrayContaining(['TypeError: in a timer', 'RangeError: in a promise']));
    expect(seen.console).toContainEqual({ type: 'warning', text: 'careful 1' });
  });

  it('blocks and records requests to other hosts, answers set responses, and knows missing files', async () => {
    const script = `const tell = (text) => document.body.append(text + '. ');
      for (const url of ['https://example.com/a', 'http://example.com/b', 'http://127.0.0.1:1/c'])
        fetch(url).catch(() => tell('refused ' + url));
      fetch('/api/items?page=2').then((r) => r.json()).then((v) => tell('got ' + v.items.length));
      fetch('/none.json').then((r) => tell('status ' + r.status));`;
    const responses = { '/api/items?page=2': { json: { items: [1, 2] } } };
    const steps: BrowserStep[] = [{ go: '/deep/path' }, { see: 'got 2' }, { see: 'status 404' }, { mark: 'end' }];
    const seen = await run(page('<h1>Hi</h1>', script), steps, { responses });
    expect(seen.failure).toBeNull();
    const blocked = seen.requests.filter(({ status }) => status === 'blocked').map(({ url }) => url);
    expect(blocked).toEqual(['http://127.0.0.1:1/c', 'http://example.com/b', 'https://example.com/a']);
    expect(seen.marks[0]?.text.join(' ')).toContain('refused https://example.com/a');
    expect(seen.requests).toContainEqual({ kind: 'script', method: 'GET', url: '/assets/main-[hash].js', status: 200 });
  });

  it('records storage, cookies, dialogs and downloads', async () => {
    const script = `localStorage.b = '2'; localStorage.a = '1'; sessionStorage.s = 'x'; document.cookie = 'c=3';
      go.onclick = () => { alert('Sure?'); const a = document.createElement('a'); a.download = 'list.csv';
        a.href = URL.createObjectURL(new Blob(['1,2'])); a.click(); };`;
    const seen = await run(page('<button id="go">Go</button>', script), [
      { go: '/' },
      { click: 'text=Go' },
      { wait: 500 },
    ]);
    expect(seen.storage).toEqual({ local: { a: '1', b: '2' }, session: { s: 'x' }, cookies: { c: '3' } });
    expect(seen.events[0]).toEqual({ type: 'dialog', text: 'alert: Sure?' });
    expect(seen.events[1]?.text).toMatch(/^list\.csv sha256 [0-9a-f]{64}$/);
  });

  it('sees a change of text, look, console and storage, and lets places be ignored', async () => {
    const steps: BrowserStep[] = [{ go: '/' }, { mark: 'home' }];
    const site = (text: string, colour: string, stored: string): Record<string, string> =>
      page(`<p style="color: ${colour}">${text}</p>`, `console.log('${text}'); localStorage.kept = '${stored}';`);
    const before = await run(site('One', 'red', 'yes'), steps);
    const after = await run(site('Two', 'blue', 'no'), steps);
    const places = compareObservations(before, after).map(({ where }) => where);
    expect(places).toEqual(expect.arrayContaining(['marks/home/text', 'console/1', 'storage/local/kept']));
    expect(places.some((where) => where.startsWith('marks/home/appearance'))).toBe(true);
    expect(compareObservations(before, after, { ignore: ['marks', 'console', 'storage'] })).toEqual([]);
    expect(compareObservations(before, after, { ignore: learnNoise(before, after) })).toEqual([]);
  });
});

describe('a browser that is not there', () => {
  it('is told with its path', async () => {
    await expect(openBrowser({ executablePath: '/no/such/chromium' })).rejects.toMatchObject({
      code: 'chromium-missing',
    });
  });
});
