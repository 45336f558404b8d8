/** The bundle that compressed bytes are attributed in, and whose its bytes are. */
import { fileURLToPath } from 'node:url';
import { TraceMap, decodedMappings } from '@jridgewell/trace-mapping';
import { build } from 'esbuild';
import type { Ownership } from '../src/measure/ownership.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export const SOURCE = `
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { Autocomplete, Button, Dialog, Slider, Tab, Table, TableBody, TableRow, Tabs, TextField } from '@mui/material';
import { ThemeProvider, createTheme } from '@mui/material/styles';
import _ from 'lodash';
import moment from 'moment';
import * as THREE from 'three';
import * as d3 from 'd3';
console.log(React, createRoot, Autocomplete, Button, Dialog, Slider, Tab, Table, TableBody, TableRow, Tabs, TextField, ThemeProvider);
console.log(createTheme, _.chunk, moment(), THREE, d3);
`;

export interface App {
  readonly content: Uint8Array;
  /** The module that each byte came from, by its number in `modules`; 0 is what no module owns. */
  readonly owners: Uint32Array;
  /** Paths as in the source map. */
  readonly modules: readonly string[];
}

/** React, MUI, lodash, moment, three and d3 in one minified file, about 1.7 MB. */
export async function buildApp(): Promise<App> {
  const result = await build({
    stdin: { contents: SOURCE, resolveDir: ROOT, sourcefile: 'app.js' },
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    format: 'esm',
    legalComments: 'none',
    sourcemap: 'external',
    define: { 'process.env.NODE_ENV': '"production"' },
    outfile: 'app.js',
    write: false,
    logLevel: 'silent',
  });
  const [map, code] = [/\.map$/, /\.js$/].map((name) => result.outputFiles.find((file) => name.test(file.path)));
  if (map === undefined || code === undefined) throw new Error('esbuild wrote no bundle or no source map');
  const trace = new TraceMap(map.text);
  const owners = new Uint32Array(code.contents.length);
  let lineStart = 0;
  // esbuild escapes what is not ASCII, so that a column is a byte.
  for (const [line, text] of code.text.split('\n').entries()) {
    const segments = decodedMappings(trace)[line] ?? [];
    for (const [i, segment] of segments.entries()) {
      const end = segments[i + 1]?.[0] ?? text.length + 1;
      owners.fill(segment.length > 1 ? (segment[1] ?? -1) + 1 : 0, lineStart + segment[0], lineStart + end);
    }
    lineStart += text.length + 1;
  }
  return { content: code.contents, owners, modules: ['(rest)', ...trace.sources.map((source) => source ?? '')] };
}

/** Bytes grouped by a name for each module. */
export interface Grouping {
  readonly names: readonly string[];
  readonly owners: Uint32Array;
  readonly ownership: Ownership;
  /** Bytes by group. */
  readonly raw: Uint32Array;
}

export function groupBy(app: App, nameOf: (module: string) => string): Grouping {
  const names: string[] = [];
  const groupOf = app.modules.map((module) => {
    const name = nameOf(module);
    if (!names.includes(name)) names.push(name);
    return names.indexOf(name);
  });
  const owners = app.owners.map((module) => groupOf[module] ?? 0);
  const raw = new Uint32Array(names.length);
  const ends: number[] = [];
  const runs: number[] = [];
  for (const [i, owner] of owners.entries()) {
    raw[owner] = (raw[owner] ?? 0) + 1;
    if (owners[i + 1] === owner) continue;
    ends.push(i + 1);
    runs.push(owner);
  }
  const ownership = {
    length: owners.length,
    ends: Uint32Array.from(ends),
    owners: Uint32Array.from(runs),
    ownerCount: names.length,
  };
  return { names, owners, ownership, raw };
}

export function packageOf(module: string): string {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1] ?? '(app)';
}

/** The dependency that an application would name in its package.json for this module. */
export function dependencyOf(module: string): string {
  const name = packageOf(module);
  if (
    /^(@mui|@emotion|@popperjs|@babel)\/|^(stylis|hoist-non-react-statics|clsx|react-transition-group|react-is|prop-types)$/.test(
      name,
    )
  ) {
    return '@mui/material';
  }
  if (/^(react|scheduler)$/.test(name)) return 'react-dom';
  if (/^(d3-.*|delaunator|robust-predicates|internmap)$/.test(name)) return 'd3';
  return name;
}

/** The bytes of `content` whose owner passes `keep`. */
export function pick(content: Uint8Array, owners: Uint32Array, keep: (owner: number) => boolean): Uint8Array {
  return content.filter((_, i) => keep(owners[i] ?? 0));
}
