/**
 * What a command said, kept with a fingerprint of every file that it rests on: while nothing of that has changed, the same question
 * has the same answer, and nothing else need be loaded to give it. Synchronous throughout and without modules of its own: that is
 * what starts quickest.
 *
 * A fingerprint is what git's index goes by: size, times and inode of each file and folder that was read, and what stood at each
 * path that was looked for. What is younger than the run that read it (or could be, by the coarseness of its file system's clock)
 * is not known: such an answer isn't kept.
 *
 * A package that was installed is taken as a whole, as webpack does (`snapshot.managedPaths`): its package.json stands for what is
 * in it, since every package manager makes it anew. Packages that are linked from elsewhere, as those of a
 * workspace are, go file by file.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';

export interface Answer {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** What stands at a path. */
export type PathType = 'file' | 'folder' | 'none';

/** What an answer rests on; all paths are absolute. */
export interface Grounds {
  /** Files that were read and folders that were listed. */
  readonly read: ReadonlySet<string>;
  /** Paths of which only what stands there counted. */
  readonly probed: ReadonlyMap<string, PathType>;
}

/** The same, as it stood: `FIELDS` numbers for each path. */
export interface Fingerprint {
  readonly paths: readonly string[];
  readonly rows: Float64Array;
}

/** The change time in milliseconds, and a mix of the rest; of a path that was only looked for: its type as a negative number, and 0. */
const FIELDS = 2;
const TYPES: readonly PathType[] = ['file', 'folder', 'none'];

/** Goes up with every change of the format. */
const MAGIC = 0x41726102;
const HEAD = 8;
const MOST_ANSWERS = 64;
const MOST_BYTES = 64 * 1024 * 1024;

/** In the cache of the nearest folder upwards that has a node_modules; null: there is none. */
export function answersFolder(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const modules = join(folder, 'node_modules');
    if (existsSync(modules)) return join(modules, '.cache', 'pare', 'answers');
    if (folder === dirname(folder)) return null;
  }
}

/** The answer, if it still holds; null: it doesn't, it is damaged, or there is none. Never throws. */
export function readAnswer(folder: string, key: string): (Answer & { readonly fingerprint: Fingerprint }) | null {
  const file = join(folder, nameOf(key));
  let kept: ReturnType<typeof decode>;
  try {
    const bytes = readFileSync(file);
    kept = decode(bytes);
  } catch {
    return null;
  }
  if (kept?.key !== key || !stillHolds(kept.fingerprint)) return null;
  return kept;
}

/** Keeps an answer if it can; the oldest go. Never throws. */
export function writeAnswer(folder: string, key: string, answer: Answer, fingerprint: Fingerprint): void {
  const file = join(folder, nameOf(key));
  const aside = `${file}.${process.pid}.partial`;
  try {
    const bytes = encode(key, answer, fingerprint);
    if (bytes.length > MOST_BYTES / 4) return;
    mkdirSync(folder, { recursive: true });
    writeFileSync(aside, bytes);
    renameSync(aside, file);
    makeRoom(folder);
  } catch {
    // A folder that can't be written to keeps nothing.
    try {
      rmSync(aside, { force: true });
    } catch {
      // Nor can anything be taken away from it.
    }
  }
}

/** Says that an answer was asked for: the oldest go first. */
export function touchAnswer(folder: string, key: string): void {
  try {
    const now = Date.now() / 1000;
    utimesSync(join(folder, nameOf(key)), now, now);
  } catch {
    // It goes by the age that it has.
  }
}

/**
 * @param since milliseconds since 1970 before the first of the paths was looked at
 * @param own folders that are no installed packages, wherever they lie
 * @returns null where something may have changed since then
 */
export function takeFingerprint(grounds: Grounds, since: number, own: readonly string[]): Fingerprint | null {
  const paths: string[] = [];
  const rows: number[] = [];
  const addRead = (path: string): boolean => {
    const stats = tryStat(path);
    if (stats === undefined || isYoung(stats, since)) return false;
    paths.push(path);
    rows.push(stats.ctimeMs, mixOf(stats));
    return true;
  };
  const fewer = withoutInstalled(grounds, own);
  for (const path of fewer.read) if (!addRead(path)) return null;
  for (const [path, type] of fewerProbes(fewer)) {
    if (type === 'listing') {
      if (!addRead(path)) return null;
      continue;
    }
    if (typeAt(path) !== type) return null;
    paths.push(path);
    rows.push(-1 - TYPES.indexOf(type), 0);
  }
  return { paths, rows: Float64Array.from(rows) };
}

/** Whatever changes a file changes its change time; the rest is for file systems that keep it badly. */
function mixOf({ mtimeMs, size, ino }: Stats): number {
  return mtimeMs + size * 1021 + ino / 7;
}

/** What is in an installed package gives way to its package.json. */
function withoutInstalled({ read, probed }: Grounds, own: readonly string[]): Grounds {
  const installed = new Map<string, boolean>();
  const packageOf = (path: string): string | null => {
    const folder = packageFolder(path);
    if (folder === null) return null;
    let is = installed.get(folder);
    if (is === undefined) {
      is = !own.some((each) => each === folder || each.startsWith(folder + sep)) && isInstalled(folder);
      installed.set(folder, is);
    }
    return is ? folder : null;
  };
  const files = new Set<string>();
  for (const path of read) {
    const folder = packageOf(path);
    if (folder === null) files.add(path);
    else files.add(join(folder, 'package.json'));
  }
  const looked = new Map<string, PathType>();
  for (const [path, type] of probed) {
    const folder = packageOf(path);
    if (folder === null) looked.set(path, type);
    else files.add(join(folder, 'package.json'));
  }
  return { read: files, probed: looked };
}

/** Of `…/node_modules/@scope/name/lib/x.js` what comes before `/lib`; null for a path that is in no package, or is its folder. */
function packageFolder(path: string): string | null {
  const within = /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\@.][^/\\]*(?=[/\\])/.exec(path);
  return within === null ? null : within[0];
}

function isInstalled(folder: string): boolean {
  try {
    const real = realpathSync(folder);
    return /[/\\]node_modules[/\\]/.test(real) && existsSync(join(real, 'package.json'));
  } catch {
    return false;
  }
}

export function joinFingerprints(a: Fingerprint, b: Fingerprint): Fingerprint {
  const rows = new Float64Array(a.rows.length + b.rows.length);
  rows.set(a.rows);
  rows.set(b.rows, a.rows.length);
  return { paths: [...a.paths, ...b.paths], rows };
}

function stillHolds({ paths, rows }: Fingerprint): boolean {
  for (let i = 0; i < paths.length; i++) {
    const path = paths[i]!;
    const first = rows[i * FIELDS]!;
    if (first < 0) {
      if (typeAt(path) !== TYPES[-1 - first]) return false;
      continue;
    }
    const stats = tryStat(path);
    if (stats === undefined || stats.ctimeMs !== first || mixOf(stats) !== rows[i * FIELDS + 1]) return false;
  }
  return true;
}

/** File systems keep times in steps: Linux's kernel in ticks of at most 10 ms, some disks in whole seconds, FAT in two. */
const FINE_STEP_MS = 20;
const COARSE_STEP_MS = 2_500;

function isYoung({ mtimeMs, ctimeMs }: Stats, since: number): boolean {
  const latest = Math.max(mtimeMs, ctimeMs);
  return latest > since - (ctimeMs % 1000 === 0 ? COARSE_STEP_MS : FINE_STEP_MS);
}

/** From so many paths on that were not there in one folder, the folder itself is watched in their place. */
const MANY = 8;

/**
 * A file that was not there is not there as long as its folder is unchanged, or not there itself. Imports are looked for under
 * many endings, so this leaves a tenth of the paths.
 */
function fewerProbes({ read, probed }: Grounds): Map<string, PathType | 'listing'> {
  const wanted = new Map<string, PathType | 'listing'>();
  const missing = new Map<string, string[]>();
  const folders = new Map<string, boolean>();
  const isFolder = (path: string): boolean => {
    let is = folders.get(path);
    if (is === undefined) folders.set(path, (is = typeAt(path) === 'folder'));
    return is;
  };
  for (const [path, type] of probed) {
    if (type !== 'none') {
      if (!read.has(path)) wanted.set(path, type);
      continue;
    }
    let absent = path;
    for (let parent = dirname(absent); !isFolder(parent) && parent !== dirname(parent); parent = dirname(absent)) {
      // Something that is no folder stands there: the path itself is all that can be said.
      if (typeAt(parent) !== 'none') {
        absent = path;
        break;
      }
      absent = parent;
    }
    const parent = dirname(absent);
    const siblings = missing.get(parent);
    if (siblings === undefined) missing.set(parent, [absent]);
    else siblings.push(absent);
  }
  for (const [folder, paths] of missing) {
    const distinct = new Set(paths);
    const names = distinct.size >= MANY ? namesIn(folder) : null;
    // A link that leads nowhere is there by its name, and its target may come to be.
    const isPlain = names !== null && ![...distinct].some((path) => names.has(path.slice(folder.length + 1)));
    if (isPlain) wanted.set(folder, 'listing');
    else for (const path of distinct) wanted.set(path, 'none');
  }
  return wanted;
}

function namesIn(folder: string): Set<string> | null {
  try {
    return new Set(readdirSync(folder));
  } catch {
    return null;
  }
}

const QUIET = { throwIfNoEntry: false } as const;

function tryStat(path: string): Stats | undefined {
  try {
    return statSync(path, QUIET);
  } catch {
    return undefined;
  }
}

function typeAt(path: string): PathType {
  const stats = tryStat(path);
  return stats === undefined ? 'none' : stats.isDirectory() ? 'folder' : 'file';
}

/** By a hash; that the key is the same is looked at within the file. */
function nameOf(key: string): string {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0xcc9e2d51) ^ (b >>> 15);
  }
  const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0');
  return `${hex(a)}${hex(b)}`;
}

/**
 * The head: magic, checksum of all that follows it, exit code, rows, and the lengths in bytes of key, paths, stdout and stderr.
 * Then the rows, and these four.
 */
function encode(key: string, { exitCode, stdout, stderr }: Answer, { paths, rows }: Fingerprint): Uint8Array {
  const parts = [Buffer.from(key), Buffer.from(paths.join('\0')), stdout, stderr];
  const lengths = parts.map(({ length }) => length);
  const head = Uint32Array.of(MAGIC, 0, exitCode, paths.length, ...lengths);
  const plain = Buffer.concat([asBytes(head), asBytes(rows), ...parts]);
  plain.writeUInt32LE(checksum(plain), 4);
  return plain;
}

/** null: damaged, or of another edition. */
function decode(bytes: Buffer): (Answer & { readonly key: string; readonly fingerprint: Fingerprint }) | null {
  if (bytes.length < HEAD * 4) return null;
  const head = Array.from({ length: HEAD }, (_, i) => bytes.readUInt32LE(i * 4));
  const [magic, sum, exitCode, count, ...lengths] = head as [number, number, number, number, ...number[]];
  const start = HEAD * 4 + count * FIELDS * 8;
  const total = lengths.reduce((end, length) => end + length, start);
  if (magic !== MAGIC || total !== bytes.length || sum !== checksum(bytes)) return null;
  const rows = new Float64Array(bytes.buffer.slice(bytes.byteOffset + HEAD * 4, bytes.byteOffset + start));
  let at = start;
  const [key, paths, stdout, stderr] = lengths.map((length) => bytes.subarray(at, (at += length))) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const list = count === 0 ? [] : paths.toString().split('\0');
  if (list.length !== count) return null;
  return { key: key.toString(), exitCode, stdout, stderr, fingerprint: { paths: list, rows } };
}

function asBytes({ buffer, byteOffset, byteLength }: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** From here on zlib's CRC is quicker than what is below, its loading included. */
const LARGE_BYTES = 128 * 1024;

/** Of all but the magic and itself, in steps of four bytes. Against accidents; a small answer doesn't wait for zlib to be loaded. */
function checksum(bytes: Uint8Array): number {
  if (bytes.length > LARGE_BYTES) {
    const crc32 = (process.getBuiltinModule as typeof process.getBuiltinModule | undefined)?.('node:zlib').crc32;
    if (crc32 !== undefined) return crc32(bytes.subarray(8), bytes.length);
  }
  let sum = bytes.length;
  const { buffer, byteOffset, length } = bytes;
  const aligned = byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Int32Array(
    aligned === bytes ? buffer : aligned.buffer,
    aligned === bytes ? byteOffset : 0,
    length >> 2,
  );
  for (let i = 2; i < words.length; i++) {
    sum = Math.imul(sum ^ words[i]!, 0x9e3779b1);
    sum ^= sum >>> 15;
  }
  for (let i = words.length * 4; i < length; i++) sum = Math.imul(sum ^ bytes[i]!, 0x01000193);
  return sum >>> 0;
}

const ABANDONED_MS = 60_000;

/** A process that is killed while it writes leaves such a file. */
function removeAbandoned(file: string): void {
  if ((tryStat(file)?.mtimeMs ?? Infinity) < Date.now() - ABANDONED_MS) rmSync(file, { force: true });
}

function makeRoom(folder: string): void {
  const names = readdirSync(folder);
  for (const name of names) if (name.endsWith('.partial')) removeAbandoned(join(folder, name));
  if (names.length <= MOST_ANSWERS / 4) return;
  const files = names
    .map((name) => ({ file: join(folder, name), stats: tryStat(join(folder, name)) }))
    .sort((a, b) => (b.stats?.mtimeMs ?? 0) - (a.stats?.mtimeMs ?? 0));
  let bytes = 0;
  files.forEach(({ file, stats }, i) => {
    bytes += stats?.size ?? 0;
    if (i >= MOST_ANSWERS || bytes > MOST_BYTES) rmSync(file, { force: true });
  });
}
