/**
 * A pattern over POSIX paths as a test: `*` within a name, `**` over folders, `?` one character, `{a,b}` either. A pattern
 * without a slash is matched against the last part of the path.
 */
export function glob(pattern: string): (path: string) => boolean {
  let depth = 0;
  const source = pattern.replace(/\*\*\/|\*\*|[*?{},]|[.+^$()|[\]\\]/g, (token) => {
    switch (token) {
      case '**/':
        return '(?:.*/)?';
      case '**':
        return '.*';
      case '*':
        return '[^/]*';
      case '?':
        return '[^/]';
      case '{':
        depth++;
        return '(?:';
      case '}':
        if (depth === 0) return '\\}';
        depth--;
        return ')';
      case ',':
        return depth > 0 ? '|' : ',';
      default:
        return `\\${token}`;
    }
  });
  const test = new RegExp(`^${source}${')'.repeat(depth)}$`);
  const isName = !pattern.includes('/');
  return (path) => test.test(isName ? path.slice(path.lastIndexOf('/') + 1) : path);
}
