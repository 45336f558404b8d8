/** What the charts draw with: text that fits, and patterns that say what colours say. */
import type { Palette } from './palette.ts';

export function write(context: CanvasRenderingContext2D, text: string, x: number, y: number, palette: Palette): void {
  context.fillStyle = palette.ink;
  context.fillText(text, x, y);
}

export function clip(context: CanvasRenderingContext2D, text: string, room: number): string {
  const width = context.measureText(text).width;
  if (width <= room) return text;
  // Letters differ in width, so the first guess may still be too long.
  for (let length = Math.floor((room / width) * text.length); length >= 2; length--) {
    const clipped = `${text.slice(0, length)}…`;
    if (context.measureText(clipped).width <= room) return clipped;
  }
  return '';
}

export function hatching(context: CanvasRenderingContext2D, palette: Palette): CanvasPattern | null {
  return tile(context, 8, (tileContext) => {
    tileContext.strokeStyle = palette.hatch;
    tileContext.lineWidth = 1.4;
    for (const shift of [-8, 0, 8]) {
      tileContext.moveTo(shift - 1, 9);
      tileContext.lineTo(shift + 9, -1);
    }
    tileContext.stroke();
  });
}

/** Small crosses: what was added. */
export function plusses(context: CanvasRenderingContext2D, palette: Palette): CanvasPattern | null {
  return tile(context, 14, (tileContext) => {
    tileContext.fillStyle = palette.hatch;
    tileContext.fillRect(4, 6.2, 6, 1.6);
    tileContext.fillRect(6.2, 4, 1.6, 6);
  });
}

/** Level strokes: what became less. */
export function strokes(context: CanvasRenderingContext2D, palette: Palette): CanvasPattern | null {
  return tile(context, 14, (tileContext) => {
    tileContext.fillStyle = palette.hatch;
    tileContext.fillRect(3, 6.2, 8, 1.6);
  });
}

export function dotting(context: CanvasRenderingContext2D, palette: Palette): CanvasPattern | null {
  return tile(context, 6, (tileContext) => {
    tileContext.fillStyle = palette.hatch;
    tileContext.fillRect(2, 2, 1.6, 1.6);
  });
}

function tile(
  context: CanvasRenderingContext2D,
  size: number,
  paint: (context: CanvasRenderingContext2D) => void,
): CanvasPattern | null {
  const ratio = window.devicePixelRatio || 1;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * ratio;
  const tileContext = canvas.getContext('2d');
  if (tileContext === null) return null;
  tileContext.scale(ratio, ratio);
  paint(tileContext);
  const pattern = context.createPattern(canvas, 'repeat');
  pattern?.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}
