import type { Import } from './imports.ts';

/** A row of the table of rooms in docs/architecture.md. */
export interface Room {
  /** A folder, which ends in `/`, or a single file. */
  readonly path: string;
  /** Rooms it may import; `pare` stands for the package's public entry points. null: anything. */
  readonly mayImport: readonly string[] | null;
  /** Whether it may not even import packages or Node's own modules. */
  readonly selfContained: boolean;
}

const ROW = /^\| `([^`]+)`\s*\|(?:.*)\|([^|]*)\|\s*$/;

/** Reads the rows `| \`room\` | what lives there | may import |` of a Markdown text. */
export function parseRooms(markdown: string): Room[] {
  return markdown.split('\n').flatMap((line) => {
    const row = ROW.exec(line);
    return row === null ? [] : [toRoom(row[1]!, row[2]!.trim())];
  });
}

function toRoom(path: string, cell: string): Room {
  if (cell === 'anything') return { path, mayImport: null, selfContained: false };
  if (cell === 'nothing at all') return { path, mayImport: [], selfContained: true };
  if (cell === 'nothing of ours') return { path, mayImport: [], selfContained: false };
  const names = cell.split(', ').map((name) => /^`([^`]+)`$/.exec(name)?.[1]);
  if (names.includes(undefined)) throw new Error(`The table of rooms says of ${path}, which can't be read: ${cell}`);
  return { path, mayImport: names as string[], selfContained: false };
}

/** The room that a file lives in: the one with the longest path. */
export function roomOf(rooms: readonly Room[], file: string): Room | undefined {
  return rooms
    .filter(({ path }) => (path.endsWith('/') ? file.startsWith(path) : file === path))
    .reduce<Room | undefined>((best, room) => (best && best.path.length > room.path.length ? best : room), undefined);
}

/** What the imports do that the rooms forbid, as sentences. */
export function forbiddenImports(rooms: readonly Room[], imports: readonly Import[]): string[] {
  const sentences = imports.flatMap((entry) => {
    const room = roomOf(rooms, entry.from);
    if (room === undefined) return [`${entry.from} lives in no room of the table`];
    const refused = `${entry.from} must not import ${entry.file ?? entry.specifier}`;
    if (entry.file === null) {
      const isPublic = entry.specifier === 'pare' || entry.specifier.startsWith('pare/');
      return room.selfContained || (isPublic && !allows(room, 'pare')) ? [refused] : [];
    }
    const target = roomOf(rooms, entry.file)?.path;
    // package.json and its like live in no room; everyone may read them.
    return target === undefined || target === room.path || allows(room, target) ? [] : [refused];
  });
  return [...new Set(sentences)];
}

const allows = ({ mayImport }: Room, target: string): boolean => mayImport === null || mayImport.includes(target);

/** One circle for each strongly connected part of the graph that has any, as the names along it. */
export function circles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const found: string[] = [];
  const visit = (name: string): void => {
    if (state.get(name) === 'done') return;
    if (state.get(name) === 'open') {
      found.push([...path.slice(path.indexOf(name)), name].join(' → '));
      return;
    }
    state.set(name, 'open');
    path.push(name);
    for (const next of edges.get(name) ?? []) visit(next);
    path.pop();
    state.set(name, 'done');
  };
  for (const name of edges.keys()) visit(name);
  return found;
}

/** The graph of files that relative imports make. */
export function fileGraph(imports: readonly Import[]): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const { from, file } of imports) {
    if (file !== null) graph.set(from, [...(graph.get(from) ?? []), file]);
  }
  return graph;
}
