import type { RandomState } from "../numpy/random-state.ts";

/**
 * `sklearn.utils.random.sample_without_replacement(population, count)`: that many of the numbers 0 … population - 1,
 * by the method that its `auto` picks.
 */
export function sampleWithoutReplacement(population: number, count: number, rng: RandomState): Int32Array {
  if (count > population) {
    throw new RangeError(
      `n_population should be greater or equal than n_samples, got n_samples > n_population (${count} > ${population})`,
    );
  }
  const ratio = population === 0 ? 1 : count / population;
  if (ratio > 0.01 && ratio < 0.99) return rng.permutation(population).slice(0, count);
  return ratio < 0.2 ? trackingSelection(population, count, rng) : reservoirSampling(population, count, rng);
}

/** Draws again what it has already. */
function trackingSelection(population: number, count: number, rng: RandomState): Int32Array {
  const selected = new Set<number>();
  while (selected.size < count) selected.add(rng.randint(0, population));
  return Int32Array.from(selected);
}

function reservoirSampling(population: number, count: number, rng: RandomState): Int32Array {
  const kept = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count; i < population; i++) {
    const j = rng.randint(0, i + 1);
    if (j < count) kept[j] = i;
  }
  return kept;
}
