/** Linear layers over several axes (`flax/linen/linear.py`). */

import { sizeOf } from "../../../../compiler/types/tensor-type.ts";
import { type NdArray, WeftValueError } from "../../../core/index.ts";
import { range } from "../../../lax/axes.ts";
import { dotGeneral } from "../../../lax/contraction.ts";
import { reshape } from "../../../lax/movement.ts";
import { einsum } from "../../../numpy/einsum.ts";
import type { Initializer } from "../../initializers.ts";
import { mergeParam } from "../core/merge-param.ts";
import { Module } from "../core/module.ts";
import { type Axes, sortedAxes } from "./axes.ts";
import { promoteDtype } from "./dtypes.ts";
import { defaultBiasInit, defaultKernelInit, type KernelOptions, withPositional } from "./options.ts";

/** Options of `DenseGeneral`. */
export interface DenseGeneralOptions extends KernelOptions {
  /** Extents of the last axes of the result. */
  readonly features: number | readonly number[];
  /** The axes that are summed over. Default the last one. */
  readonly axis?: Axes;
  /** Axes with weights of their own for each element: 0, 1, … */
  readonly batchDims?: Axes;
}

/**
 * A linear layer from some axes to others (`flax.linen.DenseGeneral`). Parameters: kernel [batchDims, axis, features],
 * bias [batchDims, features]. Initializers see the kernel as a matrix.
 */
export class DenseGeneral extends Module {
  static readonly moduleName: string = "DenseGeneral";
  readonly options: DenseGeneralOptions;

  constructor(
    features: number | readonly number[] | DenseGeneralOptions,
    options: Omit<DenseGeneralOptions, "features"> = {},
  ) {
    const all = withPositional<DenseGeneralOptions, "features">(
      "features",
      features,
      options,
      (first): first is DenseGeneralOptions => typeof first === "object" && !Array.isArray(first),
    );
    super(all);
    this.options = all;
  }

  call(inputs: NdArray): NdArray {
    const { useBias = true, dtype = null, paramDtype = "float32", batchDims = [] } = this.options;
    const { kernelInit = defaultKernelInit, biasInit = defaultBiasInit } = this.options;
    const features = asList(this.options.features);
    const given = asList(batchDims);
    if (given.length > 0 && !range(Math.max(...given) + 1).every((axis) => given.includes(axis))) {
      throw new WeftValueError(`batch_dims ${given} must be consecutive leading dimensions starting from 0.`);
    }
    const axis = sortedAxes(inputs.ndim, this.options.axis ?? -1);
    const batch = sortedAxes(inputs.ndim, given);
    const extents = (axes: readonly number[]): number[] => axes.map((a) => inputs.shape[a]);

    const kernelSizes = [sizeOf(extents(batch)) * sizeOf(extents(axis)), sizeOf(features)];
    const kernelShape = [...extents(batch), ...extents(axis), ...features];
    const kernel = this.param("kernel", flattened(kernelInit, kernelSizes), kernelShape, paramDtype);
    const biasShape = [...extents(batch), ...features];
    const bias = useBias
      ? this.param("bias", flattened(biasInit, [sizeOf(biasShape)]), biasShape, paramDtype)
      : null;

    const [x, w, b] = promoteDtype([inputs, kernel, bias] as const, dtype);
    const contracted = axis.map((_, i) => batch.length + i);
    const y = dotGeneral(
      x,
      w,
      [
        [axis, contracted],
        [batch, range(batch.length)],
      ],
      { precision: this.options.precision },
    );
    if (b === null) return y;
    const others = range(inputs.ndim).filter((a) => !axis.includes(a));
    return y.add(reshape(b, [...others.map((a) => (batch.includes(a) ? inputs.shape[a] : 1)), ...features]));
  }
}

const asList = (value: number | readonly number[]): readonly number[] =>
  typeof value === "number" ? [value] : value;

/** Makes an array of one shape, seen by the initializer in another one. */
function flattened(init: Initializer, sizes: readonly number[]): Initializer {
  return (key, shape, dtype) => reshape(init(key, sizes, dtype), shape);
}

/** Options of `Einsum`. */
export interface EinsumOptions extends KernelOptions {
  /** Of the kernel. */
  readonly shape: readonly number[];
  /** Two operands and an explicit result: "nta,hab->nthb"; may be given to `call` instead. */
  readonly einsumStr?: string | null;
}

/** An einsum of the input with a kernel, and a bias of the result's axes that the kernel has (`flax.linen.Einsum`). */
export class Einsum extends Module {
  static readonly moduleName: string = "Einsum";
  readonly options: EinsumOptions;

  constructor(options: EinsumOptions) {
    super(options);
    this.options = options;
  }

  call(inputs: NdArray, einsumStr: string | null = null): NdArray {
    const { shape, useBias = true, dtype = null, paramDtype = "float32" } = this.options;
    const { kernelInit = defaultKernelInit, biasInit = defaultBiasInit } = this.options;
    const equation = mergeParam("einsum_str", this.options.einsumStr, einsumStr).replaceAll(" ", "");
    if (!equation.includes("->")) {
      throw new WeftValueError('`einsum_str` equation must be explicit and include "->".');
    }
    const commas = equation.split(",").length - 1;
    if (commas !== 1) {
      throw new WeftValueError(
        "`einsum_str` equation must have exactly two operands and therefore, exactly one comma character, instead of " +
          `${commas}`,
      );
    }
    const kernel = this.param("kernel", kernelInit, shape, paramDtype);
    const places = biasPlaces(equation, inputs.ndim, shape.length);
    const biasShape = places.flatMap((at) => (at === null ? [] : [shape[at]]));
    const bias = useBias ? this.param("bias", biasInit, biasShape, paramDtype) : null;
    const [x, w, b] = promoteDtype([inputs, kernel, bias] as const, dtype);
    const y = einsum(equation, x, w, { precision: this.options.precision });
    return b === null
      ? y
      : y.add(
          reshape(
            b,
            places.map((at) => (at === null ? 1 : shape[at])),
          ),
        );
  }
}

/** For each axis of the result the axis of the kernel with its letter, or null. */
function biasPlaces(equation: string, inputs: number, kernel: number): (number | null)[] {
  const [operands, result] = equation.split("->");
  const [lhs, rhs] = operands.split(",");
  // Letters of an ellipsis count from the last one.
  const letters = (term: string, ndim: number): string[] => {
    const [before, after] = term.split("...");
    if (after === undefined) return [...term];
    const hidden = ndim - before.length - after.length;
    return [...before, ...range(hidden).map((i) => `.${hidden - i}`), ...after];
  };
  const lhsLetters = letters(lhs, inputs);
  const rhsLetters = letters(rhs, kernel);
  const hidden = Math.max(...[lhsLetters, rhsLetters].map((all) => all.filter((c) => c.length > 1).length));
  const named = result.replace("...", "").length;
  return letters(result, result.includes("...") ? named + hidden : named).map((letter) => {
    const at = rhsLetters.indexOf(letter);
    return at === -1 ? null : at;
  });
}
