/** The baseline of the language models. */

/**
 * The loss of the bigram model: how badly each character of `test` is foretold by the one before it, in nats per character,
 * by how often the pair is in `train`. Each pair counts once more than it is there, so that none is impossible.
 *
 * @param size how many characters there are; `train` and `test` hold numbers below it
 */
export function bigramLoss(train: Int32Array, test: Int32Array, size: number): number {
  const counts = new Float64Array(size * size).fill(1);
  const totals = new Float64Array(size).fill(size);
  for (let i = 1; i < train.length; i++) {
    const before = train[i - 1]!;
    counts[before * size + train[i]!]! += 1;
    totals[before]! += 1;
  }
  let sum = 0;
  for (let i = 1; i < test.length; i++) {
    const before = test[i - 1]!;
    sum -= Math.log(counts[before * size + test[i]!]! / totals[before]!);
  }
  return sum / (test.length - 1);
}
