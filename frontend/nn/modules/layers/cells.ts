/** Recurrent cells (`flax/linen/recurrent.py`). */
import { type NdArray, WeftValueError } from "../../../core/index.ts";
import { tanh as laxTanh } from "../../../lax/elementwise.ts";
import { concatenate } from "../../../lax/movement.ts";
import { dot, split } from "../../../numpy/index.ts";
import { type KeyLike, split as splitKey } from "../../../random/index.ts";
import { sigmoid } from "../../activations.ts";
import { type Initializer, ones, orthogonal, zeros } from "../../initializers.ts";
import { Module, type ModuleOptions } from "../core/module.ts";
import { nowrap } from "../core/wrap.ts";
import { Dense } from "./dense.ts";
import { type DTypeOptions, promoteDtype } from "./dtypes.ts";
import { defaultKernelInit, withPositional } from "./options.ts";

/** A function of arrays, elementwise. */
export type Activation = (x: NdArray) => NdArray;

/** Options of `RNNCellBase` and `LSTMCell`. */
export interface CellOptions extends ModuleOptions, DTypeOptions {
  /** Features of the state and of the output. */
  readonly features: number;
  /** Default `tanh`. */
  readonly activationFn?: Activation;
  /** Of the input's kernels. Default `lecunNormal()`. */
  readonly kernelInit?: Initializer;
  /** Of the state's kernels. Default `orthogonal()`. */
  readonly recurrentKernelInit?: Initializer;
  /** Default `zeros`. */
  readonly biasInit?: Initializer;
  /** Of the first carry. Default `zeros`. */
  readonly carryInit?: Initializer;
}

/** Options of `GRUCell`, `LSTMCell` and `OptimizedLSTMCell`. */
export interface GatedCellOptions extends CellOptions {
  /** Default `sigmoid`. */
  readonly gateFn?: Activation;
}

/** One step of a recurrent network: `call(carry, x)` → `[carry, output]` (`flax.linen.RNNCellBase`). */
export abstract class RNNCellBase<Carry = unknown> extends Module {
  /** How many of the input's last axes are the features of one place: 1, or more for cells over images. */
  abstract get numFeatureAxes(): number;

  abstract call(carry: Carry, inputs: NdArray): [Carry, NdArray];

  /** The carry before the first step, for inputs of a shape [...batch, n]. */
  abstract initializeCarry(rng: KeyLike, inputShape: readonly number[]): Carry;
}

const tanh: Activation = (x) => laxTanh(x);
const recurrentInit = orthogonal();

/** What cells over vectors have in common. */
abstract class VectorCell<Carry, O extends CellOptions> extends RNNCellBase<Carry> {
  readonly options: O;

  constructor(features: number | O, options: Omit<O, "features"> = {} as Omit<O, "features">) {
    const all = withPositional<O, "features">(
      "features",
      features as O["features"] | O,
      options,
      (first): first is O => typeof first === "object",
    );
    super(all);
    this.options = all;
  }

  get numFeatureAxes(): number {
    return 1;
  }
}

/** A layer of a cell by its name; `recurrent`: of the state. */
type Layer = (
  name: string,
  x: NdArray,
  settings: { recurrent: boolean; bias: Initializer | null },
) => NdArray;

function layers(features: number, options: CellOptions): Layer {
  const { kernelInit = defaultKernelInit, recurrentKernelInit = recurrentInit, dtype, paramDtype } = options;
  return (name, x, { recurrent, bias }) =>
    new Dense({
      name,
      features,
      useBias: bias !== null,
      kernelInit: recurrent ? recurrentKernelInit : kernelInit,
      biasInit: bias ?? zeros,
      dtype,
      paramDtype,
    }).call(x);
}

/** The first carry of cells with one array of state. */
function oneState(
  { features, carryInit = zeros, paramDtype }: CellOptions,
  rng: KeyLike,
  shape: readonly number[],
): NdArray {
  return carryInit(rng, [...shape.slice(0, -1), features], paramDtype);
}

/** That of cells with two. */
function twoStates(
  { features, carryInit = zeros, paramDtype }: CellOptions,
  rng: KeyLike,
  shape: readonly number[],
): [NdArray, NdArray] {
  const [first, second] = splitKey(rng);
  const size = [...shape.slice(0, -1), features];
  return [carryInit(first, size, paramDtype), carryInit(second, size, paramDtype)];
}

/** Options of `SimpleCell`. */
export interface SimpleCellOptions extends CellOptions {
  /** Whether the carry is added before the activation. Default false. */
  readonly residual?: boolean;
}

/** h' = tanh(x·W + b + h·U) (`flax.linen.SimpleCell`). Parameters: i and h. */
export class SimpleCell extends VectorCell<NdArray, SimpleCellOptions> {
  static readonly moduleName: string = "SimpleCell";

  call(carry: NdArray, inputs: NdArray): [NdArray, NdArray] {
    const { activationFn = tanh, biasInit = zeros, residual = false } = this.options;
    const layer = layers(carry.shape[carry.ndim - 1], this.options);
    let next = layer("i", inputs, { recurrent: false, bias: biasInit });
    next = next.add(layer("h", carry, { recurrent: true, bias: null }));
    if (residual) next = next.add(carry);
    const h = activationFn(next);
    return [h, h];
  }

  @nowrap
  initializeCarry(rng: KeyLike, inputShape: readonly number[]): NdArray {
    return oneState(this.options, rng, inputShape);
  }
}

/** The gated recurrent unit (`flax.linen.GRUCell`; Cho et al. 2014). Parameters: ir, iz, in; hr, hz, hn. */
export class GRUCell extends VectorCell<NdArray, GatedCellOptions> {
  static readonly moduleName: string = "GRUCell";

  call(h: NdArray, inputs: NdArray): [NdArray, NdArray] {
    const { gateFn = sigmoid, activationFn = tanh, biasInit = zeros } = this.options;
    const layer = layers(h.shape[h.ndim - 1], this.options);
    const gate = (i: string, r: string): NdArray =>
      gateFn(
        layer(i, inputs, { recurrent: false, bias: biasInit }).add(
          layer(r, h, { recurrent: true, bias: null }),
        ),
      );
    const r = gate("ir", "hr");
    const z = gate("iz", "hz");
    // This one has a bias too, as the two are not summed directly.
    const fresh = layer("in", inputs, { recurrent: false, bias: biasInit });
    const n = activationFn(fresh.add(r.mul(layer("hn", h, { recurrent: true, bias: biasInit }))));
    const next = z.mul(-1).add(1).mul(n).add(z.mul(h));
    return [next, next];
  }

  @nowrap
  initializeCarry(rng: KeyLike, inputShape: readonly number[]): NdArray {
    return oneState(this.options, rng, inputShape);
  }
}

/** Options of `MGUCell`. */
export interface MGUCellOptions extends Omit<GatedCellOptions, "biasInit"> {
  /** Default `ones`. */
  readonly forgetBiasInit?: Initializer;
  /** Default `zeros`. */
  readonly activationBiasInit?: Initializer;
  /** Whether the gate resets the state too. Default true. */
  readonly resetGate?: boolean;
}

/** The minimal gated unit (`flax.linen.MGUCell`; Zhou et al. 2016). Parameters: if, in; hf, hn. */
export class MGUCell extends VectorCell<NdArray, MGUCellOptions> {
  static readonly moduleName: string = "MGUCell";

  call(h: NdArray, inputs: NdArray): [NdArray, NdArray] {
    const { gateFn = sigmoid, activationFn = tanh, resetGate = true } = this.options;
    const { forgetBiasInit = ones, activationBiasInit = zeros } = this.options;
    const layer = layers(h.shape[h.ndim - 1], this.options);
    const f = gateFn(
      layer("if", inputs, { recurrent: false, bias: forgetBiasInit }).add(
        layer("hf", h, { recurrent: true, bias: null }),
      ),
    );
    let x = layer("hn", h, { recurrent: true, bias: resetGate ? activationBiasInit : null });
    if (resetGate) x = x.mul(f);
    const n = activationFn(layer("in", inputs, { recurrent: false, bias: activationBiasInit }).add(x));
    const next = f.mul(-1).add(1).mul(n).add(f.mul(h));
    return [next, next];
  }

  @nowrap
  initializeCarry(rng: KeyLike, inputShape: readonly number[]): NdArray {
    return oneState(this.options, rng, inputShape);
  }
}

/** [c, h] of a long short-term memory. */
export type LSTMCarry = [c: NdArray, h: NdArray];
type Gates = Readonly<Record<"i" | "f" | "g" | "o", NdArray>>;

/** The next state from the gates before their activations. */
function lstmStep(
  c: NdArray,
  gates: Gates,
  { gateFn = sigmoid, activationFn = tanh }: GatedCellOptions,
): [LSTMCarry, NdArray] {
  const [i, f, g, o] = [gateFn(gates.i), gateFn(gates.f), activationFn(gates.g), gateFn(gates.o)];
  const next = f.mul(c).add(i.mul(g));
  const h = o.mul(activationFn(next));
  return [[next, h], h];
}

/** Long short-term memory (`flax.linen.LSTMCell`; Hochreiter & Schmidhuber 1997). Parameters: ii, if, ig, io; hi, hf, hg, ho. */
export class LSTMCell extends VectorCell<LSTMCarry, GatedCellOptions> {
  static readonly moduleName: string = "LSTMCell";

  call([c, h]: LSTMCarry, inputs: NdArray): [LSTMCarry, NdArray] {
    const layer = layers(h.shape[h.ndim - 1], this.options);
    const { biasInit = zeros } = this.options;
    const gate = (name: string): NdArray =>
      layer(`i${name}`, inputs, { recurrent: false, bias: null }).add(
        layer(`h${name}`, h, { recurrent: true, bias: biasInit }),
      );
    return lstmStep(c, { i: gate("i"), f: gate("f"), g: gate("g"), o: gate("o") }, this.options);
  }

  @nowrap
  initializeCarry(rng: KeyLike, inputShape: readonly number[]): LSTMCarry {
    return twoStates(this.options, rng, inputShape);
  }
}

interface DenseParamsOptions extends ModuleOptions {
  readonly features: number;
  readonly kernelInit: Initializer;
  readonly biasInit: Initializer | null;
  readonly paramDtype: CellOptions["paramDtype"];
}

/** The parameters of a Dense layer, without its computation. */
class DenseParams extends Module {
  static readonly moduleName: string = "DenseParams";
  readonly options: DenseParamsOptions;

  constructor(options: DenseParamsOptions) {
    super(options);
    this.options = options;
  }

  call(inputs: NdArray): [kernel: NdArray, bias: NdArray | null] {
    const { features, kernelInit, biasInit, paramDtype } = this.options;
    const kernel = this.param("kernel", kernelInit, [inputs.shape[inputs.ndim - 1], features], paramDtype);
    return [kernel, biasInit === null ? null : this.param("bias", biasInit, [features], paramDtype)];
  }
}

const GATES = ["i", "f", "g", "o"] as const;

/** LSTMCell with its products as two larger ones (`flax.linen.OptimizedLSTMCell`): the same parameters and numbers. */
export class OptimizedLSTMCell extends VectorCell<LSTMCarry, GatedCellOptions> {
  static readonly moduleName: string = "OptimizedLSTMCell";

  call([c, h]: LSTMCarry, inputs: NdArray): [LSTMCarry, NdArray] {
    const { options } = this;
    const features = h.shape[h.ndim - 1];
    const { kernelInit = defaultKernelInit, recurrentKernelInit = recurrentInit, biasInit = zeros } = options;
    const fromInput: [NdArray, NdArray | null][] = [];
    const fromState: [NdArray, NdArray | null][] = [];
    const { paramDtype } = options;
    for (const gate of GATES) {
      fromInput.push(
        new DenseParams({ name: `i${gate}`, features, kernelInit, biasInit: null, paramDtype }).call(inputs),
      );
      fromState.push(
        new DenseParams({
          name: `h${gate}`,
          features,
          kernelInit: recurrentKernelInit,
          biasInit,
          paramDtype,
        }).call(h),
      );
    }
    const all = (x: NdArray, params: readonly (readonly [NdArray, NdArray | null])[]): NdArray[] => {
      const kernel = concatenate(
        params.map(([each]) => each),
        1,
      );
      const biases = params.flatMap(([, each]) => (each === null ? [] : [each]));
      const bias = biases.length === 0 ? null : concatenate(biases, 0);
      const [xs, w, b] = promoteDtype([x, kernel, bias] as const, options.dtype ?? null);
      const y = dot(xs, w);
      return split(b === null ? y : y.add(b), GATES.length, { axis: y.ndim - 1 });
    };
    const [hs, is] = [all(h, fromState), all(inputs, fromInput)];
    const [i, f, g, o] = hs.map((each, k) => each.add(is[k]));
    return lstmStep(c, { i, f, g, o }, options);
  }

  @nowrap
  initializeCarry(rng: KeyLike, inputShape: readonly number[]): LSTMCarry {
    return twoStates(this.options, rng, inputShape);
  }
}

/** Throws WeftValueError where a shape has not the axes of a cell's inputs. */
export function checkInputAxes(shape: readonly number[], featureAxes: number): void {
  if (shape.length >= featureAxes) return;
  throw new WeftValueError(
    `a carry for inputs of ${shape.length} axes, but the cell's features take ${featureAxes}`,
  );
}
