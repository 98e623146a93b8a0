/** samples/rnn against Flax and optax (tests/golden/samples/rnn.py), and on "Moby Dick". */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type NdArray, type nn, numpy as np, random, tree } from "weft";
import {
  CharLSTM,
  createState,
  generatorOf,
  getBatch,
  sample,
  type Training,
  trainerOf,
} from "../samples/rnn/model.ts";
import { run } from "../samples/rnn/sample.ts";
import { bigramLoss } from "../samples/text/bigram.ts";
import { makeCorpus } from "../samples/text/corpus.ts";
import { plainText } from "../samples/text/moby-dick.ts";
import { Vocabulary } from "../samples/text/vocabulary.ts";
import { wrapText } from "../samples/text/wrap.ts";
import { flat } from "./helpers/close.ts";
import { near, runRecorded, sameParameters, sampleGolden } from "./helpers/run-sample.ts";

interface Golden {
  readonly text: string;
  readonly features: number;
  readonly training: Training;
  readonly params: nn.VariableDict;
  readonly firstBatch: readonly (readonly number[])[];
  readonly losses: readonly number[];
  readonly trained: nn.VariableDict;
  readonly tokens: readonly number[];
}

const golden = sampleGolden<Golden>("rnn");
const vocabulary = new Vocabulary(golden.text);
const text = np.array(vocabulary.encode(golden.text));
const model = new CharLSTM({ vocabSize: vocabulary.size, features: golden.features, context: 32 });
const start = () => createState(model, random.PRNGKey(0), golden.training);

test("the same key makes Flax's parameters and batches", () => {
  const state = start();
  sameParameters(state.params, golden.params, 1e-6);
  const batch = getBatch(random.foldIn(state.key, 0), text, golden.training);
  assert.deepEqual(flat(batch), flat(golden.firstBatch));
});

test("40 compiled steps: optax's losses and parameters; then Flax's text", () => {
  const [state, losses] = trainerOf(model, golden.training)(start(), text);
  near(flat(losses), golden.losses, 1e-4);
  sameParameters(state.params, golden.trained, 1e-3);

  const generate = generatorOf(model);
  // What stands behind the eight characters that are given does not count.
  const drawing = {
    key: random.PRNGKey(1),
    temperature: np.array(0.8),
    topK: np.array(5, { dtype: "int32" }),
  };
  const tokens = generate(state.params, text.slice([null, 32]), np.array(8), drawing);
  assert.deepEqual(flat(tokens), golden.tokens);
});

test("the carry stands for the text before it", () => {
  const { params } = start();
  const tokens = text.slice([null, 20]).reshape([1, 20]);
  const [, whole] = model.apply(params, tokens);
  const [carry] = model.apply(params, tokens.slice(":", [null, 13]));
  const [, rest] = model.apply(params, tokens.slice(":", [13, null]), carry);
  near(flat(rest), flat(whole.slice(":", [13, null])), 1e-6);
});

test("topK draws from the likeliest alone, temperature sharpens", () => {
  const logits = np.array([0, 3, 1, 2, -1]);
  const draws = (temperature: number, topK: number): number[] =>
    [...random.split(random.PRNGKey(2), 200)].map((key) =>
      sample(key, logits, np.array(temperature), np.array(topK, { dtype: "int32" })).item(),
    );
  assert.deepEqual([...new Set(draws(5, 2))].sort(), [1, 3]);
  assert.deepEqual(new Set(draws(0.01, 5)), new Set([1]));
  assert.equal(new Set(draws(5, 5)).size, 5);
});

test("the text as characters, and the bigram model", () => {
  assert.equal(plainText("A “whale’s”\r\ncafé—\n\n \nTwo\nthree ✝\n"), 'A "whale\'s" cafe--\nTwo three');
  assert.deepEqual([...new Vocabulary("banana").encode("nab")], [2, 0, 1]);
  assert.throws(() => new Vocabulary("banana").encode("x"), /the text has no "x"; it has abn/);
  // After 0 there were 1, 1, 0: (2 + 1) / (3 + 2); after 1 there was 0, twice: (2 + 1) / (2 + 2).
  const loss = bigramLoss(Int32Array.of(0, 1, 0, 1, 0, 0), Int32Array.of(0, 1, 0), 2);
  near([loss], [-(Math.log(3 / 5) + Math.log(3 / 4)) / 2], 1e-12);
  assert.equal(wrapText("one two three\nfour seventeen x", 8), "one two\nthree\nfour\nseventeen\nx");
  const corpus = makeCorpus("abcdefghij".repeat(10), { pieces: 2, length: 4 });
  assert.deepEqual([corpus.train.shape, corpus.test.shape], [[90], [2, 5]]);
  assert.deepEqual(flat(corpus.test).slice(0, 5), [0, 1, 2, 3, 4]);
  assert.throws(() => makeCorpus("abc", { pieces: 1, length: 4 }), /5 are needed/);
});

test("the quick run on Moby Dick", async () => {
  const { printed, report, shown } = await runRecorded(run, { quick: true });
  const lines = printed.join("\n");
  const number = (pattern: RegExp): number => Number(pattern.exec(lines)?.[1]);
  const bigram = number(/Bigram model: loss ([\d.]+)/);
  const heldOut = number(/held-out loss ([\d.]+)/);
  assert.ok(bigram > 2.3 && bigram < 2.5, `bigram ${bigram}`);
  assert.ok(heldOut < bigram + 0.05, `held-out ${heldOut}, bigram ${bigram}`);
  assert.match(lines, /Temperature 0.5:\nThe whale [a-z]/);
  assert.ok(shown.length > 0);
  assert.ok(report.sections.some((section) => section.kind === "plot"));
});

const leaves = (params: nn.VariableDict): NdArray[] => tree.leaves(params) as NdArray[];

test("every parameter learns", () => {
  const state = start();
  const [trained] = trainerOf(model, { ...golden.training, stepsPerCall: 3 })(start(), text);
  const moved = leaves(trained.params).map((leaf, i) =>
    flat(leaf.sub(leaves(state.params)[i]!)).some(Boolean),
  );
  assert.ok(moved.every(Boolean), String(moved));
});
