/** samples/gpt against Flax and optax (tests/golden/samples/gpt.py), and on "Moby Dick". */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jit, type NdArray, type nn, numpy as np, random } from "weft";
import {
  attentionOf,
  type Config,
  createState,
  GPT,
  generatorOf,
  lossFn,
  sample,
  type Training,
  trainerOf,
} from "../samples/gpt/model.ts";
import { run } from "../samples/gpt/sample.ts";
import { Vocabulary } from "../samples/text/vocabulary.ts";
import { flat } from "./helpers/close.ts";
import { near, runRecorded, sameParameters, sampleGolden } from "./helpers/run-sample.ts";

interface Golden {
  readonly text: string;
  readonly config: Config;
  readonly training: Training;
  readonly params: unknown;
  readonly losses: readonly number[];
  readonly logits: readonly (readonly number[])[];
  readonly tokens: readonly number[];
}

const golden = sampleGolden<Golden>("gpt");
const { context } = golden.config;
const vocabulary = new Vocabulary(golden.text);
const text = np.array(vocabulary.encode(golden.text));
const model = new GPT(golden.config);
const start = () => createState(model, random.PRNGKey(0), golden.training);
/** Trained once, for all tests. */
const [trained, losses] = trainerOf(model, golden.training)(start(), text);
const prompt = text.slice([null, 4]);
const padded = (tokens: NdArray) => np.pad(tokens, [0, context - tokens.size]);
const drawing = (key: NdArray, temperature: number, topK: number) => ({
  ...{ key, temperature: np.array(temperature), topK: np.array(topK, { dtype: "int32" }) },
});

test("the same key makes Flax's parameters", () => {
  assert.equal(vocabulary.size, golden.config.vocabSize);
  sameParameters(start().params, golden.params, 1e-6);
});

test("30 compiled steps with dropout: the losses of Flax and optax's AdamW", () => {
  near(flat(losses), golden.losses, 1e-4);
  const logits = model.apply({ params: trained.params }, text.slice([null, context]).reshape([1, -1]));
  near(flat(logits), flat(golden.logits), 2e-3);
});

test("writes Flax's text", () => {
  const generate = generatorOf(golden.config);
  const tokens = generate(trained.params, padded(prompt), np.array(4), drawing(random.PRNGKey(1), 0.8, 5));
  assert.deepEqual(flat(tokens), golden.tokens);
});

test("with the cache and without it: the same scores, the same text", () => {
  const key = random.PRNGKey(7);
  const whole = jit((tokens: NdArray) => model.apply({ params: trained.params }, tokens));
  const written = flat(prompt);
  for (const [i, each] of [...random.split(key, context)].entries()) {
    if (i < written.length - 1) continue;
    // All characters anew in each step; the places behind the last are masked.
    const all = Int32Array.from({ length: context }, (_, at) => written[at] ?? 0);
    const logits = whole(np.array(all).reshape([1, context])).slice(0, i);
    written.push(sample(each, logits, np.array(0.9), np.array(8, { dtype: "int32" })).item());
  }
  const generate = generatorOf(golden.config);
  const again = generate(trained.params, padded(prompt), np.array(4), drawing(key, 0.9, 8));
  assert.deepEqual(flat(again), written);

  const decoder = new GPT(golden.config, { decode: true });
  const tokens = text.slice([null, context]).reshape([1, context]);
  let { cache } = decoder.init(random.PRNGKey(0), tokens);
  const expected = whole(tokens);
  for (let i = 0; i < context; i++) {
    const one = tokens.slice(":", [i, i + 1]);
    const variables = { params: trained.params, cache: cache! } as nn.Variables;
    const [logits, changed] = decoder.apply(variables, one, i, { mutable: ["cache"] });
    near(flat(logits), flat(expected.slice(":", [i, i + 1])), 1e-5);
    cache = changed.cache;
  }
});

test("nothing foretold depends on what comes later; attention looks back alone", () => {
  const tokens = text.slice([null, context]);
  const changed = np.concatenate([tokens.slice([null, 7]), np.zeros([context - 7], { dtype: "int32" })]);
  const scores = (of: NdArray) => model.apply({ params: trained.params }, of.reshape([1, -1]));
  const past = (of: NdArray) => flat(scores(of).slice(0, [null, 7]));
  assert.deepEqual(past(tokens), past(changed));
  const attention = attentionOf(model, trained.params, tokens);
  assert.equal(attention.length, golden.config.layers);
  for (const weights of attention) {
    assert.deepEqual(weights.shape, [golden.config.heads, context, context]);
    near(flat(weights.sum({ axis: -1 })), new Array(golden.config.heads * context).fill(1), 1e-6);
    assert.equal(np.triu(weights, 1).sum().item(), 0);
  }
});

test("dropout only with a key", () => {
  const batch = text.slice([null, 2 * (context + 1)]).reshape([2, context + 1]);
  const loss = (key: NdArray | null) => lossFn(model, trained.params, batch, key).item();
  assert.equal(loss(null), loss(null));
  assert.notEqual(loss(random.PRNGKey(1)), loss(random.PRNGKey(2)));
});

test("the quick run on Moby Dick", async () => {
  const { printed, report } = await runRecorded(run, { quick: true });
  const lines = printed.join("\n");
  const number = (pattern: RegExp): number => Number(pattern.exec(lines)?.[1]);
  const bigram = number(/Bigram model: loss ([\d.]+)/);
  const heldOut = number(/held-out loss ([\d.]+)/);
  assert.ok(heldOut < bigram + 0.15, `held-out ${heldOut}, bigram ${bigram}`);
  assert.match(lines, /Temperature 0.5:\nThe whale [a-z]/);
  assert.ok(report.sections.filter((section) => section.kind === "plot").length >= 2);
});
