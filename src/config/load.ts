/**
 * Loads the configuration from all its sources. Later ones win, key by key: defaults, the root of the workspace, what is
 * extended, `pare.config.*`, the field `pare` of package.json, `PARE_*`, the command line, a plugin's own options.
 */
import { realpathSync } from 'node:fs';
import path from 'node:path';

import type { Diagnostic } from '../model/build.ts';
import { nearest } from '../model/nearest-name.ts';
import { encryptionKeyProblem, parseEncryptionKey } from './encryption-key.ts';
import { resolveExtended } from './extended.ts';
import {
  findConfigFiles,
  isObject,
  readManifest,
  type ConfigFiles,
  type FoundFiles,
  type Manifests,
} from './find-files.ts';
import type { Place } from './json-place.ts';
import { keyAt } from './keys.ts';
import type { ConfigContext, PareConfig } from './pare-config.ts';
import { ConfigError, toProblem, withPlaces, type LooseFinding } from './problems.ts';
import { readConfigFile, type ReadResult } from './read-file.ts';
import { decide, isInUse, isOn, resolveConfig, type Deciding } from './resolve-config.ts';
import type { ResolvedConfig } from './resolved-config.ts';
import { checkConfig } from './settings-check.ts';
import { segmentsOf, type ConfigProblem, type Layer, type Setting, type Source, type SourceKind } from './source.ts';
import { environmentSettings, flagSettings, type TextSettings } from './text-settings.ts';

export interface LoadOptions {
  /** Where the search begins, and what paths of the environment, the command line and a plugin are relative to. Default: the working directory. */
  readonly cwd?: string | undefined;
  /** A configuration's file in place of those that are looked for; relative to `cwd`. */
  readonly file?: string | undefined;
  /** No file is looked for. */
  readonly withoutFiles?: boolean | undefined;
  /** Default: that of the process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** In place of what PARE_ENV and NODE_ENV say. */
  readonly environment?: string | undefined;
  /** From the command line: see `settingsOfWords`. */
  readonly flags?: readonly Setting[] | undefined;
  /** What a plugin was called with. */
  readonly inline?: PareConfig | undefined;
  /** Modules are read anew, not from Node's memory of them. */
  readonly fresh?: boolean | undefined;
}

export interface Origin {
  readonly kind: SourceKind;
  /** File, variable or option: `pare.config.json`, `PARE_CACHE_MEMORY`, `--no-brotli`. */
  readonly name: string;
  /** Absolute; null where it is no file. */
  readonly file: string | null;
  /** Of an override for an environment: the environment's name. */
  readonly environment: string | null;
}

export interface LoadedConfig {
  /** Frozen. */
  readonly config: ResolvedConfig;
  /** Absolute: the project's own configuration; null: it has none. */
  readonly file: string | null;
  /** Folder of the project, absolute. */
  readonly folder: string;
  /** PARE_ENV, or else NODE_ENV; null: neither is set. */
  readonly environment: string | null;
  /** What was read, the defaults first. */
  readonly sources: readonly Source[];
  readonly warnings: readonly Diagnostic[];
  /** Where a key's value is from. A section's is where it was turned on or off. null: there is no such key. */
  readonly origin: (path: string) => Origin | null;
  /** Line and column of a key that a JSON file decides; null elsewhere. */
  readonly place: (path: string) => Promise<Place | null>;
  /**
   * The same with further settings on top; this one stays as it is.
   * @throws PareError `config-invalid`
   */
  readonly update: (partial: PareConfig) => LoadedConfig;
  /** Files that were read, absolute, and folders where a configuration may appear: what `watch` watches. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
  /** 32 bytes of PARE_CACHE_KEY; null: it isn't set. Never in `config`, so that it is never printed. */
  readonly encryptionKey: () => Uint8Array | null;
}

/**
 * @throws PareError `config-unreadable`, or `config-invalid` with every problem of every source, its place and its mend
 */
export async function load(options: LoadOptions = {}): Promise<LoadedConfig> {
  const collected = await collect(options);
  if (collected.findings.length > 0) throw new ConfigError(await withPlaces(collected.findings));
  return loaded(collected);
}

/** Everything that is wrong, of every source at once; an empty list where all is well. */
export async function validate(options: LoadOptions = {}): Promise<readonly ConfigProblem[]> {
  return withPlaces((await collect(options)).findings);
}

/** Files and folders that were looked at, whether or not what they say is right. */
export async function inspect(options: LoadOptions): Promise<{
  readonly loaded: LoadedConfig | ConfigError;
  readonly files: readonly string[];
  readonly folders: readonly string[];
}> {
  const collected = await collect(options);
  const { files, folders, findings } = collected;
  return {
    loaded: findings.length > 0 ? new ConfigError(await withPlaces(findings)) : loaded(collected),
    files: [...files],
    folders,
  };
}

interface Collected {
  readonly layers: Layer[];
  readonly findings: LooseFinding[];
  readonly warnings: Diagnostic[];
  readonly files: Set<string>;
  readonly texts: Map<string, string>;
  readonly folders: readonly string[];
  readonly folder: string;
  readonly file: string | null;
  readonly environment: string | null;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

async function collect(options: LoadOptions): Promise<Collected> {
  const env = options.env ?? process.env;
  const cwd = path.resolve(options.cwd ?? '.');
  const manifests: Manifests = new Map();
  const found =
    options.withoutFiles === true
      ? { folder: cwd, own: NONE, workspace: NONE, passedOver: [], folders: [] }
      : options.file === undefined
        ? await findConfigFiles(cwd, manifests)
        : namedFile(path.resolve(cwd, options.file));
  const environment = options.environment ?? (env['PARE_ENV'] || env['NODE_ENV'] || null);
  const into: Collected = {
    layers: [],
    findings: [],
    warnings: found.passedOver.map((file) => passedOver(file, found.own.file)),
    files: new Set(found.passedOver),
    texts: new Map(),
    folders: found.folders,
    folder: found.folder,
    file: found.own.file ?? found.own.manifest,
    environment,
    cwd,
    env,
  };
  const reader = new Reader(into, manifests, options.fresh ?? false);
  await reader.readFound(found.workspace, 'workspace');
  await reader.readFound(found.own, null, options.file !== undefined);
  if (options.environment === undefined) reader.warnOfEnvironment();
  const variables = environmentSettings(env);
  into.warnings.push(...variables.warnings);
  addText(into, variables, 'environment', 'the environment');
  addText(into, flagSettings(options.flags ?? []), 'flags', 'the command line');
  if (options.inline !== undefined)
    await reader.addConfig(options.inline, inlineSource('inline', 'options of the plugin'), cwd, []);
  if (into.findings.length === 0) into.findings.push(...crossProblems(into));
  return into;
}

const NONE: FoundFiles = { file: null, manifest: null };

function namedFile(file: string): ConfigFiles {
  const isManifest = path.basename(file) === 'package.json';
  return {
    folder: path.dirname(file),
    own: { file: isManifest ? null : file, manifest: isManifest ? file : null },
    workspace: { file: null, manifest: null },
    passedOver: [],
    folders: [path.dirname(file)],
  };
}

function passedOver(file: string, used: string | null): Diagnostic {
  const message = `${shownFile(file)} is passed over: ${path.basename(used ?? '')} beside it comes first`;
  return { code: 'config-passed-over', file: shownFile(file), message, hint: 'Keep one of them.' };
}

/** Reads files with all that they extend, the farthest first. */
class Reader {
  private readonly into: Collected;
  private readonly manifests: Manifests;
  private readonly fresh: boolean;
  private readonly known = new Map<string, Promise<ReadResult>>();
  private readonly environments = new Map<string, string>();

  constructor(into: Collected, manifests: Manifests, fresh: boolean) {
    this.into = into;
    this.manifests = manifests;
    this.fresh = fresh;
  }

  async readFound({ file, manifest }: FoundFiles, kind: 'workspace' | null, isNamed = false): Promise<void> {
    if (file !== null) await this.readFile(file, kind ?? 'file', []);
    if (manifest !== null) await this.readFile(manifest, kind ?? 'package', [], null, isNamed);
  }

  /** @param base folder that paths relative to the source are relative to; null: the file's own */
  private async readFile(
    file: string,
    kind: SourceKind,
    chain: readonly string[],
    base: string | null = null,
    mustHaveField = true,
  ): Promise<void> {
    const { into } = this;
    const isManifest = path.basename(file) === 'package.json';
    const name = shownFile(file);
    const source: Source = { kind, name, file, environment: null, within: isManifest ? ['pare'] : [] };
    const result = await this.contents(file);
    for (const each of result.files) into.files.add(each);
    if (result.text !== null) into.texts.set(file, result.text);
    if (!result.ok) {
      into.findings.push({
        path: '',
        message: result.message,
        source,
        text: null,
        place: result.place,
        isUnreadable: !result.isInvalid,
      });
      return;
    }
    if (isManifest && !(isObject(result.value) && 'pare' in result.value)) {
      if (mustHaveField)
        into.findings.push({
          path: '',
          message: 'has no field "pare"',
          source,
          text: null,
          place: null,
          isUnreadable: true,
        });
      return;
    }
    const value = isManifest ? (result.value as { readonly pare: unknown }).pare : result.value;
    await this.addConfig(value, source, base ?? path.dirname(file), [...chain, file]);
  }

  private contents(file: string): Promise<ReadResult> {
    if (path.basename(file) === 'package.json') return readManifest(path.dirname(file), this.manifests);
    const context: ConfigContext = { environment: this.into.environment, folder: this.into.folder };
    const known = this.known.get(file) ?? readConfigFile(file, { context, fresh: this.fresh });
    this.known.set(file, known);
    return known;
  }

  async addConfig(value: unknown, source: Source, base: string, chain: readonly string[]): Promise<void> {
    const { into } = this;
    const checked = checkConfig(value);
    const text = source.file === null ? null : (into.texts.get(source.file) ?? null);
    into.findings.push(...checked.findings.map((finding) => ({ ...finding, source, text })));
    for (const name of checked.extends) await this.extend(name, source, base, chain, text);
    const isFile = source.file !== null;
    const folders = { source: base, project: isFile ? into.folder : base };
    into.layers.push({ source, entries: checked.entries, names: new Map(), folders });
    for (const [name, { entries }] of checked.environments) {
      this.environments.set(name, source.name);
      if (name !== into.environment) continue;
      const within = [...source.within, 'env', name];
      into.layers.push({ source: { ...source, environment: name, within }, entries, names: new Map(), folders });
    }
  }

  private async extend(
    name: string,
    source: Source,
    base: string,
    chain: readonly string[],
    text: string | null,
  ): Promise<void> {
    const from = source.file ?? path.join(base, 'pare.config.js');
    const found = await resolveExtended(name, from);
    const { findings } = this.into;
    if (typeof found === 'string') {
      findings.push({ path: 'extends', message: found, source, text });
      return;
    }
    const real = realpathSync(found.file);
    const at = chain.findIndex((each) => realpathSync(each) === real);
    if (at !== -1) {
      const circle = [...chain.slice(at), found.file].map(shownFile).join(' → ');
      findings.push({ path: 'extends', message: `goes in a circle: ${circle}. Take one of them out`, source, text });
      return;
    }
    // What a package says is for the project that takes it up.
    await this.readFile(
      found.file,
      source.kind === 'workspace' ? 'workspace' : 'extends',
      chain,
      found.isPackage ? base : null,
    );
  }

  /** NODE_ENV is often set for other reasons; PARE_ENV is meant for us. */
  warnOfEnvironment(): void {
    const { env, warnings } = this.into;
    const wanted = env['PARE_ENV'] ?? '';
    if (wanted === '' || this.environments.size === 0 || this.environments.has(wanted)) return;
    const names = [...this.environments.keys()];
    const meant = nearest(wanted, names);
    const message = `PARE_ENV is ${JSON.stringify(wanted)}, and ${[...new Set(this.environments.values())].join(' and ')} has settings for ${names.join(', ')} only`;
    warnings.push({
      code: 'config-environment-unknown',
      file: null,
      message,
      hint: meant === null ? null : `Did you mean ${JSON.stringify(meant)}?`,
    });
  }
}

function inlineSource(kind: 'inline' | 'update', name: string): Source {
  return { kind, name, file: null, environment: null, within: [] };
}

function addText(into: Collected, { entries, names, problems }: TextSettings, kind: SourceKind, name: string): void {
  const source: Source = { kind, name, file: null, environment: null, within: [] };
  const folders = { source: into.cwd, project: into.cwd };
  if (entries.size > 0) into.layers.push({ source, entries, names, folders });
  into.findings.push(
    ...problems.map((problem) => ({ ...problem, source: { ...source, name: problem.name }, text: null })),
  );
}

/** What is right key by key and wrong together. */
function crossProblems({ layers, env, texts }: Collected): LooseFinding[] {
  const deciding = decide(layers);
  const at = (key: string) => {
    const layer = deciding.get(key);
    const file = layer?.source.file ?? null;
    const source = layer === undefined ? null : { ...layer.source, name: layer.names.get(key) ?? layer.source.name };
    return source === null ? null : { source, text: file === null ? null : (texts.get(file) ?? null) };
  };
  const problems: LooseFinding[] = [];
  const redis = keyAt('cache.redis')!;
  if (isInUse(redis, deciding) && isOn(redis, deciding)) {
    const redisAt = at('cache.redis');
    if (redisAt !== null && !deciding.has('cache.redis.url')) {
      const message = 'has no url. Write for example { "url": "redis://localhost:6379" }, or set PARE_CACHE_REDIS_URL';
      problems.push({ path: 'cache.redis', message, ...redisAt });
    }
    const encryptAt = at('cache.redis.encrypt');
    if (
      encryptAt !== null &&
      deciding.get('cache.redis.encrypt')!.entries.get('cache.redis.encrypt') === true &&
      !env['PARE_CACHE_KEY']
    ) {
      const message =
        'is true, and there is no key: set PARE_CACHE_KEY to 32 bytes as hex or base64, for example by "openssl rand -hex 32"';
      problems.push({ path: 'cache.redis.encrypt', message, ...encryptAt });
    }
  }
  const keyProblem = encryptionKeyProblem(env['PARE_CACHE_KEY']);
  if (keyProblem !== null) {
    const source: Source = { kind: 'environment', name: 'PARE_CACHE_KEY', file: null, environment: null, within: [] };
    problems.push({ path: '', message: keyProblem, source, text: null });
  }
  return problems;
}

const DEFAULTS: Source = { kind: 'defaults', name: 'defaults', file: null, environment: null, within: [] };

function loaded(collected: Collected): LoadedConfig {
  const { layers, folder, file, environment, warnings, files, folders, texts, cwd, env } = collected;
  const deciding = decide(layers);
  const encryptionKey = env['PARE_CACHE_KEY'] ?? '';
  return {
    config: resolveConfig(deciding, { folder, hasEncryptionKey: encryptionKey !== '' }),
    file,
    folder,
    environment,
    sources: [DEFAULTS, ...layers.map(({ source }) => source)],
    warnings,
    files: [...files],
    folders,
    origin: (key) => originOf(key, deciding),
    place: async (key) => {
      const source = deciding.get(key)?.source;
      const text = source?.file == null ? undefined : texts.get(source.file);
      if (text === undefined) return null;
      return (await import('./json-place.ts')).placeInJson(text, [...source!.within, ...segmentsOf(key)]);
    },
    update: (partial) => {
      const checked = checkConfig(partial);
      const source = inlineSource('update', 'update()');
      const findings: LooseFinding[] = checked.findings.map((finding) => ({ ...finding, source, text: null }));
      if (checked.extends.length > 0)
        findings.push({ path: 'extends', message: 'is for files: an update has settings only', source, text: null });
      const layer: Layer = {
        source,
        entries: checked.entries,
        names: new Map(),
        folders: { source: cwd, project: cwd },
      };
      const next: Collected = { ...collected, layers: [...layers, layer] };
      if (findings.length === 0) findings.push(...crossProblems(next));
      if (findings.length > 0) throw new ConfigError(findings.map(toProblem));
      return loaded(next);
    },
    encryptionKey: () => parseEncryptionKey(encryptionKey),
  };
}

function originOf(key: string, deciding: Deciding): Origin | null {
  if (keyAt(key) === undefined) return null;
  const layer = deciding.get(key);
  const { kind, name, file, environment } = layer?.source ?? DEFAULTS;
  return { kind, name: layer?.names.get(key) ?? name, file, environment };
}

export function shownFile(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative !== '' && !relative.startsWith('..') ? relative : file;
}
