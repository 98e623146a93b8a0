/** Sums of float64 values in the order in which NumPy adds them, so that they are equal to the last bit. */

/** `np.sum(x, axis=0)` of a row-major array: row after row, except that one column is summed as a vector. */
export function sumColumns(data: Float64Array, columns: number): Float64Array {
  if (columns === 1) return Float64Array.of(pairwiseSum(data, 0, data.length));
  const sums = new Float64Array(columns);
  for (let i = 0; i < data.length; i++) sums[i % columns]! += data[i]!;
  return sums;
}

/** `np.sum` of a contiguous vector: eight accumulators over blocks of at most 128, and halves of what is longer. */
function pairwiseSum(data: Float64Array, start: number, count: number): number {
  if (count < 8) {
    let sum = -0;
    for (let i = 0; i < count; i++) sum += data[start + i]!;
    return sum;
  }
  if (count > 128) {
    const half = Math.floor(count / 2);
    const left = half - (half % 8);
    return pairwiseSum(data, start, left) + pairwiseSum(data, start + left, count - left);
  }
  const r = data.slice(start, start + 8);
  let i = 8;
  for (; i < count - (count % 8); i += 8) {
    for (let lane = 0; lane < 8; lane++) r[lane]! += data[start + i + lane]!;
  }
  let sum = r[0]! + r[1]! + (r[2]! + r[3]!) + (r[4]! + r[5]! + (r[6]! + r[7]!));
  for (; i < count; i++) sum += data[start + i]!;
  return sum;
}
