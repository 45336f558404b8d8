/** What the terminal at the other end of a stream can show. */

export interface TextStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/**
 * FORCE_COLOR comes before NO_COLOR (https://no-color.org), as in Node itself; without either, a terminal has colour and a
 * pipe or file has none.
 */
export function hasColor(stream: TextStream, env: NodeJS.ProcessEnv = process.env): boolean {
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false;
  return stream.isTTY ?? false;
}

/** Columns: what COLUMNS says, or the terminal; Infinity for a pipe or a file. */
export function widthOf(stream: TextStream, env: NodeJS.ProcessEnv = process.env): number {
  const wanted = Number(env['COLUMNS']);
  if (Number.isInteger(wanted) && wanted > 0) return wanted;
  return (stream.isTTY ?? false) ? (stream.columns ?? 80) : Infinity;
}
