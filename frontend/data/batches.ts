/** Data in batches, shuffled by a key. */
import { type ArrayLike, asArray, NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { sliceInDim } from "../lax/movement.ts";
import { arange } from "../numpy/creation.ts";
import { stack } from "../numpy/joining.ts";
import { take } from "../numpy/take.ts";
import { permutation } from "../random/discrete.ts";
import { foldIn, type KeyLike } from "../random/keys.ts";
import type { Result } from "../transforms/types.ts";
import { flatten, leafPaths, structureDifference, unflatten } from "../tree/tree.ts";
import { formatPath } from "../tree/treedef.ts";

/** Examples by number, read when they are wanted: from files, or made on the way. */
export interface DataSource<T> {
  /** How many examples there are. */
  readonly length: number;
  /** The examples of these numbers, as one batch: trees of arrays with a leading axis. */
  get(indices: readonly number[]): T | Promise<T>;
}

/** Options of `batches`. */
export interface BatchOptions {
  readonly batchSize: number;
  /**
   * Shuffles each epoch: the first by `random.permutation(key, n)`, epoch e after it by
   * `random.permutation(random.foldIn(key, e), n)`.
   */
  readonly key?: KeyLike | null;
  /** Whether to shuffle. Default where there is a key. */
  readonly shuffle?: boolean;
  /** Whether a last batch that is not full is left out. Default false. */
  readonly dropRemainder?: boolean;
  /** How often to go through the data; Infinity for ever. Default 1. */
  readonly epochs?: number;
}

interface Plan {
  readonly batchSize: number;
  readonly dropRemainder: boolean;
  readonly epochs: number;
  /** The order of the examples in an epoch; null for their own. */
  order(epoch: number, count: number): NdArray | null;
}

function planOf(options: BatchOptions): Plan {
  const { batchSize, key = null, shuffle = key !== null, dropRemainder = false, epochs = 1 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new WeftValueError(`batches: batchSize must be a positive integer, got ${batchSize}`);
  }
  if (epochs !== Infinity && (!Number.isInteger(epochs) || epochs < 0)) {
    throw new WeftValueError(`batches: epochs must be a count or Infinity, got ${epochs}`);
  }
  if (shuffle && key === null) throw new WeftValueError("batches: shuffling needs a key, as random.key(0)");
  return {
    batchSize,
    dropRemainder,
    epochs,
    order: (epoch, count) => {
      if (!shuffle || key === null) return null;
      return permutation(epoch === 0 ? key : foldIn(key as NdArray, epoch), count);
    },
  };
}

/** The arrays of a tree and their common number of examples. Throws WeftValueError naming the paths that disagree. */
function examplesOf(
  name: string,
  data: unknown,
): { count: number; leaves: NdArray[]; rebuild: (leaves: NdArray[]) => unknown } {
  const { leaves, treedef } = flatten(data);
  const paths = leafPaths(treedef).map((path) => `data${formatPath(path)}`);
  const arrays = leaves.map((leaf, i) => {
    const array = asArray(leaf as ArrayLike);
    if (array.ndim > 0) return array;
    throw new WeftValueError(`${name}: ${paths[i]} is a scalar: it has no axis of examples`);
  });
  if (arrays.length === 0) throw new WeftValueError(`${name}: the data have no arrays`);
  const counts = arrays.map((x) => x.shape[0]);
  if (counts.some((n) => n !== counts[0])) {
    const list = counts.map((n, i) => `${paths[i]}: ${n}`).join(", ");
    throw new WeftValueError(`${name}: the arrays have different numbers of examples: ${list}`);
  }
  return { count: counts[0], leaves: arrays, rebuild: (xs) => unflatten(treedef, xs) };
}

function isSource(data: unknown): data is DataSource<unknown> {
  return (
    hasMember(data, "get", "function") && hasMember(data, "length", "number") && !(data instanceof NdArray)
  );
}

function hasMember(x: unknown, name: string, type: string): boolean {
  return typeof x === "object" && x !== null && name in x && typeof Reflect.get(x, name) === type;
}

function isStream(data: unknown): data is AsyncIterable<unknown> {
  return typeof data === "object" && data !== null && Symbol.asyncIterator in data;
}

/**
 * Batches of the examples of a tree of arrays, along their leading axes.
 *
 *     for (const { image, label } of batches({ image, label }, { batchSize: 64, key: random.key(0) })) …
 *
 * Of a `DataSource` or of an async iterable of single examples, which cannot be shuffled, the batches come
 * asynchronously: `for await`. Throws WeftValueError where arrays differ in their number of examples, or options cannot be.
 */
export function batches<T>(data: DataSource<T>, options: BatchOptions): AsyncGenerator<T, void, undefined>;
export function batches<T>(
  data: AsyncIterable<T>,
  options: BatchOptions,
): AsyncGenerator<Result<T>, void, undefined>;
export function batches<T>(data: T, options: BatchOptions): Generator<Result<T>, void, undefined>;
export function batches(
  data: unknown,
  options: BatchOptions,
): Generator<unknown, void, undefined> | AsyncGenerator<unknown, void, undefined> {
  const plan = planOf(options);
  if (isSource(data)) return sourceBatches(data, plan);
  if (isStream(data)) {
    if (options.shuffle || options.key) {
      throw new WeftTypeError(
        "batches: a stream cannot be shuffled: give a DataSource, with length and get(indices)",
      );
    }
    if (plan.epochs !== 1) throw new WeftTypeError("batches: a stream can be gone through only once");
    return streamBatches(data, plan);
  }
  return arrayBatches(data, plan);
}

/** Begin and end of the batches of an epoch. */
function* ranges(
  count: number,
  { batchSize, dropRemainder }: Plan,
): Generator<[number, number], void, undefined> {
  for (let from = 0; from < count; from += batchSize) {
    const to = Math.min(from + batchSize, count);
    if (to - from === batchSize || !dropRemainder) yield [from, to];
  }
}

/** An epoch without a batch would go on for ever. */
function checkNotEmpty(count: number, { batchSize, dropRemainder, epochs }: Plan): void {
  if (epochs === Infinity && (count === 0 || (dropRemainder && count < batchSize))) {
    throw new WeftValueError(`batches: ${count} examples make no batch of ${batchSize}, for ever`);
  }
}

function arrayBatches(data: unknown, plan: Plan): Generator<unknown, void, undefined> {
  const { count, leaves, rebuild } = examplesOf("batches", data);
  checkNotEmpty(count, plan);
  // Checked above, when it is called, not when the first batch is asked for.
  return (function* () {
    for (let epoch = 0; epoch < plan.epochs; epoch++) {
      const order = plan.order(epoch, count);
      for (const [from, to] of ranges(count, plan)) {
        const rows = order === null ? null : sliceInDim(order, from, to);
        yield rebuild(
          leaves.map((x) => (rows === null ? sliceInDim(x, from, to) : take(x, rows, { axis: 0 }))),
        );
      }
    }
  })();
}

async function* sourceBatches(
  source: DataSource<unknown>,
  plan: Plan,
): AsyncGenerator<unknown, void, undefined> {
  checkNotEmpty(source.length, plan);
  for (let epoch = 0; epoch < plan.epochs; epoch++) {
    const { length } = source;
    const order = await (plan.order(epoch, length) ?? arange(length)).data();
    for (const [from, to] of ranges(length, plan))
      yield await source.get(Array.from(order.subarray(from, to)));
  }
}

async function* streamBatches(
  stream: AsyncIterable<unknown>,
  plan: Plan,
): AsyncGenerator<unknown, void, undefined> {
  let examples: unknown[] = [];
  for await (const example of stream) {
    examples.push(example);
    if (examples.length === plan.batchSize) {
      yield stacked(examples);
      examples = [];
    }
  }
  if (examples.length > 0 && !plan.dropRemainder) yield stacked(examples);
}

/** Single examples as one batch. */
function stacked(examples: readonly unknown[]): unknown {
  const [first, ...rest] = examples.map((example) => flatten(example));
  for (const other of rest) {
    const problem = structureDifference(first.treedef, other.treedef, "example");
    if (problem !== null) throw new WeftValueError(`batches: examples of different structure: ${problem}`);
  }
  return unflatten(
    first.treedef,
    first.leaves.map((_, i) => stack([first, ...rest].map(({ leaves }) => asArray(leaves[i] as ArrayLike)))),
  );
}

/** Options of `split`. */
export interface SplitOptions {
  /** Parts of the whole, which add up to 1 at most, or numbers of examples. Default [0.75, 0.25]. */
  readonly sizes?: readonly number[];
  /** Shuffles by `random.permutation(key, n)` first. */
  readonly key?: KeyLike | null;
}

/**
 * The examples of a tree of arrays in parts: a training and a test set. What fractions leave over goes to the first part
 * if they add up to 1. Throws WeftValueError where there are too few examples.
 *
 *     const [train, test] = split({ x, y }, { sizes: [0.8, 0.2], key: random.key(0) });
 */
export function split<T>(data: T, options: SplitOptions = {}): Result<T>[] {
  const { sizes = [0.75, 0.25], key = null } = options;
  const { count, leaves, rebuild } = examplesOf("split", data);
  const counts = partSizes(sizes, count);
  const order = key === null ? null : permutation(key, count);
  let from = 0;
  return counts.map((size) => {
    const to = from + size;
    const rows = order === null ? null : sliceInDim(order, from, to);
    const part = leaves.map((x) => (rows === null ? sliceInDim(x, from, to) : take(x, rows, { axis: 0 })));
    from = to;
    return rebuild(part) as Result<T>;
  });
}

function partSizes(sizes: readonly number[], count: number): number[] {
  const total = sizes.reduce((a, b) => a + b, 0);
  const fractions = sizes.every((size) => size > 0 && size < 1);
  const whole = sizes.every((size) => Number.isInteger(size) && size >= 0);
  if (sizes.length === 0 || !(fractions || whole)) {
    throw new WeftValueError(
      `split: sizes must be fractions between 0 and 1, or counts, got [${sizes.join(", ")}]`,
    );
  }
  if (fractions && total > 1 + 1e-9) {
    throw new WeftValueError(`split: the fractions [${sizes.join(", ")}] add up to more than 1`);
  }
  if (whole && total > count)
    throw new WeftValueError(`split: sizes of ${total} in all of ${count} examples`);
  if (whole) return [...sizes];
  const counts = sizes.map((size) => Math.floor(size * count + 1e-9));
  if (total > 1 - 1e-9) counts[0] += count - counts.reduce((a, b) => a + b, 0);
  return counts;
}
