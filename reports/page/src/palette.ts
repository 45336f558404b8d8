/** The colours of the canvas, read from the style sheet, so that they follow the theme. */
export interface Palette {
  readonly ink: string;
  readonly paper: string;
  readonly frame: string;
  readonly own: string;
  readonly rest: string;
  readonly line: string;
  readonly focus: string;
  readonly hatch: string;
  /** OKLCH lightness, chroma, and the step between shades, of the packages' tints. */
  readonly lightness: number;
  readonly chroma: number;
  readonly step: number;
}

export function readPalette(element: HTMLElement): Palette {
  const style = getComputedStyle(element);
  const text = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: text('ink'),
    paper: text('paper'),
    frame: text('chart-frame'),
    own: text('chart-own'),
    rest: text('chart-rest'),
    line: text('chart-line'),
    focus: text('focus'),
    hatch: text('chart-hatch'),
    lightness: Number(text('tint-lightness')),
    chroma: Number(text('tint-chroma')),
    step: Number(text('tint-step')),
  };
}
