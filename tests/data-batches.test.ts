/** batches, split, prefetch: order, shuffling, remainders, epochs, sources, refusals. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { batches, type DataSource, prefetch, split } from "../frontend/data/index.ts";
import * as np from "../frontend/numpy/index.ts";
import * as random from "../frontend/random/index.ts";

const n = 10;
const data = {
  x: np
    .arange(n * 2)
    .reshape(n, 2)
    .astype("float32"),
  y: { label: np.arange(n) },
};
const labels = (list: Iterable<{ y: { label: np.NdArray } }>) =>
  [...list].map(({ y }) => y.label.toArray() as number[]);

test("batches in order, the last one smaller or left out, over epochs", () => {
  assert.deepEqual(labels(batches(data, { batchSize: 4 })), [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ]);
  assert.deepEqual(labels(batches(data, { batchSize: 4, dropRemainder: true })), [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
  ]);
  assert.equal(labels(batches(data, { batchSize: 4, epochs: 3 })).length, 9);
  assert.equal(labels(batches(data, { batchSize: 20 })).length, 1);
  assert.equal(labels(batches(data, { batchSize: 20, dropRemainder: true })).length, 0);
  assert.equal(labels(batches(data, { batchSize: 2, epochs: 0 })).length, 0);
  const [first] = batches(data, { batchSize: 4 });
  assert.deepEqual(first.x.shape, [4, 2]);
  assert.equal(first.x.dtype, "float32");
});

test("shuffles as random.permutation does, each epoch anew, all leaves alike", () => {
  const key = random.key(7);
  const found = [...batches(data, { batchSize: 3, key, epochs: 2 })];
  const order = found.flatMap(({ y }) => y.label.toArray() as number[]);
  assert.deepEqual(order.slice(0, n), random.permutation(key, n).toArray());
  assert.deepEqual(order.slice(n), random.permutation(random.foldIn(key, 1), n).toArray());
  for (const { x, y } of found) {
    assert.deepEqual(
      x.toArray(),
      (y.label.toArray() as number[]).map((i) => [2 * i, 2 * i + 1]),
    );
  }
  const raw = random.PRNGKey(7);
  assert.deepEqual(
    labels(batches(data, { batchSize: n, key: raw }))[0],
    random.permutation(raw, n).toArray(),
  );
  assert.deepEqual(labels(batches(data, { batchSize: n, key, shuffle: false }))[0], [...Array(n).keys()]);
});

test("goes on for ever if wanted", () => {
  let count = 0;
  for (const _ of batches(data, { batchSize: 4, epochs: Infinity })) if (++count === 100) break;
  assert.equal(count, 100);
  assert.throws(
    () => batches(data, { batchSize: 11, epochs: Infinity, dropRemainder: true }),
    /10 examples make no batch of 11/,
  );
});

test("a source is asked for the examples of each batch", async () => {
  const asked: number[][] = [];
  const source: DataSource<{ i: np.NdArray }> = {
    length: 5,
    get: async (indices) => {
      asked.push([...indices]);
      return { i: np.array(indices) };
    },
  };
  const found: unknown[] = [];
  for await (const { i } of batches(source, { batchSize: 2 })) found.push(i.toArray());
  assert.deepEqual(found, [[0, 1], [2, 3], [4]]);
  assert.deepEqual(asked, found);
  asked.length = 0;
  const key = random.key(1);
  for await (const _ of batches(source, { batchSize: 2, key, epochs: 2 })) void _;
  assert.deepEqual(asked.flat().slice(0, 5), random.permutation(key, 5).toArray());
});

test("single examples of a stream are stacked", async () => {
  async function* stream() {
    for (let i = 0; i < 5; i++) yield { x: np.array([i, i + 1]), y: i };
  }
  const found: unknown[] = [];
  for await (const { x, y } of batches(stream(), { batchSize: 2 })) found.push([x.shape, y.toArray()]);
  assert.deepEqual(found, [
    [
      [2, 2],
      [0, 1],
    ],
    [
      [2, 2],
      [2, 3],
    ],
    [[1, 2], [4]],
  ]);
  assert.throws(() => batches(stream(), { batchSize: 2, key: random.key(0) }), /a stream cannot be shuffled/);
  assert.throws(() => batches(stream(), { batchSize: 2, epochs: 2 }), /only once/);
});

test("splits by parts or counts, shuffled by a key", () => {
  const [train, held] = split(data, { sizes: [0.8, 0.2] });
  assert.deepEqual(train.y.label.toArray(), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(held.x.toArray(), [
    [16, 17],
    [18, 19],
  ]);
  const key = random.key(3);
  const parts = split(data, { sizes: [3, 3, 2], key });
  assert.deepEqual(
    parts.flatMap(({ y }) => y.label.toArray()),
    (random.permutation(key, n).toArray() as number[]).slice(0, 8),
  );
  const sizes = (list: number[]) => split(data, { sizes: list }).map(({ y }) => y.label.size);
  assert.deepEqual(sizes([0.75, 0.25]), [8, 2]);
  assert.deepEqual(sizes([0.1, 0.2, 0.7]), [1, 2, 7]);
  assert.deepEqual(sizes([0.33, 0.33]), [3, 3]);
  assert.deepEqual(sizes([n]), [n]);
  assert.throws(() => sizes([0.8, 0.4]), /add up to more than 1/);
  assert.throws(() => sizes([8, 3]), /sizes of 11 in all of 10 examples/);
  assert.throws(() => sizes([0.5, 2]), /fractions between 0 and 1, or counts/);
});

test("what cannot be batched is refused at once", () => {
  assert.throws(() => batches(data, { batchSize: 0 }), /batchSize must be a positive integer, got 0/);
  assert.throws(() => batches(data, { batchSize: 2, shuffle: true }), /shuffling needs a key/);
  assert.throws(() => batches(data, { batchSize: 2, epochs: -1 }), /epochs must be a count or Infinity/);
  assert.throws(
    () => batches({ x: np.zeros([3, 2]), y: [np.zeros([4])] }, { batchSize: 2 }),
    /different numbers of examples: data\.x: 3, data\.y\[0\]: 4/,
  );
  assert.throws(() => batches({ x: 1 }, { batchSize: 2 }), /data\.x is a scalar/);
  assert.throws(() => batches({}, { batchSize: 2 }), /the data have no arrays/);
});

test("prefetch keeps the order and makes values ahead, no more than it says", async () => {
  let made = 0;
  async function* source() {
    for (let i = 0; i < 6; i++) {
      made++;
      yield i;
    }
  }
  const seen: number[] = [];
  const leads: number[] = [];
  for await (const value of prefetch(source(), 3)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    seen.push(value);
    leads.push(made - seen.length);
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
  assert.ok(Math.max(...leads) <= 3 && leads[0] >= 2, `${leads}`);
  const fromArrays: unknown[] = [];
  for await (const { y } of prefetch(batches(data, { batchSize: 4 }), 2)) fromArrays.push(y.label.toArray());
  assert.deepEqual(fromArrays, labels(batches(data, { batchSize: 4 })));
  assert.throws(() => prefetch([1], 0), /size must be a positive integer/);
});

test("prefetch passes errors on in their place and ends the source when left", async () => {
  let ended = false;
  async function* source() {
    try {
      yield 1;
      yield 2;
      throw new Error("no more");
    } finally {
      ended = true;
    }
  }
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const value of prefetch(source(), 3)) seen.push(value);
  }, /no more/);
  assert.deepEqual(seen, [1, 2]);
  assert.ok(ended);
  ended = false;
  for await (const _ of prefetch(source(), 1)) break;
  assert.ok(ended);
});
