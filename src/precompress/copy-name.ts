/** What copies are called, and which names are those of copies. */
import type { DeltaFormat } from './settings.ts';

/** Sixteen digits tell more earlier versions apart than there will ever be. */
export function deltaName(file: string, dictionary: string, format: DeltaFormat): string {
  return `${file}.${dictionary.slice(0, 16)}.${format}`;
}

/** Whether a copy can have this name: neither a torn journal nor a forged manifest may name another file as ours. */
export function isCopyName(name: string): boolean {
  return /\.(?:br|gz|zst|dcb|dcz)$/.test(name) && !name.split('/').includes('..');
}

/** The file that a copy with this name would be of; null: the name is none of a copy. */
export function originalOf(file: string): string | null {
  if (!isCopyName(file)) return null;
  return file.replace(/\.(?:br|gz|zst)$|\.[0-9a-f]{16,64}\.(?:dcb|dcz)$/, '');
}
