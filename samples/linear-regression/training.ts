/** Training with the document's loop, block by block, so that progress can be seen. */
import { type NdArray, type nn, optim } from "weft";
import { layered, line, type PlotSection, plot } from "../report/index.ts";
import type { SampleContext } from "../run/sample.ts";
import { type Model, optimizer, type State, trainerOf } from "./model.ts";

export interface Trained {
  readonly state: State;
  /** The loss before each epoch's update. */
  readonly losses: Float32Array;
  readonly plot: PlotSection;
  readonly compileMs: number;
  readonly trainMs: number;
  /** The kernels of an epoch, as the compiler prints them. */
  readonly kernels: string;
}

/** @param label names the training in the progress bar and on the live page */
export async function train(
  label: string,
  model: Model,
  params: nn.VariableDict,
  [x, y]: readonly [NdArray, NdArray],
  epochs: number,
  { progress, show }: Pick<SampleContext, "progress" | "show">,
): Promise<Trained> {
  const block = Math.min(epochs, 500);
  let state: State = optim.TrainState.create({ applyFn: model.apply, params, tx: optimizer });
  const trainer = trainerOf(model, block);
  const started = performance.now();
  const compiled = trainer.lower(state, x, y).compile();
  const compileMs = performance.now() - started;

  const losses = new Float32Array(epochs);
  const bar = progress(label, epochs);
  let trainMs = 0;
  for (let done = 0; done < epochs; done += block) {
    const before = performance.now();
    const [next, blockLosses] = compiled.call(state, x, y);
    losses.set(await blockLosses.data(), done);
    trainMs += performance.now() - before;
    state = next;
    bar.update(done + block, `loss ${losses[done + block - 1]!.toPrecision(5)}`);
    await show(label, lossPlot(losses.subarray(0, done + block)));
  }
  bar.finish();
  const kernels = compiled.asText({ stage: "kernel" });
  return { state, losses, plot: lossPlot(losses), compileMs, trainMs, kernels };
}

/** The loss over the epochs; a line of 500 points tells as much as one of 10 000. */
function lossPlot(losses: Float32Array): PlotSection {
  const stride = Math.max(1, Math.ceil(losses.length / 500));
  const epochs = Array.from({ length: Math.ceil(losses.length / stride) }, (_, i) => i * stride);
  return plot(
    layered({ x: "Step or Epoch", y: "Training loss", yFromZero: true }, [
      line(
        "Training loss",
        epochs,
        epochs.map((i) => losses[i]!),
      ),
    ]),
    "The training loss before each epoch.",
  );
}
