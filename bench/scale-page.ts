/** A report opened in Chromium: when something is painted, when it is all there, how long a keystroke in the filter takes. */
import type { Browser, Page } from 'playwright-core';

export interface Opened {
  /** Milliseconds from the start of the navigation to the first contentful paint. */
  readonly firstPaint: number;
  /** … to the first frame behind the load event and the work that it left. */
  readonly ready: number;
  /** Milliseconds from the key to the frame that shows the filtered list; null: not asked for. */
  readonly keystrokes: { readonly median: number; readonly worst: number } | null;
}

const TYPED = 'part-77';

export async function openedPage(
  browser: Browser,
  url: string,
  { withFilter, patience }: { readonly withFilter: boolean; readonly patience: number },
): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(patience);
  await page.goto(withFilter ? `${url}#view=modules` : url, { waitUntil: 'load', timeout: patience });
  const ready = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(performance.now()))));
      }),
  );
  const firstPaint = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const observer = new PerformanceObserver((list) => {
          const [paint] = list.getEntriesByName('first-contentful-paint');
          if (paint !== undefined) resolve(paint.startTime);
        });
        observer.observe({ type: 'paint', buffered: true });
      }),
  );
  const keystrokes = withFilter ? await typed(page) : null;
  await page.close();
  return { firstPaint, ready, keystrokes };
}

/** Each key a hand's pace behind the one before. */
async function typed(page: Page): Promise<{ median: number; worst: number }> {
  await page.getByRole('searchbox').focus();
  await page.waitForTimeout(1000);
  const times: number[] = [];
  for (const key of TYPED) {
    await page.evaluate(() => {
      const rows = () => document.querySelector('[aria-rowcount]')?.getAttribute('aria-rowcount');
      const state = window as unknown as { shown: Promise<number> };
      state.shown = new Promise((resolve) => {
        addEventListener(
          'keydown',
          () => {
            const start = performance.now();
            const before = rows();
            const look = (): void => {
              const now = performance.now();
              // A key that leaves all rows as they are shows nothing to wait for.
              if (now - start > 2000) resolve(Number.NaN);
              else if (rows() !== before) setTimeout(() => resolve(performance.now() - start));
              else requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
          },
          { once: true, capture: true },
        );
      });
    });
    await page.keyboard.press(key);
    times.push(await page.evaluate(() => (window as unknown as { shown: Promise<number> }).shown));
    await page.waitForTimeout(150);
  }
  const seen = times.filter((time) => !Number.isNaN(time)).sort((a, b) => a - b);
  return { median: seen[seen.length >> 1]!, worst: seen.at(-1)! };
}
