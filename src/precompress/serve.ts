/** For servers of compressed folders: `pare/serve`. Loads nothing that compresses. */
export { MANIFEST_FILE, parseManifest } from './manifest.ts';
export type { CompressedFile, EncodedCopy, EncodedDelta, PrecompressManifest } from './manifest.ts';
export { serveCompressed, type Middleware, type ServeOptions } from './middleware.ts';
export { negotiate, type Negotiated, type NegotiateOptions, type RequestHeaders } from './negotiate.ts';
export { readManifest } from './read-manifest.ts';
