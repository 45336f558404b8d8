/** How a build differs from another, as the page shows it. */
import type { BeforeAndAfter, Change, Diff } from '../../reports/report-data.ts';
import { describeCause, diffBuilds, type DiffCause } from '../budget/diff.ts';
import type { Build, Bytes, Output } from '../model/build.ts';
import { NO_BYTES, sumBytes } from '../model/bytes.ts';
import { bareNames } from './bare-names.ts';

/** Code and CSS; assets are summed beside. */
export function diffSection(base: string, before: Build, after: Build): Diff {
  const diff = diffBuilds(withoutAssets(before), withoutAssets(after));
  const key = (cause: DiffCause): string => JSON.stringify(cause);
  const positions = new Map(diff.causes.map(({ cause }, position) => [key(cause), position]));
  const positionOf = (cause: DiffCause): number => positions.get(key(cause)) ?? -1;
  const changes: Change[] = [
    ...diff.modules.map(({ id, package: owner, before: from, after: to, cause }) => ({
      id,
      isRest: false,
      package: owner,
      before: present(from),
      after: present(to),
      cause: positionOf(cause),
    })),
    ...diff.rest.map(({ name, before: from, after: to }) => ({
      id: name,
      isRest: true,
      package: null,
      before: present(from),
      after: present(to),
      cause: positionOf({ kind: 'rest', name }),
    })),
  ];
  const { before: from, after: to } = diff.total;
  return {
    base,
    total: { before: from, after: to },
    assets: assetsOf(before, after),
    changes: changes.sort((a, b) => size(b) - size(a)),
    causes: diff.causes.map(({ cause, delta }) => ({ text: bareNames(describeCause(cause)), kind: cause.kind, delta })),
  };
}

function isAsset({ kind }: Output): boolean {
  return kind === 'asset';
}

function withoutAssets(build: Build): Build {
  return build.outputs.some(isAsset)
    ? { ...build, outputs: build.outputs.filter((output) => !isAsset(output)) }
    : build;
}

function assetsOf(before: Build, after: Build): BeforeAndAfter {
  const sum = ({ outputs }: Build): Bytes => sumBytes(outputs.filter(isAsset).map(({ bytes }) => bytes));
  return { before: sum(before), after: sum(after) };
}

/** null for what has no bytes at all: it is not there. */
function present(bytes: Bytes): Bytes | null {
  return bytes.raw === 0 && (bytes.gzip ?? 0) === 0 && (bytes.brotli ?? 0) === 0 ? null : bytes;
}

function size({ before, after }: Change): number {
  const [from, to] = [before ?? NO_BYTES, after ?? NO_BYTES];
  if (from.brotli !== null && to.brotli !== null) return Math.abs(to.brotli - from.brotli);
  return Math.abs(to.raw - from.raw);
}
