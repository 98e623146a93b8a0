/** The Bayesian model of "Intuitive AI: Session 2": what it prints and plots. */
import { jit, type NdArray, numpy as np, random } from "weft";
import { makeObservations, onCpu } from "../linear-regression/dataset.ts";
import { type Chain, sampleChain } from "../mcmc/sample-chain.ts";
import type { Chains } from "../python/arviz/diagnostics.ts";
import { plotPosterior, plotTrace } from "../python/arviz/plots.ts";
import { summary } from "../python/arviz/summary.ts";
import { code, heading, output, plot, prose, table } from "../report/index.ts";
import type { SampleContext, SampleReport } from "../run/sample.ts";
import { Model, type Position } from "./model.ts";

export interface FitOptions {
  readonly chains: number;
  /** Steps of warm-up per chain. */
  readonly tune: number;
  /** Draws that are kept per chain. */
  readonly draws: number;
  readonly seed: number;
}

/** What bambi's `model.fit` gives: the draws by variable and chain, and how they were made. */
export interface InferenceData {
  readonly posterior: Readonly<Record<string, Chains>>;
  readonly stats: readonly ChainStats[];
  /** The schedule of the compiled chain. */
  readonly schedule: string;
  readonly compileMs: number;
}

export interface ChainStats {
  readonly stepSize: number;
  readonly acceptance: number;
  readonly leapfrogSteps: number;
  readonly deepestTree: number;
  readonly divergences: number;
  readonly milliseconds: number;
}

/** Draws from the model's posterior by NUTS. A chain is one call of one compiled program. */
export async function fit(
  model: Model,
  { chains, tune, draws, seed }: FitOptions,
  { print, progress }: Pick<SampleContext, "print" | "progress">,
): Promise<InferenceData> {
  const keys = [...random.split(random.PRNGKey(seed), chains)];
  const program = jit(
    (key: NdArray) => {
      const [startKey, chainKey] = random.split(key);
      const start = model.initialPosition(startKey!);
      const logDensity = (position: Position): NdArray => model.logDensity(position);
      const chain = sampleChain(logDensity, chainKey!, start, { numWarmup: tune, numSamples: draws });
      return { ...chain, draws: model.posterior(chain.draws) };
    },
    { name: "chain" },
  );
  const started = performance.now();
  const compiled = program.lower(keys[0]!).compile();
  const compileMs = performance.now() - started;

  const posterior: Record<string, ArrayLike<number>[]> = Object.fromEntries(
    model.parameters.map((name) => [name, []]),
  );
  const stats: ChainStats[] = [];
  const bar = progress("Sampling", chains);
  for (const [i, key] of keys.entries()) {
    bar.update(i, `chain ${i}`);
    const before = performance.now();
    const chain = compiled.call(key);
    for (const name of model.parameters) posterior[name]!.push(await chain.draws[name]!.data());
    stats.push(await statsOf(chain, performance.now() - before));
  }
  bar.finish();

  const seconds = stats.reduce((sum, each) => sum + each.milliseconds, 0) / 1000;
  print(`NUTS: [${model.parameters.join(", ")}]`);
  print(
    `Sampling ${chains} chains for ${grouped(tune)} tune and ${grouped(draws)} draw iterations ` +
      `(${grouped(chains * tune)} + ${grouped(chains * draws)} draws total) took ${seconds.toFixed(3)} seconds.`,
  );
  const text = compiled.asText({ stage: "program" });
  return { posterior, stats, schedule: text.slice(text.indexOf("  schedule {")), compileMs };
}

async function statsOf(chain: Chain<unknown>, milliseconds: number): Promise<ChainStats> {
  const scalar = async (x: NdArray): Promise<number> => Number((await x.data())[0]);
  return {
    stepSize: await scalar(chain.stepSize),
    acceptance: await scalar(np.mean(chain.acceptance)),
    leapfrogSteps: await scalar(np.sum(chain.numSteps)),
    deepestTree: await scalar(np.max(chain.treeDepth)),
    divergences: await scalar(np.sum(chain.diverging)),
    milliseconds,
  };
}

/** 4000 as Python's `{:_}` writes it. */
function grouped(x: number): string {
  return x.toLocaleString("en-US").replaceAll(",", "_");
}

export async function run(context: SampleContext): Promise<SampleReport> {
  const { print, show, quick, device } = context;
  const { xObs, yObsNoisy } = makeObservations();

  const model = onCpu(() => {
    const df = { y: yObsNoisy.slice(":", 0), x0: xObs.slice(":", 0), x1: xObs.slice(":", 1) };
    const model = new Model("y ~ x0 + x1", df);
    return model;
  });
  print(String(model));
  print();

  const steps = quick ? 200 : 1000;
  const idata = await fit(model, { chains: 4, tune: steps, draws: steps, seed: 0 }, context);
  print();

  const trace = plot(
    plotTrace(idata.posterior),
    "The density and the draws of each parameter, a colour per chain.",
    "Four chains that agree with one another and move freely around 0.53, 3.1, 1.1 and 2.1.",
  );
  await show("trace", trace);

  const printedSummary = onCpu(() => summary(idata.posterior));
  print(printedSummary);

  const posterior = plot(
    plotPosterior(idata.posterior),
    "The posterior of each parameter: density, mean, and the narrowest interval that holds 94 % of the draws. The " +
      "plane was made with intercept 3.1, slopes 1.1 and 2.1, and noise of standard deviation 0.5.",
  );
  await show("posterior", posterior);

  return {
    intro:
      "The Bayesian model of “Intuitive AI: Session 2”: `y ~ x0 + x1` as bambi has it, with its default priors, drawn " +
      "from by the No-U-Turn sampler. A whole chain, warm-up and all, is one compiled program that is called once.",
    thumbnail: posterior,
    sections: [
      heading("The model"),
      output(
        String(model),
        "bambi's default priors: weak, and scaled to the data. The intercept is that of centred predictors.",
      ),
      heading("Sampling"),
      prose(
        "The tree of a trajectory grows without recursion, after NumPyro: with the same key, start and step size the " +
          "draws are NumPyro's own. Step size and mass matrix adapt on Stan's schedule of windows.",
      ),
      table(
        ["Chain", "Step size", "Acceptance", "Leapfrog steps", "Deepest tree", "Divergences", "ms"],
        idata.stats.map((each, i) => [
          i,
          each.stepSize.toFixed(3),
          each.acceptance.toFixed(3),
          each.leapfrogSteps,
          each.deepestTree,
          each.divergences,
          each.milliseconds.toFixed(1),
        ]),
        `${steps} steps of warm-up and ${steps} draws per chain. Trace and compile took ${idata.compileMs.toFixed(0)} ms, once; leapfrog steps are those of the draws.`,
      ),
      trace,
      heading("The posterior"),
      output(printedSummary, "The summary, by ArviZ's algorithms and in its form."),
      posterior,
      heading("What ran"),
      code(
        idata.schedule,
        "The schedule of the compiled chain: a loop over the steps, in it the doubling of the tree, in it the leaves, " +
          `in it the check for U-turns. ${device === "wasm" ? "All of it is one WebAssembly function." : "On a GPU it decides for itself how often the loops go round."}`,
      ),
    ],
  };
}
