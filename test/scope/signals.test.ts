import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';

import { temporaryFolder } from '../support/bundle.ts';
import { Scripts, start } from '../support/script.ts';

const scripts = new Scripts();
afterAll(() => scripts[Symbol.dispose]());

const program = (body: string): Promise<string> =>
  scripts.write(`
    import { existsSync, writeFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { closeOnSignals, uninterrupted } from './src/scope/signals.ts';
    import { ResourceScope } from './src/scope/resource-scope.ts';
    const [folder] = process.argv.slice(2);
    const until = async (file) => { while (!existsSync(folder + '/' + file)) await sleep(5); };
    const stay = setInterval(() => {}, 1000);
    ${body}
  `);

describe.skipIf(process.platform === 'win32')('a signal', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s closes the scope, and then ends the process',
    async (signal) => {
      using temp = temporaryFolder();
      const script = await program(`
      const scope = new ResourceScope('run');
      closeOnSignals(scope);
      console.log('temp ' + await scope.tempFolder(folder));
      scope.onClose('slow', async () => { await sleep(50); console.log('closed'); });
      console.log('ready');
    `);
      const running = start(script, [temp.folder]);
      await running.printed('ready');
      running.child.kill(signal);
      const outcome = await running.outcome;
      expect([outcome.signal, outcome.stdout.includes('closed')]).toEqual([signal, true]);
      expect(existsSync(/temp (.+)/.exec(outcome.stdout)![1]!)).toBe(false);
    },
  );

  test('that comes a second time ends it at once', async () => {
    using temp = temporaryFolder();
    const script = await program(`
      const scope = new ResourceScope('run');
      closeOnSignals(scope);
      scope.onClose('stuck', () => { console.log('closing'); return new Promise(() => {}); });
      console.log('ready');
    `);
    const running = start(script, [temp.folder]);
    await running.printed('ready');
    running.child.kill('SIGINT');
    await running.printed('closing');
    running.child.kill('SIGTERM');
    expect((await running.outcome).signal).toBe('SIGTERM');
  });

  test('waits for both: the step that must not be torn, and the closing', async () => {
    using temp = temporaryFolder();
    const script = await program(`
      const scope = new ResourceScope('run');
      closeOnSignals(scope);
      scope.onClose('flush', () => uninterrupted(async () => { await sleep(20); writeFileSync(folder + '/flushed', ''); }));
      void uninterrupted(async () => {
        console.log('ready');
        await until('go on');
        await sleep(20);
        writeFileSync(folder + '/written', '');
      });
      await scope.closed;
      writeFileSync(folder + '/go on', '');
    `);
    const running = start(script, [temp.folder]);
    await running.printed('ready');
    running.child.kill('SIGTERM');
    expect((await running.outcome).signal).toBe('SIGTERM');
    expect(['flushed', 'written'].filter((file) => !existsSync(path.join(temp.folder, file)))).toEqual([]);
  });

  test('during a step takes effect when the last step is done', async () => {
    using temp = temporaryFolder();
    const script = await program(`
      const step = (name) => uninterrupted(async () => { await until('go on'); writeFileSync(folder + '/' + name, ''); });
      const both = Promise.all([step('one'), step('two')]);
      console.log('ready');
      await both;
      writeFileSync(folder + '/three', '');
    `);
    const running = start(script, [temp.folder]);
    await running.printed('ready');
    running.child.kill('SIGINT');
    await sleep(50);
    writeFileSync(path.join(temp.folder, 'go on'), '');
    expect((await running.outcome).signal).toBe('SIGINT');
    const there = ['one', 'two', 'three'].filter((file) => existsSync(path.join(temp.folder, file)));
    expect(there).toEqual(['one', 'two']);
  });

  test('ends the process even where another listener would keep it', async () => {
    using temp = temporaryFolder();
    const script = await program(`
      process.on('SIGINT', () => {});
      const scope = new ResourceScope('run');
      closeOnSignals(scope);
      scope.onClose('file', () => writeFileSync(folder + '/closed', ''));
      console.log('ready');
    `);
    const running = start(script, [temp.folder]);
    await running.printed('ready');
    running.child.kill('SIGINT');
    expect((await running.outcome).signal).toBe('SIGINT');
    expect(existsSync(path.join(temp.folder, 'closed'))).toBe(true);
  });
});

describe.skipIf(process.platform === 'win32')('inside of a program that is not ours', () => {
  test('a signal that the program listens to is left to it, during a step and after', async () => {
    using temp = temporaryFolder();
    const script = await program(`
      let heard = 0;
      process.on('SIGINT', () => { console.log('heard ' + ++heard); });
      const before = process.listenerCount('SIGINT');
      await uninterrupted(async () => { console.log('ready'); await until('go on'); });
      writeFileSync(folder + '/result', JSON.stringify({ heard, left: process.listenerCount('SIGINT') - before }));
      clearInterval(stay);
      process.exitCode = 5;
    `);
    const running = start(script, [temp.folder]);
    await running.printed('ready');
    running.child.kill('SIGINT');
    await running.printed('heard 1');
    writeFileSync(path.join(temp.folder, 'go on'), '');
    const { code, signal } = await running.outcome;
    expect([code, signal]).toEqual([5, null]);
    expect(JSON.parse(readFileSync(path.join(temp.folder, 'result'), 'utf8'))).toEqual({ heard: 1, left: 0 });
  });

  test('no listener stays, neither of a scope that is closed nor of one that nobody closes on signals', async () => {
    using temp = temporaryFolder();
    const script = await program(`
      const count = () => ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit', 'beforeExit', 'uncaughtException'].map((name) => process.listenerCount(name));
      const before = count();
      const plain = new ResourceScope('plain');
      const during = count();
      const taken = closeOnSignals(plain);
      taken();
      const scope = new ResourceScope('run');
      closeOnSignals(scope);
      await scope.tempFolder(folder);
      await plain.close();
      await scope.close();
      console.log(JSON.stringify([during, count()].map((each) => each.join() === before.join())));
      clearInterval(stay);
    `);
    const { code, stdout } = await start(script, [temp.folder]).outcome;
    expect([code, JSON.parse(stdout)]).toEqual([0, [true, true]]);
  });
});
