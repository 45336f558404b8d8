/** What is taken out of recorded text because it says nothing about behaviour: origins, content hashes, places in bundles. */

const assetFile =
  /([\w@~.%+[\]-]+)\.(m?js|cjs|css|map|wasm|json|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|otf|mp[34]|webm|ogg|txt|html|md|csv|xml|pdf|obj|mtl|stl|gltf|glb|bin|hdr|ktx2|webmanifest)\b/g;

/**
 * `index-B3x_9zQk.js` to `index-[hash].js`: the shapes in which esbuild (8 of base 32), Rollup and Vite (8 of base 64) and
 * webpack (16 to 64 hex digits) write a content hash. A word of small letters only is taken for a word.
 */
export function normaliseHashes(text: string): string {
  return text.replace(assetFile, (file, stem: string, extension: string) => {
    const normal = stem
      .replace(/^[0-9a-f]{8,64}$/, (hash) => (/\d/.test(hash) ? '[hash]' : hash))
      .replace(/([-.])([A-Za-z0-9_-]{8}|[0-9a-f]{16,64})(?=$|\.)/, (whole, mark: string, hash: string) =>
        /[A-Z0-9]/.test(hash) ? `${mark}[hash]` : whole,
      );
    return normal === stem ? file : `${normal}.${extension}`;
  });
}

/** Text of the page or its console: the app's origin, content hashes and `:line:column` behind a file are taken out. */
export function normaliseText(text: string, origin: string): string {
  const local = text.replaceAll(origin, '');
  return normaliseHashes(local)
    .replace(/(\.(?:m?js|cjs|css|html))(?::\d+){1,2}/g, '$1')
    .replace(/net::ERR_[A-Z_]+/g, 'net::ERR');
}

/** Path, query and fragment on the app's origin; another address stays whole. Content hashes are normalised. */
export function normaliseUrl(url: string, origin: string): string {
  if (url.startsWith('data:')) return `data:${url.slice(5, url.indexOf(','))}`;
  if (url.startsWith('blob:')) return 'blob:';
  if (url === origin) return '/';
  return normaliseHashes(url.startsWith(`${origin}/`) ? url.slice(origin.length) : url);
}

/** Cuts the lines of a stack trace off. */
export function withoutStack(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s+at\s/.test(line))
    .join('\n')
    .trimEnd();
}

/** One line, blanks collapsed, at most `limit` characters. */
export function oneLine(text: string, limit: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}
