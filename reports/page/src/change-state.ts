/** Which way a change goes, and how the treemap says so: by colour, by pattern, and in words beside it. */
import type { Change } from '../../report-data.ts';
import { hatching, plusses, strokes } from './canvas.ts';
import type { Palette } from './palette.ts';

export type ChangeState = 'new' | 'grew' | 'shrank' | 'gone';

export const STATE_WORDS: Record<ChangeState, string> = {
  new: 'new',
  grew: 'grew',
  shrank: 'shrank',
  gone: 'gone',
};

export function changeState({ before, after }: Change, delta: number): ChangeState {
  if (before === null) return 'new';
  if (after === null) return 'gone';
  return delta > 0 ? 'grew' : 'shrank';
}

interface Look {
  readonly colour: string;
  readonly pattern: CanvasPattern | null;
}

/** New: crosses. Grew: plain. Shrank: strokes that fall. Gone: hatched like what is not there. */
export function changePatterns(
  context: CanvasRenderingContext2D,
  element: HTMLElement,
  palette: Palette,
): Record<ChangeState, Look> {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(`--change-${name}`).trim();
  return {
    new: { colour: colour('more'), pattern: plusses(context, palette) },
    grew: { colour: colour('more'), pattern: null },
    shrank: { colour: colour('less'), pattern: strokes(context, palette) },
    gone: { colour: colour('less'), pattern: hatching(context, palette) },
  };
}
