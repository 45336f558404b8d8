/** Light or dark: as the system has it, until the reader chooses. */
import { fill, h } from './dom.ts';

const STORED = 'pare-theme';

export function themeButton(): HTMLElement {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const button = h('button', { type: 'button', class: 'theme' });
  const current = (): 'dark' | 'light' => {
    const chosen = document.documentElement.dataset['theme'];
    return chosen === 'dark' || chosen === 'light' ? chosen : dark.matches ? 'dark' : 'light';
  };
  const show = (): void => {
    const next = current() === 'dark' ? 'light' : 'dark';
    button.setAttribute('aria-label', `Switch to the ${next} theme`);
    fill(button, h('span', { 'aria-hidden': 'true' }, next === 'dark' ? '◐' : '◑'), ` ${next}`);
    document.dispatchEvent(new Event('themechange'));
  };
  const stored = read();
  if (stored !== null) document.documentElement.dataset['theme'] = stored;
  button.addEventListener('click', () => {
    const next = current() === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset['theme'] = next;
    write(next);
    show();
  });
  dark.addEventListener('change', show);
  show();
  return button;
}

/** A page opened from disk may have no storage. */
function read(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

function write(theme: string): void {
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // The choice then lasts as long as the page is open.
  }
}
