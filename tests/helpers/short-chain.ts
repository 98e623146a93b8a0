/** The sampler of samples/bayesian-regression on its model, for tests of what it is compiled to: one chain, of few steps. */
import { Model } from "../../samples/bayesian-regression/model.ts";
import { fit } from "../../samples/bayesian-regression/sample.ts";
import { makeObservations, onCpu } from "../../samples/linear-regression/dataset.ts";

export async function shortChain(): Promise<void> {
  const { xObs, yObsNoisy } = makeObservations();
  const model = onCpu(
    () =>
      new Model("y ~ x0 + x1", {
        y: yObsNoisy.slice(":", 0),
        x0: xObs.slice(":", 0),
        x1: xObs.slice(":", 1),
      }),
  );
  await fit(model, { chains: 1, tune: 12, draws: 8, seed: 0 }, silent);
}

const silent = {
  print: () => undefined,
  progress: () => ({ update: () => undefined, finish: () => undefined }),
};
