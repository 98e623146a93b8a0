/** Dropout (`flax/linen/stochastic.py`). */
import type { NdArray } from "../../../core/index.ts";
import { select } from "../../../lax/elementwise.ts";
import { zerosLike } from "../../../lax/movement.ts";
import { broadcastTo } from "../../../lax/operands.ts";
import { divide } from "../../../numpy/ufuncs.ts";
import { bernoulli, type KeyLike } from "../../../random/index.ts";
import { mergeParam } from "../core/merge-param.ts";
import { Module, type ModuleOptions } from "../core/module.ts";
import { isOptionsObject, withPositional } from "./options.ts";

/** Options of `Dropout`. */
export interface DropoutOptions extends ModuleOptions {
  /** Probability that an element is dropped. */
  readonly rate: number;
  /** Axes along which all elements share their fate. */
  readonly broadcastDims?: readonly number[];
  /** Whether nothing is dropped; may be given to `call` instead. */
  readonly deterministic?: boolean | null;
  /** The sequence that keys are drawn from. Default "dropout". */
  readonly rngCollection?: string;
}

/** Options of `Dropout`. */
export interface DropoutCallOptions {
  readonly deterministic?: boolean | null;
  /** Instead of a key of the sequence. */
  readonly rng?: KeyLike | null;
}

/**
 * Sets elements to 0 with probability `rate` and divides the others by 1 − rate (`flax.linen.Dropout`; Srivastava et al.
 * 2014). Needs a key: `apply(variables, x, { rngs: { dropout: key } })`.
 */
export class Dropout extends Module {
  static readonly moduleName: string = "Dropout";
  readonly options: DropoutOptions;

  constructor(rate: number | DropoutOptions, options: Omit<DropoutOptions, "rate"> = {}) {
    const all = withPositional<DropoutOptions, "rate">("rate", rate, options, isOptionsObject);
    super(all);
    this.options = all;
  }

  call(inputs: NdArray, { deterministic = null, rng = null }: DropoutCallOptions = {}): NdArray {
    const { rate, broadcastDims = [], rngCollection = "dropout" } = this.options;
    const fixed = mergeParam("deterministic", this.options.deterministic, deterministic);
    if (rate === 0 || fixed) return inputs;
    // 1 / 0 would make the gradient NaN.
    if (rate === 1) return zerosLike(inputs);
    const keep = 1 - rate;
    const shape = [...inputs.shape];
    for (const axis of broadcastDims) shape[axis < 0 ? axis + shape.length : axis] = 1;
    const kept = bernoulli(rng ?? this.makeRng(rngCollection), keep, shape);
    return select(broadcastTo(kept, inputs.shape), divide(inputs, keep), zerosLike(inputs));
  }
}
