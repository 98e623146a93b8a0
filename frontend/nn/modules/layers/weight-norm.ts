/** Layers with normalised weights (`flax/linen/normalization.py`). */
import { convert, full, NdArray, WeftValueError } from "../../../core/index.ts";
import { range } from "../../../lax/axes.ts";
import { rsqrt } from "../../../lax/elementwise.ts";
import { expandDims, reshape } from "../../../lax/movement.ts";
import { matmul, matrixTranspose, sum, where } from "../../../numpy/index.ts";
import { normal } from "../../../random/index.ts";
import { stopGradient } from "../../../transforms/checkpoint.ts";
import * as tree from "../../../tree/index.ts";
import { type Initializer, ones } from "../../initializers.ts";
import { splitOptions } from "../core/call-arguments.ts";
import { Module, type ModuleOptions } from "../core/module.ts";
import type { Placed } from "../core/state.ts";
import type { MutableTree } from "../core/tree-types.ts";
import { mapVariables } from "../lift/map-variables.ts";
import { type Axes, sortedAxes } from "./axes.ts";
import { canonicalizeDtype, type DTypeOptions } from "./dtypes.ts";

/** A module to be wrapped. */
type WrappedLayer = Placed & { readonly name: string | null; call(...inputs: never[]): unknown };

/** x / √(Σ x² + epsilon), over axes or all of them. */
function l2Normalize(x: NdArray, epsilon: number, axes: readonly number[]): NdArray {
  const squares = axes.length === 0 ? x.mul(x) : expandDims(sum(x.mul(x), { axis: axes }), axes);
  return x.mul(rsqrt(squares.add(epsilon)));
}

/** Applies `f` to the variables of a layer, with their names: `Dense_0/kernel`. */
function mapNamed(
  layer: WrappedLayer,
  collections: MutableTree,
  f: (x: NdArray, name: string) => NdArray,
): MutableTree {
  return tree.mapWithPath((path, leaf: unknown) => {
    const name = tree.keystr(path.slice(1), { simple: true, separator: "/" });
    return leaf instanceof NdArray ? f(leaf, `${layer.name}/${name}`) : leaf;
  }, collections) as MutableTree;
}

function callLayer(layer: Placed, args: readonly unknown[]): unknown {
  return Reflect.apply(Reflect.get(layer, "call"), layer, args);
}

/** Options of `WeightNorm`. */
export interface WeightNormOptions extends ModuleOptions, DTypeOptions {
  /** Default 1e-12. */
  readonly epsilon?: number;
  /** Whether weights are multiplied by a parameter "scale" of the features. Default true. */
  readonly useScale?: boolean;
  /** Default `ones`. */
  readonly scaleInit?: Initializer;
  /** The axes with a norm of their own; null: one norm for all. Default the last. */
  readonly featureAxes?: Axes | null;
  /** Parts of the names of the variables that are normalised; null: all. Default ["kernel"]. */
  readonly variableFilter?: readonly string[] | null;
}

/**
 * A layer whose kernels have length 1 for each feature, times a scale (`flax.linen.WeightNorm`; Salimans & Kingma 2016).
 * Parameters: those of the layer, and `Dense_0/kernel/scale` for its kernel.
 */
export class WeightNorm<L extends WrappedLayer> extends Module {
  static readonly moduleName: string = "WeightNorm";
  static readonly attributeNames = { layerInstance: "layer_instance" };

  constructor(
    readonly layerInstance: L,
    readonly options: WeightNormOptions = {},
  ) {
    super(options);
  }

  call(...inputs: Parameters<L["call"]>): ReturnType<L["call"]> {
    const { layerInstance: layer } = this;
    return mapVariables(layer, (bound) => callLayer(bound, inputs), {
      transIn: (collections) =>
        mapNamed(layer, collections, (x, name) => scaled(this, this.options, x, name)),
      init: this.isInitializing(),
    }) as ReturnType<L["call"]>;
  }
}

function scaled(module: Module, options: WeightNormOptions, x: NdArray, name: string): NdArray {
  const { epsilon = 1e-12, useScale = true, scaleInit = ones, featureAxes = -1 } = options;
  const { variableFilter = ["kernel"], dtype = null, paramDtype = "float32" } = options;
  if (variableFilter !== null && !variableFilter.some((part) => name.includes(part))) return x;
  const features = featureAxes === null ? [] : sortedAxes(x.ndim, featureAxes);
  const reduced = range(x.ndim).filter((axis) => !features.includes(axis));
  let normalised = l2Normalize(x, epsilon, reduced);
  const used = [x];
  if (useScale) {
    const shape = features.map((axis) => x.shape[axis]);
    const scale = reshape(
      module.param(`${name}/scale`, scaleInit, shape, paramDtype),
      x.shape.map((n, axis) => (features.includes(axis) ? n : 1)),
    );
    normalised = normalised.mul(scale);
    used.push(scale);
  }
  return convert(normalised, canonicalizeDtype(used, dtype));
}

/** Options of `SpectralNorm`. */
export interface SpectralNormOptions extends ModuleOptions, DTypeOptions {
  /** Steps of the power iteration at each call. Default 1. */
  readonly nSteps?: number;
  /** Default 1e-12. */
  readonly epsilon?: number;
  /** Whether kernels that are no matrices are an error, rather than taken as one. Default false. */
  readonly errorOnNonMatrix?: boolean;
  /** Of the estimates. Default "batch_stats". */
  readonly collectionName?: string;
}

/** Options of `SpectralNorm`. */
export interface SpectralNormCallOptions {
  /** Whether the estimates are stored; true in training. */
  readonly updateStats: boolean;
}

/**
 * A layer whose kernels are divided by their greatest singular value, as a power iteration estimates it
 * (`flax.linen.SpectralNorm`; Miyato et al. 2018). In the collection "batch_stats": `Dense_0/kernel/u` and
 * `Dense_0/kernel/sigma`. `call` takes what the layer takes, and `{ updateStats }`.
 */
export class SpectralNorm<L extends WrappedLayer> extends Module {
  static readonly moduleName: string = "SpectralNorm";
  static readonly attributeNames = { layerInstance: "layer_instance" };

  constructor(
    readonly layerInstance: L,
    readonly options: SpectralNormOptions = {},
  ) {
    super(options);
  }

  call(...inputs: [...Parameters<L["call"]>, SpectralNormCallOptions]): ReturnType<L["call"]> {
    const { args, options } = splitOptions<Partial<SpectralNormCallOptions>>(inputs, ["updateStats"]);
    const { updateStats } = options;
    if (updateStats === undefined) {
      throw new WeftValueError(
        "SpectralNorm needs to know whether its estimates are stored: call(x, { updateStats })",
      );
    }
    const { layerInstance: layer } = this;
    return mapVariables(layer, (bound) => callLayer(bound, args), {
      transIn: (collections) =>
        mapNamed(layer, collections, (x, name) => spectral(this, this.options, x, name, updateStats)),
      init: this.isInitializing(),
      mutable: true,
    }) as ReturnType<L["call"]>;
  }
}

function spectral(
  module: Module,
  options: SpectralNormOptions,
  x: NdArray,
  name: string,
  updateStats: boolean,
): NdArray {
  const { nSteps = 1, epsilon = 1e-12, errorOnNonMatrix = false, collectionName = "batch_stats" } = options;
  const { dtype = null, paramDtype = "float32" } = options;
  if (x.ndim <= 1 || nSteps < 1) return x;
  if (x.ndim > 2 && errorOnNonMatrix) {
    throw new WeftValueError(`Input is ${x.ndim}D but error_on_non_matrix is True`);
  }
  const columns = x.shape[x.ndim - 1];
  const matrix = reshape(x, [x.size / columns, columns]);
  const u = module.variable(collectionName, `${name}/u`, () =>
    normal(module.makeRng("params"), [1, columns], { dtype: paramDtype }),
  );
  const sigma = module.variable(collectionName, `${name}/sigma`, () => full(1, paramDtype));
  let right = u.value;
  let left = right;
  for (let step = 0; step < nSteps; step++) {
    left = l2Normalize(matmul(right, matrixTranspose(matrix)), epsilon, [0, 1]);
    right = l2Normalize(matmul(left, matrix), epsilon, [0, 1]);
  }
  right = stopGradient(right);
  left = stopGradient(left);
  const estimate = reshape(matmul(matmul(left, matrix), matrixTranspose(right)), []);
  const divided = x.div(where(estimate.notEqual(0), estimate, 1));
  if (updateStats) {
    u.value = right;
    sigma.value = estimate;
  }
  return convert(divided, canonicalizeDtype([x, right, left, estimate], dtype));
}
