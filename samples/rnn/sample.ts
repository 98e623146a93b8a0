/** Trains the LSTM on "Moby Dick" and lets it write: announced in "Intuitive AI: Session 2". */
import { jit, type NdArray, type nn, numpy as np, random } from "weft";
import { code, heading, output, prose, table } from "../report/index.ts";
import type { SampleContext, SampleReport } from "../run/sample.ts";
import { CHECKPOINT, writeCheckpoint } from "../text/checkpoint.ts";
import { makeCorpus } from "../text/corpus.ts";
import { lossPlot } from "../text/loss-plot.ts";
import { readMobyDick } from "../text/moby-dick.ts";
import { wrapText } from "../text/wrap.ts";
import { argumentsOf, writeText } from "../text/write.ts";
import { CharLSTM, createState, generatorOf, lossFn, type Training, trainerOf } from "./model.ts";

const FULL = { batchSize: 32, length: 64, steps: 1500, stepsPerCall: 20, learningRate: 4e-3 };
const QUICK = { batchSize: 16, length: 32, steps: 300, stepsPerCall: 20, learningRate: 1e-2 };

const PROMPT = "The whale ";
const TEMPERATURES = [0.5, 0.8, 1];
const TOP_K = 20;

export async function run(context: SampleContext): Promise<SampleReport> {
  const { print, show, progress, quick } = context;
  const training: Training = quick ? QUICK : FULL;
  const { vocabulary, train, test, bigram } = makeCorpus(await readMobyDick(), {
    pieces: quick ? 64 : 256,
    length: training.length,
  });
  print(`${train.size} characters to learn from, ${vocabulary.size} different ones`);
  print(`Bigram model: loss ${bigram.toFixed(4)}`);

  const model = new CharLSTM({ vocabSize: vocabulary.size, features: quick ? 64 : 128, context: 256 });
  let state = createState(model, random.PRNGKey(0), training);

  const example = np.zeros([1, training.length], { dtype: "int32" });
  print(model.tabulate(random.PRNGKey(0), example, { depth: 1 }));

  const started = performance.now();
  const trainer = trainerOf(model, training).lower(state, train).compile();
  const evaluate = jit((params: nn.VariableDict, batch: NdArray) => lossFn(model, params, batch));
  const compileMs = performance.now() - started;

  const [steps, losses, testSteps, testLosses]: number[][] = [[], [], [], []];
  const plotLosses = () =>
    lossPlot({ steps: steps!, losses: losses! }, { steps: testSteps!, losses: testLosses! }, bigram);
  const bar = progress("Training", training.steps);
  let trainMs = 0;
  for (let done = training.stepsPerCall; done <= training.steps; done += training.stepsPerCall) {
    const before = performance.now();
    const [next, block] = trainer.call(state, train);
    const values = Array.from(await block.data(), Number);
    trainMs += performance.now() - before;
    state = next;
    steps!.push(done);
    losses!.push(values.reduce((a, b) => a + b, 0) / values.length);
    if (done % (5 * training.stepsPerCall) === 0 || done === training.steps) {
      testSteps!.push(done);
      testLosses!.push(Number((await evaluate(state.params, test).data())[0]));
      await show("loss", plotLosses());
    }
    bar.update(done, `loss ${losses!.at(-1)!.toFixed(3)}`);
  }
  bar.finish();
  const loss = testLosses!.at(-1)!;
  print(
    `After ${training.steps} steps: training loss ${losses!.at(-1)!.toFixed(4)}, held-out loss ${loss.toFixed(4)}`,
  );

  const length = quick ? 200 : 500;
  const generate = generatorOf(model);
  const texts: string[] = [];
  let writeMs = 0;
  const drawing = { context: model.config.context, seed: 1, temperature: 1, topK: TOP_K };
  for (const temperature of TEMPERATURES) {
    const before = performance.now();
    const options = { ...drawing, temperature, prompt: PROMPT, length };
    const text = await writeText(generate, state.params, vocabulary, options);
    writeMs = performance.now() - before;
    texts.push(text);
    print(`\nTemperature ${temperature}:\n${wrapText(text)}`);
  }

  const perStep = trainMs / training.steps;
  return {
    intro:
      "A long short-term memory reads “Moby Dick” character by character and learns to foretell the next one, as announced " +
      "in “Intuitive AI: Session 2”. Then it writes: each character is drawn from what it foretells, and read again.",
    sections: [
      heading("The loss"),
      plotLosses(),
      table(
        ["", "Loss (nats)", "Perplexity"],
        [
          ["Bigram model", bigram.toFixed(3), Math.exp(bigram).toFixed(2)],
          ["LSTM, text it learned from", losses!.at(-1)!.toFixed(3), Math.exp(losses!.at(-1)!).toFixed(2)],
          ["LSTM, held-out text", loss.toFixed(3), Math.exp(loss).toFixed(2)],
        ],
        "Perplexity is the number of equally likely characters that would be as hard to foretell.",
      ),
      heading("What it writes"),
      prose(`The prompt is “${PROMPT.trim()}”; of the scores only the ${TOP_K} greatest count (\`topK\`).`),
      ...TEMPERATURES.map((temperature, i) => output(wrapText(texts[i]!), `Temperature ${temperature}`)),
      heading("What ran"),
      prose(
        `${training.stepsPerCall} training steps are one compiled call: it draws the pieces of text, runs the LSTM over ` +
          "them and back, and steps with Adam. Generation is a compiled loop, too, whose carry is the LSTM's state.",
      ),
      table(
        ["", "ms"],
        [
          ["Compilation of the training", compileMs.toFixed(0)],
          ["A training step", perStep.toFixed(1)],
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
    files: { [CHECKPOINT]: await writeCheckpoint(state.params, model.config, vocabulary) },
  };
}
