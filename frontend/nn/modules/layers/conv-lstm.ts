/** Convolutional long short-term memory (`flax.linen.ConvLSTMCell`). */
import type { NdArray } from "../../../core/index.ts";
import { tanh } from "../../../lax/elementwise.ts";
import { split } from "../../../numpy/index.ts";
import { type KeyLike, split as splitKey } from "../../../random/index.ts";
import { sigmoid } from "../../activations.ts";
import { type Initializer, zeros } from "../../initializers.ts";
import type { ModuleOptions } from "../core/module.ts";
import { nowrap } from "../core/wrap.ts";
import { checkInputAxes, type LSTMCarry, RNNCellBase } from "./cells.ts";
import { Conv, type ConvPadding } from "./conv.ts";
import type { DTypeOptions } from "./dtypes.ts";

/** Options of `ConvLSTMCell`. */
export interface ConvLSTMCellOptions extends ModuleOptions, DTypeOptions {
  /** Features of the state and of the output. */
  readonly features: number;
  readonly kernelSize: readonly number[];
  readonly strides?: number | readonly number[] | null;
  /** Default "SAME". */
  readonly padding?: ConvPadding;
  readonly useBias?: boolean;
  /** Of the first carry. Default `zeros`. */
  readonly carryInit?: Initializer;
}

/** Long short-term memory over images, by convolutions (Shi et al. 2015). Parameters: ih and hh. */
export class ConvLSTMCell extends RNNCellBase<LSTMCarry> {
  static readonly moduleName: string = "ConvLSTMCell";
  readonly options: ConvLSTMCellOptions;

  constructor(options: ConvLSTMCellOptions) {
    super(options);
    this.options = options;
  }

  get numFeatureAxes(): number {
    return this.options.kernelSize.length + 1;
  }

  call([c, h]: LSTMCarry, inputs: NdArray): [LSTMCarry, NdArray] {
    const { features, carryInit: _, name: __, ...options } = this.options;
    const conv = (name: string, x: NdArray): NdArray =>
      new Conv({ ...options, name, features: 4 * features }).call(x);
    const gates = conv("ih", inputs).add(conv("hh", h));
    const [i, g, f, o] = split(gates, 4, { axis: gates.ndim - 1 });
    const next = sigmoid(f.add(1))
      .mul(c)
      .add(sigmoid(i).mul(tanh(g)));
    const out = sigmoid(o).mul(tanh(next));
    return [[next, out], out];
  }

  /** For inputs of a shape [...batch, ...spatial, n]. */
  @nowrap
  initializeCarry(rng: KeyLike, inputShape: readonly number[]): LSTMCarry {
    checkInputAxes(inputShape, this.numFeatureAxes);
    const { features, carryInit = zeros, paramDtype } = this.options;
    const [first, second] = splitKey(rng);
    const shape = [...inputShape.slice(0, -1), features];
    return [carryInit(first, shape, paramDtype), carryInit(second, shape, paramDtype)];
  }
}
