/**
 * Closes vitest's output with what was skipped and why, and with the totals alone on a line, for scripts:
 * `12 passed, 0 failed, 1 skipped`. A file that could not be run and an error outside of any test count as a failure.
 */
export default class TotalsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const withState = (state) => tests.filter((test) => test.result().state === state);
    const broken = modules.filter(
      (module) => module.state() === 'failed' && [...module.children.allTests('failed')].length === 0,
    );
    const skipped = withState('skipped');
    if (skipped.length > 0) {
      console.log('\nSkipped:');
      for (const test of skipped) {
        console.log(`  ${test.fullName} (${test.module.relativeModuleId})${reason(test.result())}`);
      }
    }
    const failed = withState('failed').length + broken.length + unhandledErrors.length;
    const totals = [`${withState('passed').length} passed`, `${failed} failed`];
    if (skipped.length > 0) totals.push(`${skipped.length} skipped`);
    console.log(`\n${totals.join(', ')}`);
  }
}

const reason = ({ note }) => (note === undefined ? '' : `: ${note}`);
