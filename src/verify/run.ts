import type { Observation } from './observation.ts';
import type { RunOptions } from './run-options.ts';
import type { Scenario } from './scenario.ts';

/**
 * Runs a scenario on the program in `outdir` and records what could be observed. A step that does not go as the scenario says
 * ends the run and is told in `failure`; it does not throw.
 * @throws PareError `chromium-missing`, `chromium-start`, `outdir-missing`, `program-missing`
 */
export async function runScenario(scenario: Scenario, outdir: string, options: RunOptions = {}): Promise<Observation> {
  if (scenario.kind === 'node') {
    const { runNodeScenario } = await import('./node-run.ts');
    return runNodeScenario(scenario, outdir, options);
  }
  const { runBrowserScenario } = await import('./browser-run.ts');
  if (options.browser !== undefined) return runBrowserScenario(scenario, outdir, options.browser, options);
  const { openBrowser } = await import('./chromium.ts');
  const { executablePath } = options;
  const browser = await openBrowser(executablePath === undefined ? {} : { executablePath });
  try {
    return await runBrowserScenario(scenario, outdir, browser, options);
  } finally {
    await browser.close();
  }
}
