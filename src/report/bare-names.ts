/** In sentences, modules of packages go by the package's name: `zod/index.js` for `../../node_modules/zod/index.js`. */
export function bareNames(text: string): string {
  return text.replace(/(?<=^|\s)(?:\.\.\/)*node_modules\/(?=.)/g, '');
}
