// Puts and gets values that say which they are, over and over, and ends with 1 on a wrong one.
//   node writer.mjs STORE-MODULE {settings, rounds, seed}
import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [module, text] = process.argv.slice(2);
const { settings, rounds, seed } = JSON.parse(text);
const { openStore } = await import(pathToFileURL(module).href);

/** As in workshop.ts. */
const valueOf = (name, length) => {
  const line = createHash('sha256').update(name).digest('hex');
  return Buffer.alloc(length, `${name} ${line}\n`);
};
const sizeOf = (i) => [200, 1500, 9000, 40_000][i % 4];

const warnings = [];
const store = openStore(settings, { version: '1.2.3', onWarning: (warning) => warnings.push(warning.code) });
for (let round = 0; round < (rounds ?? Infinity); round++) {
  const i = (round * 7919 + seed * 104_729) % 400;
  const entry = { kind: i % 2 === 0 ? 'facts' : 'minified', of: [`v${i}`], tags: i % 5 === 0 ? ['fifth'] : [] };
  const found = await store.get(entry);
  if (found !== null && !Buffer.from(found).equals(valueOf(`v${i}`, sizeOf(i)))) {
    console.log(`wrong: v${i}`);
    process.exit(1);
  }
  if (found === null) await store.put(entry, valueOf(`v${i}`, sizeOf(i)));
  if (round % 50 === 49) await store.flush();
  if (round % 333 === 332) await store.invalidateTag('fifth');
  if (round === 20) console.log('writing');
}
await store[Symbol.asyncDispose]();
console.log(JSON.stringify({ warnings }));
