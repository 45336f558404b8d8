// Asks for an entry and puts another, as a user without rights if that is asked for, and says what came of it.
//   node visitor.mjs STORE-MODULE {settings, uid, length, forgets}
import { pathToFileURL } from 'node:url';

const [module, text] = process.argv.slice(2);
const { settings, uid, length, forgets } = JSON.parse(text);
const { openStore } = await import(pathToFileURL(module).href);
if (uid !== null) process.setuid(uid);

const warnings = [];
const store = openStore(settings, { version: '1.2.3', onWarning: (warning) => warnings.push(warning) });
const known = await store.get({ kind: 'minified', of: ['known'] });
let computed = 0;
for (let i = 0; i < 200; i++) {
  const entry = { kind: 'minified', of: [`new ${i}`], tags: ['t'] };
  await store.put({ kind: 'facts', of: [`small ${i}`] }, Buffer.alloc(100));
  await store.through(entry, async () => (computed++, Buffer.alloc(length, i)));
  await store.through(entry, async () => (computed++, Buffer.alloc(length, i)));
}
if (forgets !== true) await store[Symbol.asyncDispose]();
console.log(JSON.stringify({ known: known === null ? null : Buffer.from(known).toString(), computed, warnings }));
