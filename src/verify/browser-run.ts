import { existsSync } from 'node:fs';
import type { BrowserContext, ElementHandle, Locator, Page } from 'playwright-core';
import { PareError } from '../model/errors.ts';
import type { SharedBrowser } from './chromium.ts';
import { normaliseText, normaliseUrl, oneLine } from './normalise.ts';
import type { BrowserObservation, Failure, MarkObservation, StorageObservation } from './observation.ts';
import { readPage, readStorage } from './page-snapshot.ts';
import { reachElement } from './page-reach.ts';
import type { Reach } from './page-reach.ts';
import type { PageStart } from './page-start.ts';
import { passInPage, startPage } from './page-start.ts';
import { recordContext } from './record.ts';
import type { ContextRecord } from './record.ts';
import type { RunOptions } from './run-options.ts';
import type { BrowserScenario, BrowserStep, Target } from './scenario.ts';
import { appOrigin, serveApp } from './server.ts';

/** The page's clock at the start of each run. */
const startTime = Date.UTC(2026, 0, 15, 12);

/** How far the page's clock runs after each step and between two looks at the page, ms. */
const tick = 50;

/** How long one action may really take on a busy machine, ms. */
const slowestAction = 30_000;

/** How long a request may be under way before it is taken for one that never ends, ms. */
const slowestRequest = 10_000;

/** The step failed: what was expected of the page. */
class StepFailure extends Error {}

/** A run under way. */
interface Run {
  readonly page: Page;
  readonly record: ContextRecord;
  readonly seed: number;
  readonly timeoutMs: number;
  /** Full page loads so far. */
  loads: number;
  /** How far the page's clock has run, ms. */
  elapsed: number;
  readonly marks: MarkObservation[];
}

/**
 * Runs a scenario in a fresh context of the browser.
 *
 * Time in the page stands still; it runs only by fixed amounts between the steps, once the network is idle and the document no
 * longer changes. Timers therefore fire in the same order and at the same places in every run, however fast the machine is.
 * @throws PareError `outdir-missing`
 */
export async function runBrowserScenario(
  scenario: BrowserScenario,
  outdir: string,
  browser: SharedBrowser,
  options: RunOptions = {},
): Promise<BrowserObservation> {
  if (!existsSync(outdir)) {
    throw new PareError('outdir-missing', `There is no ${outdir} to run "${scenario.name}" on.`, {
      hint: 'Build the program first.',
    });
  }
  const server = await serveApp(outdir, scenario.responses);
  try {
    const context = await browser.browser.newContext({
      viewport: scenario.viewport ?? { width: 1280, height: 800 },
      deviceScaleFactor: 1,
      locale: 'en-US',
      timezoneId: 'UTC',
      colorScheme: 'light',
      reducedMotion: 'reduce',
      serviceWorkers: 'block',
      acceptDownloads: true,
      proxy: { server: server.address, bypass: '<-loopback>' },
    });
    try {
      return await runInContext(scenario, context, options);
    } finally {
      await context.close();
    }
  } finally {
    await server.close();
  }
}

async function runInContext(
  scenario: BrowserScenario,
  context: BrowserContext,
  options: RunOptions,
): Promise<BrowserObservation> {
  const record = recordContext(context, appOrigin);
  await context.addInitScript(`(${startPage.toString()})()`);
  const page = await context.newPage();
  record.watch(page);
  const run: Run = {
    page,
    record,
    seed: options.seed ?? 1,
    timeoutMs: options.timeoutMs ?? 10_000,
    loads: 0,
    elapsed: 0,
    marks: [],
  };
  const failure = await doSteps(run, scenario.steps, options.screenshot);
  const storage = await storageOf(context, page);
  return { kind: 'browser', scenario: scenario.name, marks: run.marks, ...(await record.finish()), storage, failure };
}

async function doSteps(
  run: Run,
  steps: readonly BrowserStep[],
  screenshot: string | undefined,
): Promise<Failure | null> {
  for (const [index, step] of steps.entries()) {
    try {
      await doStep(run, step);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const place = await describePage(run).catch(() => 'The page no longer answers.');
      const taken = screenshot !== undefined && (await takeScreenshot(run.page, screenshot));
      return {
        step: index + 1,
        what: JSON.stringify(step),
        message: `${error instanceof StepFailure ? reason : oneLine(reason, 300)} ${place}`,
        screenshot: taken ? screenshot : null,
      };
    }
  }
  return null;
}

async function doStep(run: Run, step: BrowserStep): Promise<void> {
  const { page } = run;
  if ('go' in step) {
    const start: PageStart = { seed: run.seed + 0x9e3779b1 * run.loads, time: startTime + run.elapsed };
    run.loads += 1;
    await page.context().addInitScript(`globalThis[Symbol.for('pare.verify')].start(${JSON.stringify(start)})`);
    await page.goto(appOrigin + step.go, { waitUntil: 'commit', timeout: run.timeoutMs });
    await pass(run);
    await until(run, `the document at ${step.go} did not load`, () =>
      page.evaluate('document.readyState === "complete"'),
    );
  } else if ('click' in step) {
    // Forced: `reach` has seen to it that nothing is in the way, without the frames that Playwright would wait for.
    await act(run, step.click, 'pointer', (element, timeout) => element.click({ timeout, force: true }));
  } else if ('hover' in step) {
    await act(run, step.hover, 'pointer', (element, timeout) => element.hover({ timeout, force: true }));
  } else if ('type' in step) {
    await act(run, step.type[0], 'keyboard', (element, timeout) => element.fill(step.type[1], { timeout }));
  } else if ('select' in step) {
    await act(run, step.select[0], 'choice', (element, timeout) => element.selectOption(step.select[1], { timeout }));
  } else if ('press' in step) {
    await page.keyboard.press(step.press);
    await pass(run);
  } else if ('see' in step) {
    const target = page.getByText(step.see).filter({ visible: true }).first();
    await until(run, `the text ${JSON.stringify(step.see)} is not to be seen`, () => target.isVisible());
  } else if ('expect' in step) {
    const target = locate(page, step.expect);
    await until(run, `${step.expect} is not to be seen`, () => target.isVisible());
  } else if ('path' in step) {
    await until(run, `the path is not ${step.path}`, () => Promise.resolve(isAt(page.url(), step.path)));
  } else if ('mark' in step) run.marks.push(await readMark(run, step.mark));
  else if ('wait' in step) {
    for (let left = step.wait; left > 0; left -= 5 * tick) await advance(run, Math.min(left, 5 * tick));
  } else {
    const there = page.url();
    const back = step.history === 'back';
    const options = { waitUntil: 'commit', timeout: run.timeoutMs } as const;
    const response = await (back ? page.goBack(options) : page.goForward(options));
    await pass(run);
    if (response === null && page.url() === there) throw new StepFailure(`There is nothing to go ${step.history} to.`);
  }
}

function locate(page: Page, target: Target): Locator {
  const label = /^label=(.*)$/s.exec(target);
  const found = label ? page.getByLabel(label[1]!.replace(/^"(.*)"$/s, '$1')) : page.locator(target);
  return found.filter({ visible: true }).first();
}

/** Lets time pass until a target is there, enabled and within reach of the pointer, and brings it into view. */
async function reach(run: Run, target: Target, how: Reach): Promise<ElementHandle> {
  const locator = locate(run.page, target);
  let problem: string | null = null;
  let element: ElementHandle | undefined;
  await until(
    run,
    () => `${target} ${problem}`,
    async () => {
      await element?.dispose().catch(() => undefined);
      [element] = await locator.elementHandles();
      problem = 'is not to be seen';
      if (element === undefined) return false;
      const found = await element.evaluate(reachElement, how).catch(whileNavigating);
      if (found === undefined) return false;
      if (found.scrolled) {
        // What listens for scrolling may move things or fetch some: the second look is at what then is there.
        await settle(run);
        const again = await element.evaluate(reachElement, how).catch(whileNavigating);
        problem = again?.problem ?? null;
        return again !== undefined && problem === null;
      }
      ({ problem } = found);
      return problem === null;
    },
  );
  return element!;
}

/**
 * Does something to a target as soon as it can be done, with the clock running on while it can't. It is done once: an action
 * that takes long has had its effect all the same.
 */
async function act(
  run: Run,
  target: Target,
  how: Reach,
  action: (element: ElementHandle, timeout: number) => Promise<unknown>,
): Promise<void> {
  const element = await reach(run, target, how);
  try {
    await action(element, Math.max(slowestAction, run.timeoutMs));
  } finally {
    await element.dispose().catch(() => undefined);
  }
  await pass(run);
}

/**
 * Waits until a condition holds, letting the page's clock run on between two looks. It gives up when the page's clock has run by
 * the time limit and a quarter of it has really passed (work outside the clock, such as a worker, needs real time), or when all
 * of it has really passed.
 */
async function until(run: Run, problem: string | (() => string), holds: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  let passed = 0;
  for (let look = 0; !(await holds()); look++) {
    const real = performance.now() - start;
    const over = passed >= run.timeoutMs;
    if (real > run.timeoutMs || (over && real > run.timeoutMs / 4)) {
      const said = typeof problem === 'string' ? problem : problem();
      throw new StepFailure(`After ${run.timeoutMs} ms ${said.replace(/\.?$/, '.')}`);
    }
    const ms = over ? 0 : look < 20 ? tick : 5 * tick;
    passed += ms;
    await advance(run, ms);
    if (ms === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** After something was done to the page: what followed comes to rest, the clock runs on a little, and that comes to rest. */
async function pass(run: Run): Promise<void> {
  await settle(run);
  await advance(run, tick);
}

/** Lets the page's clock run by so many ms, and what followed come to rest. */
async function advance(run: Run, ms: number): Promise<void> {
  run.elapsed += ms;
  await settle(run, ms);
}

/** Comes back when no request is under way and the document stays as it is. */
async function settle(run: Run, ms = 0): Promise<void> {
  let seen = run.record.activity();
  for (let round = 0; round < 60; round++) {
    await run.page.evaluate(passInPage, round === 0 ? ms : 0).catch(whileNavigating);
    await run.record.idle(slowestRequest);
    const now = run.record.activity();
    if (now === seen) return;
    seen = now;
  }
}

/** A page that is on its way to another document can't answer: undefined then. */
function whileNavigating(error: unknown): undefined {
  const about = /navigation|context was destroyed|frame was detached|not attached to the dom/i;
  if (error instanceof Error && about.test(error.message)) return undefined;
  throw error;
}

async function readMark(run: Run, name: string): Promise<MarkObservation> {
  const { page } = run;
  await settle(run);
  const read = await page.evaluate(readPage);
  const aria = await page.locator('body').ariaSnapshot({ timeout: run.timeoutMs });
  const clean = (lines: readonly string[]): string[] => lines.map((line) => normaliseText(line, appOrigin));
  return {
    name,
    url: normaliseUrl(page.url(), appOrigin),
    title: read.title,
    dom: clean(read.dom),
    text: clean(read.text),
    accessibility: clean(aria.split('\n').filter((line) => line.trim() !== '')),
    appearance: read.appearance,
  };
}

/** Path and query are compared; the fragment too when the scenario names one. */
function isAt(url: string, path: string): boolean {
  const local = normaliseUrl(url, appOrigin);
  return local === path || (!path.includes('#') && local.replace(/#.*$/s, '') === path);
}

async function describePage({ page, record }: Run): Promise<string> {
  const { title, text } = await page.evaluate(readPage);
  const shown = oneLine(text.join(' · '), 300) || 'nothing';
  const errors = record.errors();
  const thrown = errors.length === 0 ? '' : ` Uncaught: ${oneLine(errors.join('; '), 300)}.`;
  return `The page ${normaliseUrl(page.url(), appOrigin)} (${JSON.stringify(title)}) shows: ${shown}.${thrown}`;
}

async function takeScreenshot(page: Page, path: string): Promise<boolean> {
  try {
    await page.screenshot({ path });
    return true;
  } catch {
    return false;
  }
}

async function storageOf(context: BrowserContext, page: Page): Promise<StorageObservation> {
  const { local, session } = await page.evaluate(readStorage).catch(() => ({ local: {}, session: {} }));
  const cookies = (await context.cookies()).map(({ name, value }) => [name, value] as const);
  cookies.sort(([a], [b]) => (a < b ? -1 : 1));
  return { local, session, cookies: Object.fromEntries(cookies) };
}
