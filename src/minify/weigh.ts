/**
 * Which of several results is smallest in brotli. Quality 11 costs 2.4 s/MB, more than the fast minifiers themselves. Quality 5
 * takes a sixtieth of that and ranks as well as quality 9: over 30 chunks of 1 KB to 1.5 MB it took the wrong one of three in 7
 * (quality 9: 10), which cost 0.08 % on average and 1.1 % at most. So quality 11 weighs only near ties, and only where somebody
 * asked for terser, whose own time makes it small. All of it runs in zlib's threads.
 */
import { brotliCompress, constants } from 'node:zlib';

/** Bytes of the text in brotli. */
export type Brotli = (text: string, quality: number) => Promise<number>;

export const brotliBytes: Brotli = (text, quality) => {
  const bytes = Buffer.from(text);
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return new Promise((resolve, reject) => {
    brotliCompress(bytes, { params }, (error, result) => {
      if (error === null) resolve(result.length);
      else reject(error);
    });
  });
};

export interface Weight {
  readonly bytes: number;
  readonly quality: number;
}

const RANKING = 5;
const EXACT = 11;
/** What lies so near to the best by the ranking may be the best. */
const NEAR = { share: 1.012, bytes: 16 };

/**
 * The weights, and the order of the texts from the smallest on. Texts of equal weight keep their order.
 *
 * @param exact weighs near ties at quality 11
 */
export async function rank(
  texts: readonly string[],
  exact: boolean,
  brotli: Brotli = brotliBytes,
): Promise<{ readonly weights: readonly Weight[]; readonly order: readonly number[] }> {
  const known = new Map<string, Promise<number>>();
  const weigh = async (text: string, quality: number): Promise<Weight> => {
    const key = `${quality} ${text}`;
    const bytes = known.get(key) ?? brotli(text, quality);
    known.set(key, bytes);
    return { bytes: await bytes, quality };
  };
  const ranked = await Promise.all(texts.map((text) => weigh(text, RANKING)));
  const best = Math.min(...ranked.map(({ bytes }) => bytes));
  const isNear = ({ bytes }: Weight): boolean => bytes <= best * NEAR.share + NEAR.bytes;
  const contest = exact && ranked.filter(isNear).length > 1;
  const weights = contest
    ? await Promise.all(texts.map((text, at) => (isNear(ranked[at]!) ? weigh(text, EXACT) : ranked[at]!)))
    : ranked;
  // Whoever was weighed exactly was near, and comes before whoever was not.
  const order = texts.map((_, at) => at);
  order.sort((a, b) => weights[b]!.quality - weights[a]!.quality || weights[a]!.bytes - weights[b]!.bytes);
  return { weights, order };
}

/** Whether `text` is no larger in brotli than `than`: at a low quality where the answer is clear, else exactly. */
export async function isNoLarger(text: string, than: string, brotli: Brotli = brotliBytes): Promise<boolean> {
  const [quick, quickThan] = await Promise.all([brotli(text, RANKING), brotli(than, RANKING)]);
  if (quick < quickThan * 0.95) return true;
  if (quick > quickThan * 1.05) return false;
  const [exact, exactThan] = await Promise.all([brotli(text, EXACT), brotli(than, EXACT)]);
  return exact <= exactThan;
}
