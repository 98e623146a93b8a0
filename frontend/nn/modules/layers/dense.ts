/** Linear layers (`flax/linen/linear.py`). */
import type { NdArray } from "../../../core/index.ts";
import { dotGeneral } from "../../../lax/contraction.ts";
import { add } from "../../../numpy/ufuncs.ts";
import { Module } from "../core/module.ts";
import { promoteDtype } from "./dtypes.ts";
import {
  defaultBiasInit,
  defaultKernelInit,
  isOptionsObject,
  type KernelOptions,
  withPositional,
} from "./options.ts";

/** Options of `Dense`. */
export interface DenseOptions extends KernelOptions {
  /** Extent of the last axis of the result. */
  readonly features: number;
}

/**
 * x·kernel + bias over the last axis (`flax.linen.Dense`): [..., n] → [..., features]. Parameters: kernel [n, features],
 * bias [features].
 */
export class Dense extends Module {
  static readonly moduleName: string = "Dense";
  readonly options: DenseOptions;

  constructor(features: number | DenseOptions, options: Omit<DenseOptions, "features"> = {}) {
    const all = withPositional<DenseOptions, "features">("features", features, options, isOptionsObject);
    super(all);
    this.options = all;
  }

  call(inputs: NdArray): NdArray {
    const { features, useBias = true, dtype = null, paramDtype = "float32", precision } = this.options;
    const { kernelInit = defaultKernelInit, biasInit = defaultBiasInit } = this.options;
    const last = inputs.ndim - 1;
    const kernel = this.param("kernel", kernelInit, [inputs.shape[last], features], paramDtype);
    const bias = useBias ? this.param("bias", biasInit, [features], paramDtype) : null;
    const [x, w, b] = promoteDtype([inputs, kernel, bias] as const, dtype);
    const y = dotGeneral(
      x,
      w,
      [
        [[last], [0]],
        [[], []],
      ],
      { precision },
    );
    return b === null ? y : add(y, b);
  }
}
