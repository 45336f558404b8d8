/** An option that may be given more than once, as one with a list: `--format a --format b` is `--format a,b`. */
export function joinRepeated(words: readonly string[], name: string): string[] {
  const values: string[] = [];
  const others: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') {
      others.push(...words.slice(i));
      break;
    }
    if (word === name && i + 1 < words.length) values.push(words[++i]!);
    else if (word.startsWith(`${name}=`)) values.push(word.slice(name.length + 1));
    else others.push(word);
  }
  return values.length === 0 ? others : [`${name}=${values.join(',')}`, ...others];
}
