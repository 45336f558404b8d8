/**
 * What is undone when the process ends without having closed anything, because somebody called `process.exit()`. Only what
 * can be done at once: a listener of `exit` can't wait, and can't change how the process ends. It is there only as long as
 * there is something to undo.
 */
const undoings = new Set<() => void>();

function undoAll(): void {
  for (const undo of undoings) {
    try {
      undo();
    } catch {
      // There is nobody left to tell.
    }
  }
}

/** @returns takes it back */
export function atExit(undo: () => void): () => void {
  if (undoings.size === 0) process.on('exit', undoAll);
  undoings.add(undo);
  return () => {
    if (undoings.delete(undo) && undoings.size === 0) process.off('exit', undoAll);
  };
}
