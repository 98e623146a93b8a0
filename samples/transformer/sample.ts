/** Trains the Transformer to translate dates: announced in "Intuitive AI: Session 2". */
import { jit, type NdArray, type nn, random } from "weft";
import {
  code,
  heading,
  layered,
  line,
  type PlotSection,
  plot,
  prose,
  type Section,
  table,
} from "../report/index.ts";
import { onHost } from "../run/device.ts";
import type { SampleContext, SampleReport } from "../run/sample.ts";
import { attentionPlot } from "./attention-plot.ts";
import {
  type Dates,
  decode,
  encodeAll,
  makeDates,
  SOURCE_LENGTH,
  TARGET_LENGTH,
  VOCAB_SIZE,
} from "./dates.ts";
import {
  attentionOf,
  type Config,
  createState,
  exampleOf,
  lossFn,
  type Training,
  Transformer,
  trainerOf,
  translatorOf,
} from "./model.ts";

interface Size {
  readonly config: Config;
  readonly training: Training;
  /** Pairs to learn from, and held-out ones to be judged by. */
  readonly pairs: readonly [learned: number, heldOut: number];
}

const FULL: Size = {
  config: { layers: 2, heads: 4, features: 64, dropoutRate: 0.1 },
  training: { batchSize: 64, steps: 1200, stepsPerCall: 20, warmupSteps: 200 },
  pairs: [10_000, 500],
};
const QUICK: Size = {
  config: { layers: 1, heads: 2, features: 32, dropoutRate: 0 },
  training: { batchSize: 32, steps: 400, stepsPerCall: 20, warmupSteps: 100 },
  pairs: [2000, 200],
};

/** Of each kind; the days of some are held out. */
const EXAMPLES = [
  "3 march 1987",
  "sat, feb 29, 2020",
  "october 5, 1957",
  "12.7.2031",
  "friday 13 november 2026",
];
/** The one whose attention is drawn. */
const DRAWN = "friday 13 november 2026";

/** The entropy of the smoothed labels. */
const LEAST_LOSS = (() => {
  const other = 0.1 / VOCAB_SIZE;
  const right = 0.9 + other;
  return -right * Math.log(right) - (VOCAB_SIZE - 1) * other * Math.log(other);
})();

interface Curves {
  readonly steps: number[];
  readonly losses: number[];
  readonly testSteps: number[];
  readonly testLosses: number[];
  readonly accuracies: number[];
}

export async function run(context: SampleContext): Promise<SampleReport> {
  const { print, show, progress, quick } = context;
  const { config, training, pairs } = quick ? QUICK : FULL;
  const learned = await makeDates(random.PRNGKey(1), pairs[0], false);
  const heldOut = await makeDates(random.PRNGKey(2), pairs[1], true);
  print(`${pairs[0]} dates to learn from, ${pairs[1]} held out`);
  for (let i = 0; i < 6; i++) print(`${learned.sources[i]!.padEnd(SOURCE_LENGTH)} ${learned.targets[i]}`);

  const model = new Transformer(config);
  let state = createState(model, random.PRNGKey(0), training);
  const example = [exampleOf(SOURCE_LENGTH), exampleOf(TARGET_LENGTH)] as const;
  print(model.tabulate(random.PRNGKey(0), ...example, { depth: 1 }));

  const translate = translatorOf(config);
  const evaluate = jit((params: nn.VariableTree, source: NdArray, target: NdArray) =>
    lossFn(model, params, [source, target]),
  );
  const started = performance.now();
  const trainer = trainerOf(model, training).lower(state, learned.source, learned.target).compile();
  const compileMs = performance.now() - started;

  const curves: Curves = { steps: [], losses: [], testSteps: [], testLosses: [], accuracies: [] };
  const bar = progress("Training", training.steps);
  let trainMs = 0;
  for (let done = training.stepsPerCall; done <= training.steps; done += training.stepsPerCall) {
    const before = performance.now();
    const [next, block] = trainer.call(state, learned.source, learned.target);
    const values = Array.from(await block.data(), Number);
    trainMs += performance.now() - before;
    state = next;
    curves.steps.push(done);
    curves.losses.push(values.reduce((a, b) => a + b, 0) / values.length);
    if (done % (5 * training.stepsPerCall) === 0 || done === training.steps) {
      const loss = await evaluate(state.params, heldOut.source, heldOut.target).data();
      curves.testSteps.push(done);
      curves.testLosses.push(Number(loss[0]));
      curves.accuracies.push(share(await answersOf(translate(state.params, heldOut.source)), heldOut));
      await show("loss", lossPlot(curves));
      await show("accuracy", accuracyPlot(curves));
    }
    bar.update(done, `loss ${curves.losses.at(-1)!.toFixed(3)}`);
  }
  bar.finish();

  const before = performance.now();
  const answers = await answersOf(translate(state.params, heldOut.source));
  const translateMs = performance.now() - before;
  const accuracy = share(answers, heldOut);
  print(
    `After ${training.steps} steps: training loss ${curves.losses.at(-1)!.toFixed(4)}, held-out loss ` +
      `${curves.testLosses.at(-1)!.toFixed(4)}, ${(100 * accuracy).toFixed(1)} % of the held-out dates right`,
  );

  const sources = encodeAll(EXAMPLES);
  const written = await answersOf(translate(state.params, sources));
  for (const [i, source] of EXAMPLES.entries()) print(`${source.padEnd(SOURCE_LENGTH)} ${written[i]}`);
  const at = EXAMPLES.indexOf(DRAWN);
  const weights = attentionOf(model, state.params, sources, encodeAll(written, TARGET_LENGTH));
  const attention = attentionPlot(DRAWN, written[at]!, await nested(weights, at));
  await show("attention", attention);

  return {
    intro:
      "“Intuitive AI: Session 2” announces transformers for its next session. This is the first one, of “Attention Is All " +
      "You Need” (Vaswani et al. 2017): an encoder reads a date as people write it, a decoder writes it as ISO 8601 does, " +
      "character by character, and looks at the encoder's memory as it goes.",
    thumbnail: attention,
    sections: [
      heading("Training"),
      lossPlot(curves),
      accuracyPlot(curves),
      ...mistakes(answers, heldOut),
      heading("What it writes"),
      table(
        ["Source", "Written"],
        EXAMPLES.map((source, i) => [source, written[i]!]),
      ),
      heading("Where it looks"),
      attention,
      heading("What ran"),
      prose(
        `${training.stepsPerCall} training steps are one compiled call: it draws the dates, runs encoder and decoder over ` +
          "them and back, and steps with Adam. A translation is one compiled call, too: the encoder once, then a loop of the " +
          "decoder, each step of which reads one character and keeps its keys and values for those that follow.",
      ),
      table(
        ["", "ms"],
        [
          ["Compilation of the training", compileMs.toFixed(0)],
          ["A training step", (trainMs / training.steps).toFixed(1)],
          [`${heldOut.sources.length} dates translated`, translateMs.toFixed(0)],
        ],
      ),
      code(
        translate.lower(state.params, sources).compile().asText({ stage: "kernel" }),
        "The kernels of the translation.",
      ),
    ],
  };
}

async function answersOf(tokens: NdArray): Promise<string[]> {
  const codes = Array.from(await tokens.data(), Number);
  return Array.from({ length: tokens.shape[0]! }, (_, i) =>
    decode(codes.slice(i * TARGET_LENGTH, (i + 1) * TARGET_LENGTH)),
  );
}

/** How many of the answers are right in every character, between 0 and 1. */
function share(answers: readonly string[], { targets }: Dates): number {
  return answers.filter((answer, i) => answer === targets[i]).length / answers.length;
}

/** [heads][m][n] of example `at` of f32[batch, heads, m, n]. */
async function nested(weights: NdArray, at: number): Promise<number[][][]> {
  const [one] = await onHost(weights.slice(at));
  return one.tolist() as number[][][];
}

function lossPlot({ steps, losses, testSteps, testLosses }: Curves): PlotSection {
  return plot(
    layered({ x: "Step", y: "Loss (nats per character)" }, [
      line("Training", steps, losses),
      line("Held-out dates", testSteps, testLosses),
      line("Least possible", [0, steps.at(-1)!], [LEAST_LOSS, LEAST_LOSS]),
    ]),
    "The loss against labels smoothed by 0.1, for which it cannot be less than their entropy: on the dates it learns from, " +
      "each point the mean of one compiled call, with dropout; and on those held out, without.",
  );
}

function accuracyPlot({ testSteps, accuracies }: Curves): PlotSection {
  return plot(
    layered({ x: "Step", y: "Held-out dates right (%)", yFromZero: true }, [
      line(
        "Right",
        testSteps,
        accuracies.map((each) => 100 * each),
      ),
    ]),
    "How many of the held-out dates are written right, in all ten characters.",
  );
}

function mistakes(answers: readonly string[], { sources, targets }: Dates): Section[] {
  const wrong = answers
    .map((answer, i) => [sources[i]!, targets[i]!, answer] as const)
    .filter(([, target, answer]) => answer !== target);
  const right = answers.length - wrong.length;
  const caption = `${right} of ${answers.length} held-out dates are right. The first of the others:`;
  if (wrong.length === 0) return [prose(`All ${answers.length} held-out dates are right.`)];
  return [table(["Source", "Right", "Written"], wrong.slice(0, 5), caption)];
}
