/** Batch normalisation (`flax.linen.BatchNorm`). */
import type { NdArray } from "../../../core/index.ts";
import { range } from "../../../lax/axes.ts";
import { full } from "../../../lax/movement.ts";
import { mergeParam } from "../core/merge-param.ts";
import { Module } from "../core/module.ts";
import { type Axes, sortedAxes } from "./axes.ts";
import {
  type BiasedNormOptions,
  computeStats,
  type NormCallOptions,
  normalize,
} from "./normalization-stats.ts";

/** Options of `BatchNorm`. */
export interface BatchNormOptions extends BiasedNormOptions {
  /** Whether the stored mean and variance are used, rather than the batch's; may be given to `call` instead. */
  readonly useRunningAverage?: boolean | null;
  /** The axis of the features. Default the last. */
  readonly axis?: Axes;
  /** How much of the stored statistics is kept at each step. Default 0.99. */
  readonly momentum?: number;
}

/** Options of `BatchNorm`. */
export interface BatchNormCallOptions extends NormCallOptions {
  readonly useRunningAverage?: boolean | null;
}

/**
 * Mean 0 and variance 1 of each feature over the batch (Ioffe & Szegedy 2015). Parameters: scale and bias; in the collection
 * "batch_stats" mean and var, which change where `useRunningAverage` is false:
 *
 *     const [y, { batch_stats }] = model.apply(variables, x, { mutable: ["batch_stats"] });
 */
export class BatchNorm extends Module {
  static readonly moduleName: string = "BatchNorm";
  readonly options: BatchNormOptions;

  constructor(options: BatchNormOptions = {}) {
    super(options);
    this.options = options;
  }

  call(x: NdArray, { useRunningAverage = null, mask = null }: BatchNormCallOptions = {}): NdArray {
    const { epsilon = 1e-5, momentum = 0.99, axis = -1, forceFloat32Reductions = true } = this.options;
    const stored = mergeParam("use_running_average", this.options.useRunningAverage, useRunningAverage);
    const feature = sortedAxes(x.ndim, axis);
    const reduction = range(x.ndim).filter((each) => !feature.includes(each));
    const shape = feature.map((each) => x.shape[each]);
    const dtype = forceFloat32Reductions ? "float32" : (this.options.paramDtype ?? "float32");
    const mean = this.variable("batch_stats", "mean", () => full(shape, 0, dtype));
    const variance = this.variable("batch_stats", "var", () => full(shape, 1, dtype));
    let stats: [NdArray, NdArray];
    if (stored) {
      stats = [mean.value, variance.value];
    } else {
      stats = computeStats(x, reduction, this.options, { mask });
      if (!this.isInitializing()) {
        mean.value = mean.value.mul(momentum).add(stats[0].mul(1 - momentum));
        variance.value = variance.value.mul(momentum).add(stats[1].mul(1 - momentum));
      }
    }
    return normalize(this, x, stats, { reduction, feature }, { ...this.options, epsilon });
  }
}
