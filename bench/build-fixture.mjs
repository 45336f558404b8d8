// One production build of a fixture in a process of its own, for the benchmarks that measure whole processes:
//   node bench/build-fixture.mjs FIXTURE BUNDLER OUTDIR [PLUGIN [OPTIONS]]
// PLUGIN is a specifier and an export, `pare/esbuild#analyzer`; without an export the module is imported and no more.
// OPTIONS are the plugin's as JSON.
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';

// Bundlers leave their child processes to end by themselves, after this process and then counted to nobody.
const children = [];
diagnostics.subscribe('child_process', ({ process: child }) => children.push(child));

const [fixture, bundler, outdir, plugin, options = '{}'] = process.argv.slice(2);
const { build } = await import(new URL(`../fixtures/${fixture}/build.mjs`, import.meta.url).href);
const plugins = [];
if (plugin !== undefined) {
  const [specifier, name] = plugin.split('#');
  const module = await import(specifier);
  if (name !== undefined) plugins.push(module[name](JSON.parse(options)));
}
await build(bundler, { outdir, plugins });

const living = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
await Promise.all(
  living.map((child) => {
    child.ref();
    const ended = once(child, 'exit');
    child.kill();
    return ended;
  }),
);
