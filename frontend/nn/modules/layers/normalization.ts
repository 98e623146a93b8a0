/** Normalisations over axes of one example (`flax/linen/normalization.py`). */
import { type NdArray, WeftValueError } from "../../../core/index.ts";
import { range } from "../../../lax/axes.ts";
import { reshape } from "../../../lax/movement.ts";
import { repeat } from "../../../numpy/index.ts";
import { Module } from "../core/module.ts";
import { type Axes, sortedAxes } from "./axes.ts";
import {
  type BiasedNormOptions,
  computeStats,
  type NormCallOptions,
  type NormOptions,
  normalize,
} from "./normalization-stats.ts";

interface AxesOptions {
  /** The axes that means are taken over. Default the last. */
  readonly reductionAxes?: Axes;
  /** The axes with a scale and bias of their own. Default the last. */
  readonly featureAxes?: Axes;
}

/** Options of `LayerNorm`. */
export type LayerNormOptions = BiasedNormOptions & AxesOptions;

/** Mean 0 and variance 1 over the last axis (`flax.linen.LayerNorm`; Ba et al. 2016). Parameters: scale and bias. */
export class LayerNorm extends Module {
  static readonly moduleName: string = "LayerNorm";
  readonly options: LayerNormOptions;

  constructor(options: LayerNormOptions = {}) {
    super(options);
    this.options = options;
  }

  call(x: NdArray, { mask }: NormCallOptions = {}): NdArray {
    const { epsilon = 1e-6, reductionAxes = -1, featureAxes = -1 } = this.options;
    const axes = { reduction: sortedAxes(x.ndim, reductionAxes), feature: sortedAxes(x.ndim, featureAxes) };
    const stats = computeStats(x, axes.reduction, this.options, { mask });
    return normalize(this, x, stats, axes, { ...this.options, epsilon });
  }
}

/** Options of `RMSNorm`. */
export type RMSNormOptions = NormOptions & AxesOptions;

/** Mean square 1 over the last axis (`flax.linen.RMSNorm`; Zhang & Sennrich 2019). Parameter: scale. */
export class RMSNorm extends Module {
  static readonly moduleName: string = "RMSNorm";
  readonly options: RMSNormOptions;

  constructor(options: RMSNormOptions = {}) {
    super(options);
    this.options = options;
  }

  call(x: NdArray, { mask }: NormCallOptions = {}): NdArray {
    const { epsilon = 1e-6, reductionAxes = -1, featureAxes = -1 } = this.options;
    const axes = { reduction: sortedAxes(x.ndim, reductionAxes), feature: sortedAxes(x.ndim, featureAxes) };
    const stats = computeStats(x, axes.reduction, this.options, { mask }, false);
    return normalize(this, x, stats, axes, { ...this.options, epsilon, useBias: false });
  }
}

/** Options of `GroupNorm` and `InstanceNorm`. */
export interface GroupNormOptions extends BiasedNormOptions {
  /** Default 32; null where groupSize is given. */
  readonly numGroups?: number | null;
  readonly groupSize?: number | null;
  /** The axes that means are taken over besides the features of a group; must hold the last. Default all but the first. */
  readonly reductionAxes?: Axes | null;
}

/**
 * Mean 0 and variance 1 over groups of the last axis and all axes between the first and it (`flax.linen.GroupNorm`; Wu & He
 * 2018). Parameters: scale and bias [features].
 */
export class GroupNorm extends Module {
  static readonly moduleName: string = "GroupNorm";
  readonly options: GroupNormOptions;

  constructor(options: GroupNormOptions = {}) {
    super(options);
    this.options = options;
  }

  call(x: NdArray, { mask = null }: NormCallOptions = {}): NdArray {
    const { epsilon = 1e-6, reductionAxes = null } = this.options;
    const last = x.ndim - 1;
    const reduction = sortedAxes(x.ndim, reductionAxes ?? [...range(last).slice(1), -1]);
    if (reduction.at(-1) !== last) {
      throw new WeftValueError(
        "The reduction axes must include the final dimension as this is assumed to be the feature axis.",
      );
    }
    const groups = groupCount(this.options, x.shape[last]);
    const grouped = (each: NdArray): NdArray => {
      const size = each.shape[each.ndim - 1];
      return reshape(each, [...each.shape.slice(0, -1), groups, size / groups]);
    };
    const others = reduction.slice(0, -1);
    const stats = computeStats(grouped(x), [...others, x.ndim], this.options, {
      mask: mask === null ? null : grouped(mask),
    });
    const spread = (each: NdArray): NdArray => repeat(each, x.shape[last] / groups, { axis: each.ndim - 1 });
    const axes = { reduction: others, feature: [last] };
    return normalize(this, x, [spread(stats[0]), spread(stats[1])], axes, { ...this.options, epsilon });
  }
}

/** Options of `InstanceNorm`. */
export interface InstanceNormOptions extends BiasedNormOptions {
  /** The axes with a scale and bias of their own, which no mean is taken over. Default the last. */
  readonly featureAxes?: Axes;
}

/** Mean 0 and variance 1 of each feature over all axes but the first (`flax.linen.InstanceNorm`; Ulyanov et al. 2016). */
export class InstanceNorm extends Module {
  static readonly moduleName: string = "InstanceNorm";
  readonly options: InstanceNormOptions;

  constructor(options: InstanceNormOptions = {}) {
    super(options);
    this.options = options;
  }

  call(x: NdArray, { mask }: NormCallOptions = {}): NdArray {
    const { epsilon = 1e-6, featureAxes = -1 } = this.options;
    const feature = sortedAxes(x.ndim, featureAxes);
    if (feature.includes(0)) {
      throw new WeftValueError(
        "The channel axes cannot include the leading dimension as this is assumed to be the batch axis.",
      );
    }
    const reduction = range(x.ndim).filter((axis) => axis > 0 && !feature.includes(axis));
    const stats = computeStats(x, reduction, this.options, { mask });
    return normalize(this, x, stats, { reduction, feature }, { ...this.options, epsilon });
  }
}

function groupCount({ numGroups, groupSize = null }: GroupNormOptions, channels: number): number {
  const given = numGroups === undefined ? 32 : numGroups;
  if ((given === null) === (groupSize === null)) {
    throw new WeftValueError(
      "Either `num_groups` or `group_size` should be specified. If `group_size` is to be specified, pass " +
        "`num_groups=None` as argument to override the default `num_groups` value of 32.",
    );
  }
  if (groupSize !== null && channels % groupSize !== 0) {
    throw new WeftValueError(
      `Number of channels (${channels}) is not multiple of the group size (${groupSize}).`,
    );
  }
  const groups = groupSize === null ? (given ?? 0) : channels / groupSize;
  if (groups <= 0 || channels % groups !== 0) {
    throw new WeftValueError(
      `Number of groups (${groups}) does not divide the number of channels (${channels}).`,
    );
  }
  return groups;
}
