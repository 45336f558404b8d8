/** What a file is, by the end of its name. */

const TYPES: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  cjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  eot: 'application/vnd.ms-fontobject',
  gif: 'image/gif',
  glb: 'model/gltf-binary',
  gltf: 'model/gltf+json',
  htm: 'text/html; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  m4a: 'audio/mp4',
  map: 'application/json; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  otf: 'font/otf',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  ttf: 'font/ttf',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  wav: 'audio/wav',
  webm: 'video/webm',
  webmanifest: 'application/manifest+json',
  webp: 'image/webp',
  woff: 'font/woff',
  woff2: 'font/woff2',
  xml: 'application/xml; charset=utf-8',
  zip: 'application/zip',
};

/** What is compressed already: another pass costs time and saves nothing. */
const COMPRESSED = new Set(
  (
    'avif gif jpeg jpg jxl png webp woff woff2 ' +
    'aac flac m4a m4v mkv mov mp3 mp4 ogg ogv opus webm ' +
    '7z br bz2 dcb dcz gz jar pdf rar tgz xz zip zst'
  ).split(' '),
);

/** The value of `Content-Type`; null where the name doesn't say it. */
export function contentTypeOf(file: string): string | null {
  return TYPES[extensionOf(file)] ?? null;
}

/** Of an unknown kind it is worth a try: what doesn't pay isn't kept. */
export function isCompressible(file: string): boolean {
  return !COMPRESSED.has(extensionOf(file));
}

export function isPage(file: string): boolean {
  return /^html?$/.test(extensionOf(file));
}

export function isSourceMap(file: string): boolean {
  return extensionOf(file) === 'map';
}

function extensionOf(file: string): string {
  return /\.([^./]+)$/.exec(file)?.[1]?.toLowerCase() ?? '';
}
