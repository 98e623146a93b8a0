/** A Markov chain by the No-U-Turn sampler. */
import { flattenUtil, lax, type NdArray, numpy as np, random, valueAndGrad, vmap } from "weft";
import type { Phase, Potential } from "./hamiltonian.ts";
import { buildTree } from "./tree.ts";
import { type Adaptation, adapt, startAdaptation } from "./warmup.ts";

export interface ChainOptions {
  /** Steps that adapt the sampler and are not kept. Default 1000. */
  readonly numWarmup?: number;
  /** Default 1000. */
  readonly numSamples?: number;
  /** The acceptance probability that the step size aims at. Default 0.8. */
  readonly targetAcceptance?: number;
  /** A trajectory has at most 2^maxTreeDepth steps. Default 10. */
  readonly maxTreeDepth?: number;
  /** A gain of energy beyond this is a divergence. Default 1000. */
  readonly maxDeltaEnergy?: number;
  /** Where the adaptation of the step size begins. Default 1. */
  readonly stepSize?: number;
}

/** The draws of a chain, and per draw what tells how it was made; the leading axis is `numSamples`. */
export interface Chain<T> {
  readonly draws: T;
  /** Potential energy (minus the log density) of each draw. */
  readonly potential: NdArray;
  /** Mean acceptance probability along the trajectory. */
  readonly acceptance: NdArray;
  /** Leapfrog steps. */
  readonly numSteps: NdArray;
  readonly diverging: NdArray;
  readonly treeDepth: NdArray;
  /** After warm-up: a scalar, and one number per element of the position in the order of `flattenUtil.ravelPytree`. */
  readonly stepSize: NdArray;
  readonly inverseMass: NdArray;
}

interface State {
  readonly position: NdArray;
  readonly potential: NdArray;
  readonly gradient: NdArray;
  readonly adaptation: Adaptation;
  readonly key: NdArray;
}

/**
 * Draws from the density exp(logDensity(position)), which need not be normalised, on unbounded positions. Pure, so that
 * it can be compiled whole by `jit` and mapped over chains by `vmap`. With the same key, start and options as NumPyro's
 * `NUTS(potential_fn=…)` the same chain, up to rounding.
 *
 * @param start a tree of floating arrays of one dtype; the density there must be finite
 */
export function sampleChain<T>(
  logDensity: (position: T) => NdArray,
  key: NdArray,
  start: T,
  options: ChainOptions = {},
): Chain<T> {
  const { numWarmup = 1000, numSamples = 1000, targetAcceptance = 0.8, stepSize = 1 } = options;
  const { maxTreeDepth = 10, maxDeltaEnergy = 1000 } = options;
  const [position, unravel] = flattenUtil.ravelPytree(start);
  const potential: Potential = (vector) => logDensity(unravel(vector)).neg();
  const [kernelKey] = random.split(key);
  const [chainKey] = random.split(kernelKey!, 3);
  const [energy, gradient] = valueAndGrad(potential)(position);
  const initial: State = {
    position,
    potential: energy,
    gradient,
    adaptation: startAdaptation(position, np.array(stepSize, { dtype: position.dtype })),
    key: chainKey!,
  };

  const step = (state: State, i: NdArray) => {
    const [nextKey, momentumKey, treeKey] = random.split(state.key, 3);
    const { inverseMass, stepSize: currentStep } = state.adaptation;
    const noise = random.normal(momentumKey!, [position.size], { dtype: position.dtype });
    const phase: Phase = {
      position: state.position,
      momentum: noise.mul(np.reciprocal(np.sqrt(inverseMass))),
      potential: state.potential,
      gradient: state.gradient,
    };
    const tree = buildTree(potential, phase, inverseMass, currentStep, treeKey!, {
      maxTreeDepth,
      maxDeltaEnergy,
    });
    const acceptance = tree.acceptance.div(tree.leaves.astype(position.dtype));
    const { proposal } = tree;
    const adaptation = lax.cond(
      i.less(numWarmup),
      (current: Adaptation) =>
        adapt(current, i, acceptance, proposal.position, { numWarmup, targetAcceptance }),
      (current: Adaptation) => current,
      state.adaptation,
    );
    const next: State = {
      position: proposal.position,
      potential: proposal.potential,
      gradient: proposal.gradient,
      adaptation,
      key: nextKey!,
    };
    const record = {
      position: proposal.position,
      potential: proposal.potential,
      acceptance,
      numSteps: tree.leaves,
      diverging: tree.diverging,
      treeDepth: tree.depth,
    };
    return [next, record] as const;
  };

  const [last, records] = lax.scan(step, initial, np.arange(numWarmup + numSamples, { dtype: "int32" }));
  const kept = (x: NdArray): NdArray => lax.sliceInDim(x, numWarmup, numWarmup + numSamples);
  return {
    draws: vmap(unravel)(kept(records.position)) as T,
    potential: kept(records.potential),
    acceptance: kept(records.acceptance),
    numSteps: kept(records.numSteps),
    diverging: kept(records.diverging),
    treeDepth: kept(records.treeDepth),
    stepSize: last.adaptation.stepSize,
    inverseMass: last.adaptation.inverseMass,
  };
}
