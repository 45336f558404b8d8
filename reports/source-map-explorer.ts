/** A build in the shape of `source-map-explorer --json` (version 2.5). Raw bytes only: it knows no others. */
import type { Build, Output, RestName } from '../src/model/build.ts';

/** What source-map-explorer calls bytes without a source. Everything else that no module owns is unmapped to it. */
const SPECIAL: Partial<Record<RestName, string>> = {
  'line-ends': '[EOLs]',
  'source-map-comment': '[sourceMappingURL]',
};
const UNMAPPED = '[unmapped]';

/** Assets have no source map, so they are left out. */
export function renderSourceMapExplorer(build: Build): string {
  const results = build.outputs.filter(({ kind }) => kind !== 'asset').map((output) => bundle(build, output));
  return `${JSON.stringify({ results }, null, 2)}\n`;
}

function bundle({ modules }: Build, { file, bytes, parts }: Output): object {
  const files = new Map<string, number>();
  let mapped = 0;
  for (const { module, rest, bytes: own } of parts) {
    if (own.raw === 0) continue;
    const name = module === null ? (SPECIAL[rest!] ?? UNMAPPED) : modules[module]!.id;
    if (module !== null) mapped += own.raw;
    files.set(name, (files.get(name) ?? 0) + own.raw);
  }
  return {
    bundleName: file,
    totalBytes: bytes.raw,
    mappedBytes: mapped,
    unmappedBytes: files.get(UNMAPPED) ?? 0,
    eolBytes: files.get('[EOLs]') ?? 0,
    sourceMapCommentBytes: files.get('[sourceMappingURL]') ?? 0,
    files: Object.fromEntries([...files].map(([name, size]) => [name, { size }])),
  };
}
