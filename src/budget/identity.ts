import type { Build, Module, ModuleIndex } from '../model/build.ts';

/**
 * What a module is called whatever folder its package lies in and whatever its version: `lodash-es/get.js` for a package's
 * module, the id for others.
 */
export function moduleKey({ id, package: owner }: Module): string {
  if (owner === null) return id;
  const at = id.lastIndexOf(`node_modules/${owner.name}/`);
  return at === -1 ? `${owner.name}:${id}` : id.slice(at + 'node_modules/'.length);
}

/** Modules of two builds that are one and the same. Each is in one pair at most. */
export interface Joined {
  /** By module of the build before: the one after, or -1; and the other way round. */
  readonly after: Int32Array;
  readonly before: Int32Array;
}

/**
 * Joins by `moduleKey`. Of several copies of a package those of equal version and then of equal path belong together. Own
 * modules that are only on one side are the same file moved if just one on either side has that name and that many bytes.
 */
export function joinModules(before: Build, after: Build): Joined {
  const joined: Joined = {
    after: new Int32Array(before.modules.length).fill(-1),
    before: new Int32Array(after.modules.length).fill(-1),
  };
  const join = (keyOf: (module: Module) => string | null): void => {
    const left = waiting(before, joined.after, keyOf);
    for (const [key, candidates] of waiting(after, joined.before, keyOf)) {
      const others = left.get(key);
      if (others === undefined) continue;
      candidates.slice(0, others.length).forEach((module, at) => {
        joined.before[module] = others[at]!;
        joined.after[others[at]!] = module;
      });
    }
  };
  join(({ id }) => id);
  join((module) => `${module.package?.version ?? ''} ${moduleKey(module)}`);
  join(moduleKey);
  joinMoved(before, after, joined);
  return joined;
}

function waiting(
  build: Build,
  joined: Int32Array,
  keyOf: (module: Module) => string | null,
): Map<string, ModuleIndex[]> {
  const groups = new Map<string, ModuleIndex[]>();
  build.modules.forEach((module, index) => {
    const key = joined[index] === -1 ? keyOf(module) : null;
    if (key === null) return;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  });
  return groups;
}

function joinMoved(before: Build, after: Build, joined: Joined): void {
  const keyOf = ({ id, package: owner, sourceBytes }: Module): string | null =>
    owner !== null || sourceBytes === null || sourceBytes === 0
      ? null
      : `${id.slice(id.lastIndexOf('/') + 1)} ${sourceBytes}`;
  const left = waiting(before, joined.after, keyOf);
  for (const [key, [module, ...more]] of waiting(after, joined.before, keyOf)) {
    const others = left.get(key);
    if (more.length > 0 || others?.length !== 1) continue;
    joined.before[module!] = others[0]!;
    joined.after[others[0]!] = module!;
  }
}

/** The name of an output without the part that a content hash makes: `assets/index-*.js`. */
export function withoutHash(file: string): string {
  return file.replace(/(^|[-._~/])([A-Za-z0-9_-]{6,32})(?=\.)/g, (found, before: string, word: string) => {
    // From the right: `admin-page-BxY_z-12` is `admin-page-` and a hash of 8.
    for (const length of [8, 10, 12, 16, 20, 32, word.length]) {
      const hash = word.slice(-length);
      const rest = word.slice(0, -length);
      if (
        hash.length === length &&
        looksLikeHash(hash) &&
        (rest === '' ? before !== '' && before !== '/' : /[-._~]$/.test(rest))
      ) {
        return `${before}${rest}*`;
      }
    }
    return found;
  });
}

function looksLikeHash(word: string): boolean {
  if (/^[A-Z2-7]{8}$/.test(word)) return true;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/].filter((kind) => kind.test(word.slice(1))).length;
  return word.length >= 6 && kinds >= 2 && !/^v?\d+[-_]/.test(word);
}

/** Pairs of outputs, positions in `outputs`; null where there is no counterpart. */
export type OutputPair = readonly [before: number | null, after: number | null];

/** Joins outputs of equal kind: first those that share a name but for the hash, by how much of their content is common; then by content. */
export function joinOutputs(before: Build, after: Build, modules: Joined): OutputPair[] {
  const homes = new Map<ModuleIndex, { output: number; raw: number }[]>();
  after.outputs.forEach(({ parts }, output) => {
    for (const { module, bytes } of parts) {
      if (module === null) continue;
      const known = homes.get(module);
      if (known === undefined) homes.set(module, [{ output, raw: bytes.raw }]);
      else known.push({ output, raw: bytes.raw });
    }
  });
  const names = new Map<string, number[]>();
  after.outputs.forEach(({ file, kind }, output) => {
    const key = `${kind} ${withoutHash(file)}`;
    names.set(key, [...(names.get(key) ?? []), output]);
  });
  const pairs: { from: number; to: number; isNamed: boolean; shared: number }[] = [];
  before.outputs.forEach(({ file, kind, parts, bytes }, from) => {
    const shared = new Map<number, number>();
    for (const { module, bytes: own } of parts) {
      const other = module === null ? -1 : modules.after[module]!;
      if (other === -1) continue;
      for (const { output, raw } of homes.get(other) ?? [])
        shared.set(output, (shared.get(output) ?? 0) + Math.min(raw, own.raw));
    }
    const named = new Set(names.get(`${kind} ${withoutHash(file)}`));
    for (const to of new Set([...named, ...shared.keys()])) {
      const target = after.outputs[to]!;
      const common = shared.get(to) ?? 0;
      const isNamed = named.has(to);
      if (target.kind !== kind || (!isNamed && 2 * common < Math.max(bytes.raw, target.bytes.raw))) continue;
      pairs.push({ from, to, isNamed: isNamed || file === target.file, shared: common });
    }
  });
  pairs.sort((a, b) => Number(b.isNamed) - Number(a.isNamed) || b.shared - a.shared || a.from - b.from || a.to - b.to);
  const toOf = new Map<number, number>();
  const taken = new Set<number>();
  for (const { from, to } of pairs) {
    if (toOf.has(from) || taken.has(to)) continue;
    toOf.set(from, to);
    taken.add(to);
  }
  return [
    ...before.outputs.map((_, from): OutputPair => [from, toOf.get(from) ?? null]),
    ...after.outputs.flatMap((_, to): OutputPair[] => (taken.has(to) ? [] : [[null, to]])),
  ];
}
