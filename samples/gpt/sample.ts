/** Trains a small GPT on "Moby Dick" and lets it write: announced in "Intuitive AI: Session 2". */
import { jit, type NdArray, type nn, numpy as np, random } from "weft";
import { code, heading, output, prose, table } from "../report/index.ts";
import type { SampleContext, SampleReport } from "../run/sample.ts";
import { CHECKPOINT, writeCheckpoint } from "../text/checkpoint.ts";
import { makeCorpus } from "../text/corpus.ts";
import { lossPlot } from "../text/loss-plot.ts";
import { readMobyDick } from "../text/moby-dick.ts";
import { wrapText } from "../text/wrap.ts";
import { argumentsOf, writeText } from "../text/write.ts";
import { attentionPlot } from "./attention-plot.ts";
import { attentionOf, type Config, createState, GPT, generatorOf, lossFn, trainerOf } from "./model.ts";

const FULL = {
  config: { context: 64, layers: 4, heads: 4, features: 128, dropoutRate: 0.1 },
  training: {
    batchSize: 16,
    steps: 2000,
    stepsPerCall: 10,
    warmupSteps: 100,
    learningRate: 2e-3,
    weightDecay: 0.1,
  },
} as const;
const QUICK = {
  config: { context: 32, layers: 2, heads: 2, features: 32, dropoutRate: 0 },
  training: {
    batchSize: 16,
    steps: 300,
    stepsPerCall: 20,
    warmupSteps: 20,
    learningRate: 1e-2,
    weightDecay: 0.1,
  },
} as const;

const PROMPT = "The whale ";
const TEMPERATURES = [0.5, 0.8, 1];
const TOP_K = 20;

export async function run(context: SampleContext): Promise<SampleReport> {
  const { print, show, progress, quick } = context;
  const { training, config: sizes } = quick ? QUICK : FULL;
  const { vocabulary, train, test, bigram } = makeCorpus(await readMobyDick(), {
    pieces: quick ? 64 : 256,
    length: sizes.context,
  });
  print(`${train.size} characters to learn from, ${vocabulary.size} different ones`);
  print(`Bigram model: loss ${bigram.toFixed(4)}`);

  const config: Config = { ...sizes, vocabSize: vocabulary.size };
  const model = new GPT(config);
  const example = np.zeros([1, config.context], { dtype: "int32" });
  let state = createState(model, random.PRNGKey(0), training);
  print(model.tabulate(random.PRNGKey(0), example, { depth: 1 }));

  const { losses, testLosses, curves, compileMs, trainMs } = await (async () => {
    const started = performance.now();
    const trainer = trainerOf(model, training).lower(state, train).compile();
    const compileMs = performance.now() - started;
    const evaluate = jit((params: nn.VariableTree, batch: NdArray) => lossFn(model, params, batch));
    const steps: number[] = [];
    const losses: number[] = [];
    const testSteps: number[] = [];
    const testLosses: number[] = [];
    const curves = () => lossPlot({ steps, losses }, { steps: testSteps, losses: testLosses }, bigram);
    const bar = progress("Training", training.steps);
    let trainMs = 0;
    for (let done: number = training.stepsPerCall; done <= training.steps; done += training.stepsPerCall) {
      const before = performance.now();
      const [next, block] = trainer.call(state, train);
      const values = Array.from(await block.data(), Number);
      trainMs += performance.now() - before;
      state = next;
      steps.push(done);
      losses.push(values.reduce((a, b) => a + b, 0) / values.length);
      if (done % (10 * training.stepsPerCall) === 0 || done === training.steps) {
        testSteps.push(done);
        testLosses.push(Number((await evaluate(state.params, test).data())[0]));
        await show("loss", curves());
      }
      bar.update(done, `loss ${losses.at(-1)!.toFixed(3)}`);
    }
    bar.finish();
    return { losses, testLosses, curves: curves(), compileMs, trainMs };
  })();
  const [trainLoss, loss] = [losses.at(-1)!, testLosses.at(-1)!];
  print(
    `After ${training.steps} steps: training loss ${trainLoss.toFixed(4)}, held-out loss ${loss.toFixed(4)}`,
  );

  const generate = generatorOf(config);
  const length = quick ? 200 : 500;
  const texts: string[] = [];
  let writeMs = 0;
  const drawing = { context: config.context, seed: 1, temperature: 1, topK: TOP_K };
  for (const temperature of TEMPERATURES) {
    const before = performance.now();
    const options = { ...drawing, temperature, prompt: PROMPT, length };
    const text = await writeText(generate, state.params, vocabulary, options);
    writeMs = performance.now() - before;
    texts.push(text);
    print(`\nTemperature ${temperature}:\n${wrapText(text)}`);
  }

  const seen = texts[0]!.slice(0, 32);
  const weights = attentionOf(model, state.params, np.array(vocabulary.encode(seen)));
  const attention = await attentionPlot(seen, weights.at(-1)!);
  await show("attention", attention);

  return {
    intro:
      "A transformer reads pieces of “Moby Dick” and learns to foretell each next character, as announced in “Intuitive " +
      "AI: Session 2” (“Implementing (but more like copying) a Basic GPT”). Then it writes.",
    thumbnail: attention,
    sections: [
      heading("The loss"),
      curves,
      table(
        ["", "Loss (nats)", "Perplexity"],
        [
          ["Bigram model", bigram.toFixed(3), Math.exp(bigram).toFixed(2)],
          ["GPT, text it learned from", trainLoss.toFixed(3), Math.exp(trainLoss).toFixed(2)],
          ["GPT, held-out text", loss.toFixed(3), Math.exp(loss).toFixed(2)],
        ],
        "Perplexity is the number of equally likely characters that would be as hard to foretell. Dropout is at work on " +
          "the text it learns from, not on the other.",
      ),
      heading("What it writes"),
      prose(`The prompt is “${PROMPT.trim()}”; of the scores only the ${TOP_K} greatest count (\`topK\`).`),
      ...TEMPERATURES.map((temperature, i) => output(wrapText(texts[i]!), `Temperature ${temperature}`)),
      heading("Where it looks"),
      attention,
      heading("What ran"),
      prose(
        `${training.stepsPerCall} training steps are one compiled call: it draws the pieces of text, runs the transformer ` +
          "over them and back, and steps with AdamW. Generation is a compiled loop, too: each step reads one character and " +
          "keeps its keys and values for those that follow.",
      ),
      table(
        ["", "ms"],
        [
          ["Compilation of the training", compileMs.toFixed(0)],
          ["A training step", (trainMs / training.steps).toFixed(1)],
          [`${length} characters written`, writeMs.toFixed(1)],
        ],
      ),
      code(
        generate
          .lower(state.params, ...argumentsOf(vocabulary.encode(PROMPT), drawing, 0))
          .compile()
          .asText({ stage: "kernel" }),
        "The kernels of the generation.",
      ),
    ],
    files: { [CHECKPOINT]: await writeCheckpoint(state.params, config, vocabulary) },
  };
}
