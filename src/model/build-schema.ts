/** The `Build` record as JSON: what a file must look like, checked at the door. The published JSON Schema is made from this. */
import * as v from 'valibot';

import { BUILD_SCHEMA, EDGE_KINDS, MODULE_FORMATS, REST_NAMES } from './build.ts';

const bytes = v.strictObject({
  raw: v.pipe(v.number(), v.minValue(0), v.description('Bytes of the file, UTF-8 where it is text')),
  gzip: v.pipe(v.nullable(v.number()), v.description('Bytes after gzip -9, in eighths; null: not measured')),
  brotli: v.pipe(v.nullable(v.number()), v.description('Bytes after brotli -q 11, in eighths; null: not measured')),
});
const index = v.pipe(v.number(), v.integer(), v.minValue(0));
const names = v.nullable(v.array(v.string()));

const Module = v.strictObject({
  id: v.pipe(v.string(), v.description('POSIX path relative to the root, or virtual:NAME; unique in the build')),
  package: v.nullable(v.strictObject({ name: v.string(), version: v.nullable(v.string()) })),
  format: v.picklist(MODULE_FORMATS),
  sourceBytes: v.nullable(v.number()),
  sideEffects: v.nullable(v.boolean()),
  exports: names,
  usedExports: names,
});

const Edge = v.strictObject({
  from: v.pipe(index, v.description('Position in modules')),
  to: v.pipe(index, v.description('Position in modules')),
  kind: v.picklist(EDGE_KINDS),
  names: v.pipe(names, v.description('Imported names; * for a namespace; empty for a bare import; null: not known')),
  line: v.pipe(v.nullable(v.number()), v.description('From 1')),
  column: v.pipe(v.nullable(v.number()), v.description('From 0, in UTF-16 units')),
});

const Part = v.strictObject({
  module: v.nullable(index),
  rest: v.nullable(v.picklist(REST_NAMES)),
  bytes,
});

const Output = v.strictObject({
  file: v.pipe(v.string(), v.description('POSIX path relative to the output folder; unique in the build')),
  kind: v.picklist(['chunk', 'css', 'asset']),
  entry: v.boolean(),
  entryModule: v.nullable(index),
  imports: v.array(v.strictObject({ file: v.string(), kind: v.picklist(['static', 'dynamic', 'css', 'url']) })),
  bytes,
  parts: v.pipe(v.array(Part), v.description('Sums over the parts equal bytes exactly, for each measure')),
});

const Diagnostic = v.strictObject({
  code: v.string(),
  file: v.nullable(v.string()),
  message: v.string(),
  hint: v.nullable(v.string()),
});

export const BuildSchema = v.strictObject({
  schema: v.literal(BUILD_SCHEMA),
  bundler: v.nullable(v.strictObject({ name: v.string(), version: v.nullable(v.string()) })),
  modules: v.array(Module),
  edges: v.array(Edge),
  outputs: v.array(Output),
  diagnostics: v.array(Diagnostic),
});
