/** The learning curve of a language model. */
import { layered, line, type PlotSection, plot } from "../report/index.ts";

export interface Curve {
  readonly steps: readonly number[];
  readonly losses: readonly number[];
}

/** Both losses over the steps, against the bigram model's, in nats per character. */
export function lossPlot(train: Curve, test: Curve, bigram: number): PlotSection {
  const end = train.steps.at(-1)!;
  return plot(
    layered({ x: "Step", y: "Loss (nats per character)" }, [
      line("Training", train.steps, train.losses),
      line("Held-out text", test.steps, test.losses),
      line("Bigram model", [0, end], [bigram, bigram]),
    ]),
    "The loss on pieces of the text it learns from, each point the mean of one compiled call, and on the last tenth of " +
      "the novel, which it does not see; the bigram model knows how often each character follows each.",
  );
}
