/** The colours of the charts. They only help to tell things apart: names and patterns say the same. */
import { MODULE_FORMATS } from '../../../src/model/build.ts';
import type { Palette } from './palette.ts';
import { OWN_CODE } from './model.ts';
import type { Model } from './model.ts';
import type { State } from './state.ts';
import type { TreeNode } from './tree.ts';

const FORMAT_HUES: Record<(typeof MODULE_FORMATS)[number], number> = {
  esm: 165,
  cjs: 25,
  json: 300,
  css: 240,
  asset: 60,
  unknown: 210,
};

/** Without the yellow greens, which are the project's own code, and without reds, which would look like alarms. */
const PACKAGE_HUES = [...range(145, 305, 10), ...range(45, 95, 10)];

export function fillOf(model: Model, node: TreeNode, by: State['colour'], palette: Palette): string {
  if (node.kind === 'root' || node.kind === 'output') return palette.frame;
  if (node.kind === 'rest') return palette.rest;
  if (by === 'format') {
    if (node.module === -1) return palette.frame;
    return tint(FORMAT_HUES[MODULE_FORMATS[model.format[node.module] ?? 0] ?? 'unknown'], 0, palette);
  }
  if (node.package === OWN_CODE) return palette.own;
  const name = model.packages[node.package ?? 0]?.name ?? '';
  const hash = hashOf(name);
  return tint(PACKAGE_HUES[hash % PACKAGE_HUES.length] ?? 0, (hash >>> 8) % 3, palette);
}

/** What the colours of the formats mean, for those that the build has. */
export function formatLegend(model: Model, palette: Palette): { readonly name: string; readonly colour: string }[] {
  return MODULE_FORMATS.filter((_, format) => model.format.includes(format)).map((name) => ({
    name,
    colour: tint(FORMAT_HUES[name], 0, palette),
  }));
}

function tint(hue: number, shade: number, palette: Palette): string {
  return `oklch(${palette.lightness + shade * palette.step} ${palette.chroma} ${hue})`;
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, i) => from + i * step);
}

/** FNV-1a, so that a package has the same colour in every report. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash >>> 0;
}
