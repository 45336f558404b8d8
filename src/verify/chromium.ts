import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { PareError } from '../model/errors.ts';

export interface BrowserOptions {
  /** Chromium's program. Default: `PARE_CHROMIUM` of the environment, then `@sparticuz/chromium`, then Playwright's own. */
  readonly executablePath?: string;
}

/** A running Chromium that any number of runs may share, one after the other or side by side. */
export interface SharedBrowser extends AsyncDisposable {
  readonly browser: Browser;
  readonly version: string;
  close(): Promise<void>;
}

const install = 'npm i -D playwright-core @sparticuz/chromium';

/** Software drawing gives the same pixels everywhere; the rest keeps the browser quiet and off the network. */
const flags = [
  '--no-sandbox',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
  '--in-process-gpu',
  '--disable-gpu-compositing',
  '--disable-gpu-rasterization',
  '--no-zygote',
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
  '--disable-lcd-text',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-pings',
  '--no-first-run',
  '--no-default-browser-check',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/**
 * Starts Chromium.
 * @throws PareError `chromium-missing` when Playwright or a browser isn't there, `chromium-start` when it does not start
 */
export async function openBrowser(options: BrowserOptions = {}): Promise<SharedBrowser> {
  const { chromium } = await importPlaywright();
  const executablePath = await findChromium(options.executablePath, () => chromium.executablePath());
  let browser: Browser;
  try {
    browser = await chromium.launch({ executablePath, headless: true, args: flags });
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new PareError('chromium-start', `Chromium does not start (${executablePath}): ${reason}`, {
      hint: 'Set PARE_CHROMIUM to a Chromium or Chrome that runs on this machine.',
      cause,
    });
  }
  const close = (): Promise<void> => browser.close();
  return { browser, version: browser.version(), close, [Symbol.asyncDispose]: close };
}

async function importPlaywright(): Promise<typeof import('playwright-core')> {
  try {
    return await import('playwright-core');
  } catch (cause) {
    throw new PareError('chromium-missing', 'Running a browser scenario needs the package playwright-core.', {
      hint: install,
      cause,
    });
  }
}

async function findChromium(asked: string | undefined, ofPlaywright: () => string): Promise<string> {
  const named = asked ?? process.env['PARE_CHROMIUM'];
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new PareError('chromium-missing', `There is no Chromium at ${named}.`, {
      hint: `Check the path (PARE_CHROMIUM or executablePath), or leave it out and ${install}`,
    });
  }
  try {
    const { default: packaged } = await import('@sparticuz/chromium');
    return await packaged.executablePath();
  } catch (cause) {
    const own = ofPlaywright();
    if (existsSync(own)) return own;
    throw new PareError('chromium-missing', 'Running a browser scenario needs a Chromium.', { hint: install, cause });
  }
}
