import { describe, expect, it } from 'vitest';

import { immutableFiles, splitHashedName } from '../../src/precompress/hashed-name.ts';

describe('a content hash in a name', () => {
  it.each([
    ['assets/main-APZMX5IO.js', 'assets/main-', '.js', true],
    ['assets/index-DcxthKLP.js', 'assets/index-', '.js', false],
    ['assets/logo-DXjBdFY_.svg', 'assets/logo-', '.svg', false],
    ['assets/style-B3x_9zQk.css', 'assets/style-', '.css', true],
    ['js/main.3f2a9c0d.js', 'js/main.', '.js', true],
    ['js/main.3f2a9c0d1b2e4f5a6978.chunk.js', 'js/main.', '.chunk.js', true],
    ['js/8f14e45fceea167a5a36.js', 'js/', '.js', true],
    ['app-KTQWERTY.js', 'app-', '.js', false],
    ['report-20240101.js', 'report-', '.js', false],
  ])('is found in %s', (file, before, after, isCertain) => {
    expect(splitHashedName(file)).toMatchObject({ before, after, isCertain });
  });

  it.each([
    'vendor-analytics.js',
    'page-Settings.js',
    'index.html',
    'main.js',
    'jquery-3.7.1.min.js',
    'favicon.ico',
    'no-extension-APZMX5IO',
    'my.config.production.js',
  ])('is not seen in %s', (file) => {
    expect(splitHashedName(file)).toBeNull();
  });

  it('that could be a word counts where its neighbours have one beyond doubt', () => {
    expect(immutableFiles(['assets/index-DcxthKLP.js'])).toEqual(new Set());
    expect(immutableFiles(['assets/index-DcxthKLP.js', 'assets/index-DTS0ONO5.css'])).toEqual(
      new Set(['assets/index-DcxthKLP.js', 'assets/index-DTS0ONO5.css']),
    );
    expect(immutableFiles(['icons/PanelSVG.js', 'lib/icon-PanelSVG.js', 'assets/index-DTS0ONO5.css'])).toEqual(
      new Set(['assets/index-DTS0ONO5.css']),
    );
  });
});
