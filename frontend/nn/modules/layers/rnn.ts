/** Recurrent networks: a cell over the steps of a sequence (`flax/linen/recurrent.py`). */
import { formatShape, type NdArray, WeftValueError } from "../../../core/index.ts";
import { range } from "../../../lax/axes.ts";
import { concatenate, iota, reshape, rev } from "../../../lax/movement.ts";
import { broadcastTo } from "../../../lax/operands.ts";
import { expandDims } from "../../../numpy/movement.ts";
import { takeAlongAxis } from "../../../numpy/take.ts";
import { remainder } from "../../../numpy/ufuncs.ts";
import { type KeyLike, key as makeKey, split as splitKey } from "../../../random/index.ts";
import * as tree from "../../../tree/index.ts";
import type { Filter } from "../core/filters.ts";
import { Module, type ModuleOptions } from "../core/module.ts";
import type { VariableAxis } from "../lift/axes.ts";
import { scan } from "../lift/scan.ts";
import type { RNNCellBase } from "./cells.ts";

/** How a sequence is run; each may be given to the constructor or to `call`. */
export interface SequenceOptions {
  /** Whether the first axis, rather than the one behind the batch axes, is time. Default false. */
  readonly timeMajor?: boolean;
  /** Whether the last carry is returned too: [carry, outputs]. Default false. */
  readonly returnCarry?: boolean;
  /** Whether the sequence is run from its end. Default false. */
  readonly reverse?: boolean;
  /** With `reverse`: whether the outputs are put back into the order of the inputs. Default false. */
  readonly keepOrder?: boolean;
}

export interface RNNOptions<Carry> extends SequenceOptions, ModuleOptions {
  readonly cell: RNNCellBase<Carry>;
  /** Steps per iteration of the compiled loop. Default 1. */
  readonly unroll?: number;
  /** As of `nn.scan`. Default none. */
  readonly variableAxes?: Readonly<Record<string, VariableAxis>>;
  /** Default "params". */
  readonly variableBroadcast?: Filter;
  readonly variableCarry?: Filter;
  /** Default { params: false }. */
  readonly splitRngs?: Readonly<Record<string, boolean>>;
}

export interface RNNCallOptions<Carry> extends SequenceOptions {
  /** Default: that of the cell's `initializeCarry`. */
  readonly initialCarry?: Carry | null;
  /** For `initializeCarry`. Default `random.key(0)`. */
  readonly initKey?: KeyLike | null;
  /** How many steps of each sequence count, int32[...batch]. */
  readonly seqLengths?: NdArray | null;
}

/** What runs over sequences: RNN, or a module like it. */
export interface SequenceModule<Carry> {
  call(inputs: NdArray, options?: RNNCallOptions<Carry>): NdArray | [Carry, NdArray];
}

/**
 * A cell over the steps of sequences [...batch, time, n] → [...batch, time, features], as one compiled loop
 * (`flax.linen.RNN`). With `returnCarry`, [the carry after the last step, outputs].
 *
 *     new nn.RNN(new nn.LSTMCell({ features: 64 })).call(x)
 */
export class RNN<Carry = unknown> extends Module {
  static readonly moduleName: string = "RNN";
  readonly cell: RNNCellBase<Carry>;
  readonly options: Omit<RNNOptions<Carry>, "cell">;

  constructor(cell: RNNCellBase<Carry> | RNNOptions<Carry>, options: Omit<RNNOptions<Carry>, "cell"> = {}) {
    const { cell: given, ...more } = cell instanceof Module ? { ...options, cell } : cell;
    super(more);
    this.cell = given;
    this.options = more;
  }

  call(inputs: NdArray, options: RNNCallOptions<Carry> & { readonly returnCarry: true }): [Carry, NdArray];
  call(inputs: NdArray, options?: RNNCallOptions<Carry> & { readonly returnCarry?: false }): NdArray;
  call(inputs: NdArray, options?: RNNCallOptions<Carry>): NdArray | [Carry, NdArray];
  call(inputs: NdArray, options: RNNCallOptions<Carry> = {}): NdArray | [Carry, NdArray] {
    const {
      timeMajor = false,
      returnCarry = false,
      reverse = false,
      keepOrder = false,
    } = { ...this.options, ...given(options) };
    const { initialCarry = null, initKey = null, seqLengths = null } = options;
    const { numFeatureAxes } = this.cell;
    const timeAxis = timeMajor ? 0 : inputs.ndim - (numFeatureAxes + 1);
    if (timeAxis < 0) {
      throw new WeftValueError(
        `the inputs of an RNN are sequences: [...batch, time, ...features] with ${numFeatureAxes} axes of features, got ` +
          formatShape(inputs.shape),
      );
    }
    const batchDims = inputs.ndim - numFeatureAxes - 1;
    const flip = (x: NdArray): NdArray => flipSequences(x, seqLengths, batchDims, timeAxis);
    const xs = reverse ? flip(inputs) : inputs;
    const stepShape = inputs.shape.filter((_, axis) => axis !== timeAxis);
    const first = initialCarry ?? this.cell.initializeCarry(initKey ?? makeKey(0), stepShape);

    // With lengths, the carry of every step is kept, so that each sequence's last one can be picked.
    const keepCarries = seqLengths !== null && returnCarry;
    const step = (
      cell: RNNCellBase<Carry>,
      carry: Carry,
      x: NdArray,
    ): [Carry, NdArray | [Carry, NdArray]] => {
      const [next, y] = cell.call(carry, x);
      return [next, keepCarries ? [next, y] : y];
    };
    const {
      unroll,
      variableAxes,
      variableBroadcast = "params",
      variableCarry,
      splitRngs = { params: false },
    } = this.options;
    const loop = scan(step as never, {
      inAxes: timeAxis,
      outAxes: keepCarries ? [0, timeAxis] : timeAxis,
      unroll,
      variableAxes,
      variableBroadcast,
      variableCarry,
      splitRngs,
    }) as unknown as (
      cell: RNNCellBase<Carry>,
      carry: Carry,
      xs: NdArray,
    ) => [Carry, NdArray | [Carry, NdArray]];
    let [carry, outputs] = loop(this.cell, first, xs);
    if (seqLengths !== null && Array.isArray(outputs)) {
      const lengths = seqLengths;
      carry = tree.map((x) => lastOf(x as NdArray, lengths), outputs[0]) as Carry;
      outputs = outputs[1];
    }
    const values = outputs as NdArray;
    const ordered = reverse && keepOrder ? flip(values) : values;
    return returnCarry ? [carry, ordered] : ordered;
  }
}

/** The options that are given: undefined and null leave those of the constructor. */
function given(options: SequenceOptions): SequenceOptions {
  const { timeMajor, returnCarry, reverse, keepOrder } = options;
  const all = Object.entries({ timeMajor, returnCarry, reverse, keepOrder });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined && value !== null));
}

/** At each sequence's last step: [time, batch, ...] and int32[batch] → [batch, ...]. */
function lastOf(steps: NdArray, seqLengths: NdArray): NdArray {
  const size = [1, ...seqLengths.shape, ...new Array<number>(steps.ndim - 1 - seqLengths.ndim).fill(1)];
  const indices = broadcastTo(reshape(seqLengths.sub(1), size), [1, ...steps.shape.slice(1)]);
  return reshape(takeAlongAxis(steps, indices, 0), steps.shape.slice(1));
}

/**
 * Sequences from their ends (`flax.linen.recurrent.flip_sequences`): with lengths, each one's own steps, and behind them what
 * lies behind them.
 */
export function flipSequences(
  inputs: NdArray,
  seqLengths: NdArray | null,
  batchDims: number,
  timeAxis: number,
): NdArray {
  if (seqLengths === null) return rev(inputs, [timeAxis]);
  const steps = inputs.shape[timeAxis];
  const places = range(batchDims + 1).map((axis) => (axis === timeAxis ? steps : 1));
  const backwards = reshape(rev(iota("int32", steps), [0]), places);
  const indices = remainder(backwards.add(expandDims(seqLengths, timeAxis)), steps);
  const rest = new Array<number>(inputs.ndim - indices.ndim).fill(1);
  return takeAlongAxis(
    inputs,
    broadcastTo(reshape(indices, [...indices.shape, ...rest]), inputs.shape),
    timeAxis,
  );
}

/** Options of `Bidirectional`. */
export interface BidirectionalOptions<Carry>
  extends ModuleOptions,
    Pick<SequenceOptions, "timeMajor" | "returnCarry"> {
  readonly forwardRnn: SequenceModule<Carry>;
  readonly backwardRnn: SequenceModule<Carry>;
  /** Of the outputs of both. Default: side by side along the last axis. */
  readonly mergeFn?: (forward: NdArray, backward: NdArray) => NdArray;
}

/** Two networks over the same sequences, one of them from the end (`flax.linen.Bidirectional`). */
export class Bidirectional<Carry = unknown> extends Module {
  static readonly moduleName: string = "Bidirectional";
  static readonly attributeNames = { forwardRnn: "forward_rnn", backwardRnn: "backward_rnn" };
  readonly forwardRnn: SequenceModule<Carry>;
  readonly backwardRnn: SequenceModule<Carry>;
  readonly options: Omit<BidirectionalOptions<Carry>, "forwardRnn" | "backwardRnn">;

  constructor(
    forwardRnn: SequenceModule<Carry> | BidirectionalOptions<Carry>,
    backwardRnn?: SequenceModule<Carry>,
    options: Omit<BidirectionalOptions<Carry>, "forwardRnn" | "backwardRnn"> = {},
  ) {
    const all = "forwardRnn" in forwardRnn ? forwardRnn : { ...options, forwardRnn, backwardRnn };
    const { forwardRnn: forward, backwardRnn: backward, ...more } = all;
    if (backward === undefined)
      throw new WeftValueError("Bidirectional takes two networks, for both directions");
    super(more);
    this.forwardRnn = forward;
    this.backwardRnn = backward;
    this.options = more;
  }

  call(inputs: NdArray, options: RNNCallOptions<[Carry, Carry]> = {}): NdArray | [[Carry, Carry], NdArray] {
    const { timeMajor = false, returnCarry = false } = { ...this.options, ...given(options) };
    const { mergeFn = sideBySide } = this.options;
    const { initialCarry = null, initKey = null, seqLengths = null } = options;
    const [forwardKey, backwardKey] = initKey === null ? [null, null] : splitKey(initKey);
    const common = { seqLengths, returnCarry: true, timeMajor };
    const forward = this.forwardRnn.call(inputs, {
      ...common,
      initialCarry: initialCarry?.[0],
      initKey: forwardKey,
      reverse: false,
    });
    const backward = this.backwardRnn.call(inputs, {
      ...common,
      initialCarry: initialCarry?.[1],
      initKey: backwardKey,
      reverse: true,
      keepOrder: true,
    });
    if (!Array.isArray(forward) || !Array.isArray(backward)) {
      throw new WeftValueError(
        "the networks of Bidirectional should return [carry, outputs] where returnCarry is true",
      );
    }
    const outputs = mergeFn(forward[1], backward[1]);
    return returnCarry ? [[forward[0], backward[0]], outputs] : outputs;
  }
}

const sideBySide = (a: NdArray, b: NdArray): NdArray => concatenate([a, b], a.ndim - 1);
