/** Shows a file in the program that the desktop has for it. */
import { spawn } from 'node:child_process';

const OPENERS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  // `start` is the shell's own; its first quoted argument would be a window's title.
  win32: ['cmd', '/c', 'start', ''],
};

/** @returns why it could not be opened; null: it was handed over */
export function openFile(file: string): Promise<string | null> {
  const [program, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  return new Promise((resolve) => {
    const child = spawn(program!, [...args, file], { stdio: 'ignore', detached: true });
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? `there is no ${program} here` : error.message),
    );
    child.once('exit', (code) => resolve(code === 0 ? null : `${program} ended with exit code ${code}`));
    child.once('spawn', () => {
      child.unref();
      // Some openers stay as long as the page is open: one that lives for a second has taken the file.
      setTimeout(() => resolve(null), 1_000).unref();
    });
  });
}
