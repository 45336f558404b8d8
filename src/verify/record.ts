import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { BrowserContext, Download, Page, Request } from 'playwright-core';
import { normaliseText, normaliseUrl, withoutStack } from './normalise.ts';
import type { ConsoleObservation, EventObservation, RequestKind, RequestObservation } from './observation.ts';

/** Listens to a browser context from its first request to its last. */
export interface ContextRecord {
  watch(page: Page): void;
  /** Uncaught errors so far. */
  errors(): readonly string[];
  /** A number that grows whenever a request begins or ends. */
  activity(): number;
  /** Waits until no request is under way. Those that take longer than so many ms are not waited for again. */
  idle(limitMs: number): Promise<void>;
  finish(): Promise<{
    readonly console: readonly ConsoleObservation[];
    readonly errors: readonly string[];
    readonly requests: readonly RequestObservation[];
    readonly events: readonly EventObservation[];
  }>;
}

const kinds: Readonly<Record<string, RequestKind>> = {
  document: 'document',
  script: 'script',
  stylesheet: 'style',
  fetch: 'data',
  xhr: 'data',
};

export function recordContext(context: BrowserContext, origin: string): ContextRecord {
  const lines: ConsoleObservation[] = [];
  const errors: string[] = [];
  const events: EventObservation[] = [];
  const requests: Promise<RequestObservation>[] = [];
  const open = new Set<Request>();
  let waiting: (() => void)[] = [];
  let activity = 0;
  const clean = (text: string): string => normaliseText(text, origin);

  const end = (request: Request): void => {
    activity += 1;
    open.delete(request);
    if (open.size > 0) return;
    for (const wake of waiting) wake();
    waiting = [];
  };
  context.on('request', (request) => {
    if (isInline(request)) return;
    activity += 1;
    // A stream of events never ends, so nobody waits for it.
    if (!/^(eventsource|websocket|ping)$/.test(request.resourceType())) open.add(request);
  });
  context.on('requestfinished', (request) => {
    if (isInline(request)) return;
    requests.push(statusOf(request).then((status) => observe(request, status, origin)));
    end(request);
  });
  context.on('requestfailed', (request) => {
    if (isInline(request)) return;
    requests.push(failureOf(request, origin).then((status) => observe(request, status, origin)));
    end(request);
  });
  context.on('console', (message) => {
    // The browser's own remark on a failed request comes at any time; the request is on record.
    if (message.text().startsWith('Failed to load resource:')) return;
    // So does the graphics driver's advice on speed, which goes by what the browser has drawn before.
    if (message.text().includes('GL Driver Message')) return;
    lines.push({ type: message.type(), text: clean(withoutStack(message.text())) });
  });
  context.on('weberror', (webError) => errors.push(clean(describeError(webError.error()))));

  const downloads: Promise<void>[] = [];
  const watch = (page: Page): void => {
    page.on('dialog', (dialog) => {
      events.push({ type: 'dialog', text: `${dialog.type()}: ${clean(dialog.message())}` });
      dialog.accept(dialog.defaultValue()).catch(() => undefined);
    });
    page.on('popup', (popup) => {
      events.push({ type: 'page', text: normaliseUrl(popup.url(), origin) });
      watch(popup);
    });
    page.on('download', (download) =>
      downloads.push(describeDownload(download).then((event) => void events.push(event))),
    );
    page.on('websocket', (socket) => {
      const url = normaliseUrl(socket.url(), origin);
      requests.push(Promise.resolve({ kind: 'other', method: 'GET', url, status: 'blocked' }));
    });
  };

  return {
    watch,
    errors: () => errors,
    activity: () => activity,
    idle(limitMs) {
      if (open.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          open.clear();
          resolve();
        }, limitMs);
        waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
    async finish() {
      await Promise.all(downloads);
      const seen = await Promise.all(requests);
      return { console: [...lines], errors: [...errors], requests: inOrder(seen), events: [...events] };
    },
  };
}

/**
 * Sorted. A file is told once, with the answer it had, however often it was asked for: whether the browser asks again for a
 * picture that it still has in memory, or gives up a download because the page is left, is its own affair. Data and documents
 * are told as often as they were asked for.
 */
function inOrder(requests: readonly RequestObservation[]): RequestObservation[] {
  const sorted = requests.map((request) => [lineOf(request), request] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  const told = new Set<string>();
  return sorted.flatMap(([, request]) => {
    const { kind, method, url } = request;
    if (kind === 'data' || kind === 'document') return [request];
    const file = `${kind} ${method} ${url}`;
    if (told.has(file)) return [];
    told.add(file);
    return [request];
  });
}

function lineOf({ kind, method, url, status }: RequestObservation): string {
  return `${kind} ${url} ${method} ${status}`;
}

/** Data and blobs are in the page already. */
function isInline(request: Request): boolean {
  return /^(data|blob):/.test(request.url());
}

function isLocal(url: string, origin: string): boolean {
  return url.startsWith(`${origin}/`);
}

function observe(request: Request, status: RequestObservation['status'], origin: string): RequestObservation {
  const kind = kinds[request.resourceType()] ?? 'other';
  return { kind, method: request.method(), url: normaliseUrl(request.url(), origin), status };
}

async function statusOf(request: Request): Promise<number | 'failed'> {
  const response = await request.response().catch(() => null);
  return response?.status() ?? 'failed';
}

/** A module whose answer is an error fails as a request: the answer says more. */
async function failureOf(request: Request, origin: string): Promise<RequestObservation['status']> {
  if (!isLocal(request.url(), origin)) return 'blocked';
  const status = await statusOf(request);
  return status !== 'failed' && status >= 400 ? status : 'failed';
}

/** `Name: message`. What is thrown need not be an error. */
function describeError(error: Error): string {
  const name = error.name || 'Error';
  return withoutStack(error.message.startsWith(`${name}:`) ? error.message : `${name}: ${error.message}`);
}

async function describeDownload(download: Download): Promise<EventObservation> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(await download.path())) hash.update(chunk as Buffer);
    return { type: 'download', text: `${download.suggestedFilename()} sha256 ${hash.digest('hex')}` };
  } catch {
    return { type: 'download', text: `${download.suggestedFilename()} failed` };
  }
}
