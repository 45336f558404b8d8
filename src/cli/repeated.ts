/**
 * An option that may be given more than once, as one with a list: `--format a -f b` is `--format=a,b`.
 *
 * @param name the long one, with its dashes; @param alias a short one that means the same
 */
export function joinRepeated(words: readonly string[], name: string, alias: string | null = null): string[] {
  const names = alias === null ? [name] : [name, alias];
  const values: string[] = [];
  const others: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') {
      others.push(...words.slice(i));
      break;
    }
    const start = names.find((each) => word.startsWith(`${each}=`));
    if (names.includes(word) && i + 1 < words.length) values.push(words[++i]!);
    else if (start !== undefined) values.push(word.slice(start.length + 1));
    else others.push(word);
  }
  return values.length === 0 ? others : [`${name}=${values.join(',')}`, ...others];
}
