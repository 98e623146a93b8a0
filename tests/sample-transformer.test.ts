/** samples/transformer against Flax and optax (tests/golden/samples/transformer.py). */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { jit, type NdArray, type nn, numpy as np, random } from "weft";
import { type Dates, decode, encode, encodeAll, makeDates } from "../samples/transformer/dates.ts";
import {
  attentionOf,
  type Config,
  createState,
  lossFn,
  type State,
  shiftRight,
  type Training,
  Transformer,
  trainerOf,
  translatorOf,
} from "../samples/transformer/model.ts";
import { run } from "../samples/transformer/sample.ts";
import { flat } from "./helpers/close.ts";
import { near, runRecorded, sameParameters, sampleGolden } from "./helpers/run-sample.ts";

interface Golden {
  readonly config: Config;
  readonly training: Training;
  readonly sources: readonly string[];
  readonly targets: readonly string[];
  readonly heldOut: { readonly sources: readonly string[]; readonly targets: readonly string[] };
  readonly source: unknown;
  readonly target: unknown;
  readonly params: unknown;
  readonly losses: readonly number[];
  readonly logits: unknown;
  readonly attention: unknown;
  /** What is written with the first parameters, and with those after the training. */
  readonly firstTokens: unknown;
  readonly tokens: unknown;
}

const golden = sampleGolden<Golden>("transformer");
const model = new Transformer(golden.config);
const start = () => createState(model, random.PRNGKey(0), golden.training);

let learned: Dates;
let heldOut: Dates;
/** Trained once, for all tests. */
let trained: State;
let losses: NdArray;

before(async () => {
  learned = await makeDates(random.PRNGKey(1), golden.sources.length, false);
  heldOut = await makeDates(random.PRNGKey(2), golden.heldOut.sources.length, true);
  [trained, losses] = trainerOf(model, golden.training)(start(), learned.source, learned.target);
});

test("the same keys make the dates that Python makes", () => {
  assert.deepEqual(learned.sources, golden.sources);
  assert.deepEqual(learned.targets, golden.targets);
  assert.deepEqual(heldOut.sources, golden.heldOut.sources);
  assert.deepEqual(heldOut.targets, golden.heldOut.targets);
  assert.deepEqual(flat(learned.source.slice([null, 4])), flat(golden.source));
  assert.deepEqual(flat(learned.target.slice([null, 4])), flat(golden.target));
});

test("no day is learned from and held out", async () => {
  const many = await makeDates(random.PRNGKey(3), 2000, false);
  const others = new Set((await makeDates(random.PRNGKey(4), 2000, true)).targets);
  assert.ok(many.targets.every((target) => !others.has(target)));
  for (const source of [...many.sources, ...others]) assert.equal(decode(encode(source, 28)), source);
  assert.throws(() => encode("3 März", 28), /no date has the character "M"/);
  assert.throws(() => encode("wednesday 30 september 2099 ad", 28), /more than 28 characters/);
});

test("the same key makes Flax's parameters", () => {
  sameParameters(start().params, golden.params, 1e-6);
});

test("40 compiled steps with dropout: the losses of Flax and optax's Adam", () => {
  near(flat(losses), golden.losses, 1e-4);
});

test("scores and attention of the trained model are Flax's", () => {
  const { params } = trained;
  const logits = model.apply({ params }, heldOut.source, shiftRight(heldOut.target));
  near(flat(logits.slice([null, 2])), flat(golden.logits), 2e-3);
  const attention = attentionOf(model, params, heldOut.source, heldOut.target);
  near(flat(attention.slice([null, 2])), flat(golden.attention), 1e-3);
});

test("writes what Flax writes", () => {
  const translate = translatorOf(golden.config);
  assert.deepEqual(flat(translate(start().params, heldOut.source)), flat(golden.firstTokens));
  assert.deepEqual(flat(translate(trained.params, heldOut.source)), flat(golden.tokens));
});

test("with the cache and without it: the same scores", () => {
  const { params } = trained;
  const { source } = heldOut;
  const target = shiftRight(heldOut.target);
  const whole = model.apply({ params }, source, target);
  const memory = model.apply({ params }, source, { method: "encode" });
  const decoder = new Transformer(golden.config, { cached: true });
  let { cache } = decoder.init(random.PRNGKey(0), source, target);
  const step = jit((cache: nn.VariableTree, one: NdArray, i: NdArray) =>
    decoder.apply({ params, cache }, memory, source, one, i, { method: "decode", mutable: ["cache"] }),
  );
  for (let i = 0; i < target.shape[1]!; i++) {
    const one = target.slice(":", [i, i + 1]);
    const [logits, changed] = step(cache as nn.VariableTree, one, np.array(i, { dtype: "int32" }));
    near(flat(logits), flat(whole.slice(":", [i, i + 1])), 1e-5);
    cache = changed.cache;
  }
});

test("padding is not seen, nor what comes later", () => {
  const { params } = trained;
  const scores = (source: NdArray, target: NdArray) => model.apply({ params }, source, shiftRight(target));
  const attention = attentionOf(model, params, heldOut.source, heldOut.target);
  const padding = heldOut.source.equal(0).slice(":", null, null).astype("float32");
  assert.equal(attention.mul(padding).sum().item(), 0);
  near(flat(attention.sum({ axis: -1 })), new Array(attention.size / heldOut.source.shape[1]!).fill(1), 1e-6);
  const changed = np.concatenate(
    [heldOut.target.slice(":", [null, 4]), heldOut.target.slice(":", [4, null]).add(1)],
    {
      axis: 1,
    },
  );
  const past = (target: NdArray) => flat(scores(heldOut.source, target).slice(":", [null, 5]));
  assert.deepEqual(past(changed), past(heldOut.target));
  // A shorter batch of the same source has the same scores: the padding behind it adds nothing.
  const short = encodeAll(["3.3.1987"]);
  const target = encodeAll(["1987-03-03"], 10);
  near(flat(scores(short.slice(":", [null, 8]), target)), flat(scores(short, target)), 1e-5);
});

test("dropout only with a key", () => {
  const batch = [learned.source.slice([null, 4]), learned.target.slice([null, 4])] as const;
  const loss = (key: NdArray | null) => lossFn(model, trained.params, batch, key).item();
  assert.equal(loss(null), loss(null));
  assert.notEqual(loss(random.PRNGKey(1)), loss(random.PRNGKey(2)));
});

test("the quick run", async () => {
  const { printed, report, shown } = await runRecorded(run, { quick: true });
  const lines = printed.join("\n");
  const right = Number(/([\d.]+) % of the held-out dates right/.exec(lines)?.[1]);
  assert.ok(right > 20, `${right} % of the dates right`);
  assert.equal(report.sections.filter((section) => section.kind === "plot").length, 3);
  assert.deepEqual([...new Set(shown.map(({ id }) => id))], ["loss", "accuracy", "attention"]);
});
