/** Linear layers, shapes and sequences of Haiku. */

import { sizeOf } from "../../compiler/types/tensor-type.ts";
import { describeValue, type NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { reshape } from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";
import type { PrecisionOptions } from "../lax/precision.ts";
import { dot } from "../numpy/index.ts";
import { bernoulli, type KeyLike } from "../random/index.ts";
import { Constant, TruncatedNormal } from "./initializers.ts";
import { Module } from "./module.ts";
import { getParameter, type Initializer } from "./parameters.ts";

/** Options of `Linear`. */
export interface LinearOptions {
  readonly withBias?: boolean;
  /** Default: truncated normal with deviation 1/√inputs. */
  readonly wInit?: Initializer | null;
  /** Default 0. */
  readonly bInit?: Initializer | null;
  readonly name?: string | null;
}

/** x·w + b over the last axis (`haiku.Linear`). Parameters: w [n, outputSize], b [outputSize]. */
export class Linear extends Module {
  static readonly moduleName: string = "Linear";

  constructor(
    readonly outputSize: number,
    readonly options: LinearOptions = {},
  ) {
    super(options.name);
  }

  call(inputs: NdArray, { precision }: PrecisionOptions = {}): NdArray {
    if (inputs.ndim === 0) throw new WeftValueError("Input must not be scalar.");
    const { withBias = true, wInit = null, bInit = null } = this.options;
    const { dtype } = inputs;
    const inputSize = inputs.shape[inputs.ndim - 1];
    const init = wInit ?? new TruncatedNormal(1 / Math.sqrt(inputSize));
    const w = getParameter("w", [inputSize, this.outputSize], { dtype, init });
    const out = dot(inputs, w, { precision });
    if (!withBias) return out;
    return out.add(getParameter("b", [this.outputSize], { dtype, init: bInit ?? new Constant(0) }));
  }
}

/** A module or a function of the output of the one before. */
export type HaikuLayer = ((...inputs: never[]) => unknown) | { call(...inputs: never[]): unknown };

/** Layers one after the other (`haiku.Sequential`); the first takes all inputs. */
export class Sequential<Inputs extends unknown[] = [NdArray], Output = NdArray> extends Module {
  static readonly moduleName: string = "Sequential";

  constructor(
    readonly layers: readonly HaikuLayer[],
    options: { readonly name?: string | null } = {},
  ) {
    super(options.name);
  }

  call(...inputs: Inputs): Output {
    let values: readonly unknown[] = inputs;
    for (const layer of this.layers) {
      const call: unknown = typeof layer === "function" ? layer : layer?.call;
      if (typeof call !== "function") {
        throw new WeftTypeError(`a layer should be a module or a function, got ${describeValue(layer)}`);
      }
      values = [Reflect.apply(call, layer, values)];
    }
    return values[0] as Output;
  }
}

/** Options of `Reshape` and `Flatten`. */
export interface ReshapeOptions {
  /** How many axes in front stay as they are. Default 1. */
  readonly preserveDims?: number;
  readonly name?: string | null;
}

/** Another shape of the axes behind the first ones (`haiku.Reshape`); one extent may be −1. */
export class Reshape extends Module {
  static readonly moduleName: string = "Reshape";

  constructor(
    readonly outputShape: readonly number[],
    readonly options: ReshapeOptions = {},
  ) {
    super(options.name);
    if (options.preserveDims === 0) throw new WeftValueError("Argument preserve_dims should be non-zero.");
    if (outputShape.filter((n) => n === -1).length > 1) {
      throw new WeftValueError("-1 can only occur once in `output_shape`.");
    }
  }

  call(inputs: NdArray): NdArray {
    const { preserveDims = 1 } = this.options;
    if (inputs.ndim <= preserveDims) return inputs;
    const kept = inputs.shape.slice(0, preserveDims);
    const known = sizeOf(this.outputShape.filter((n) => n !== -1));
    const rest = sizeOf(inputs.shape.slice(preserveDims)) / known;
    return reshape(inputs, [...kept, ...this.outputShape.map((n) => (n === -1 ? rest : n))]);
  }
}

/** All axes behind the first ones as one (`haiku.Flatten`). */
export class Flatten extends Reshape {
  static override readonly moduleName: string = "Flatten";

  constructor(options: ReshapeOptions = {}) {
    super([-1], options);
  }
}

/** Sets elements to 0 with probability `rate` and divides the others by 1 − rate (`haiku.dropout`). */
export function dropout(
  rng: KeyLike,
  rate: number,
  x: NdArray,
  { broadcastDims = [] }: { readonly broadcastDims?: readonly number[] } = {},
): NdArray {
  if (rate < 0 || rate >= 1) throw new WeftValueError("rate must be in [0, 1).");
  if (rate === 0) return x;
  const shape = [...x.shape];
  for (const axis of broadcastDims) {
    if (axis >= shape.length) {
      throw new WeftValueError(
        `Broadcast dimension does not exist. Got dimension ${axis} for shape [${shape.join(", ")}].`,
      );
    }
    shape[axis < 0 ? axis + shape.length : axis] = 1;
  }
  const keep = broadcastTo(bernoulli(rng, 1 - rate, shape), x.shape);
  return x.mul(keep).div(1 - rate);
}
