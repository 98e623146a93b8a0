/**
 * Tracing: contexts, tracers and `bind`, through which every operation of the API goes.
 *
 * How an API function is written: promote its operands (`aval.ts`), then
 *
 *     export function sin(x: ArrayLike): NdArray {
 *       return bindOne("sin", [asArray(x)], {});
 *     }
 *
 * A context owns the graph of one function being traced. There are two kinds:
 *
 * - a *staging* context (`jit`, bodies of control flow, `makeJaxpr`): while it is the innermost one, every operation is
 *   staged into its graph, on concrete arrays too ("omnistaging");
 * - a *transform* context (`grad`, `vjp`, `jvp`, `linearize`, `vmap`): only operations on its own tracers are staged.
 *
 * An operation belongs to the highest among the innermost staging context and its operands' contexts. Operands from
 * outside of that context are captured: they become further inputs of its graph. Without a context the operation
 * runs now (`dispatch.ts`).
 */
import { type Graph, Literal, type Operand, type Params, type Value } from "../../compiler/graph/graph.ts";
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import type { PrimitiveParams } from "../../compiler/graph/operations.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { formatSource, type SourceRef } from "../../compiler/types/source.ts";
import { type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";
import { type ArrayData, type ArrayLike, NdArray } from "./array.ts";
import { avalOf, formatType, type ShapedArray, scalarAval } from "./aval.ts";
import { ConcreteArray, constantArray } from "./concrete-array.ts";
import { notAnArray } from "./describe.ts";
import type { Device } from "./device.ts";
import { dispatch, runGraph } from "./dispatch.ts";
import { emitUntyped } from "./emit.ts";
import {
  ConcretizationTypeError,
  InternalError,
  TracerArrayConversionError,
  TracerBoolConversionError,
  UnexpectedTracerError,
  UnsupportedError,
  WeftTypeError,
} from "./errors.ts";
import { captureSource, describeFunction } from "./source.ts";

/** What traces a function; named in errors and in what a tracer prints. */
export type TraceKind =
  | "jit"
  | "make_jaxpr"
  | "eval_shape"
  | "scan"
  | "while_loop"
  | "cond"
  | "switch"
  | "custom_jvp"
  | "custom_vjp"
  | "custom_root"
  | "custom_linear_solve"
  | "linear_transpose"
  | "checkpoint"
  | "export"
  | "grad"
  | "vjp"
  | "jvp"
  | "linearize"
  | "vmap";

/** Transform contexts: they stage only what depends on their inputs. */
const TRANSFORMS: ReadonlySet<TraceKind> = new Set(["grad", "vjp", "jvp", "linearize", "vmap"]);

const TRACER_NAMES: { readonly [K in TraceKind]?: string } = {
  grad: "GradTracer",
  vjp: "GradTracer",
  linearize: "LinearizeTracer",
  jvp: "JVPTracer",
  vmap: "BatchTracer",
};

/** The stack of contexts, innermost last: what is being traced now. */
const stack: TraceContext[] = [];
/** Depth of the innermost staging context, or -1. */
let stagingDepth = -1;

/** The function being traced, for messages. */
export interface TracedFunction {
  readonly name: string;
  /** Where it was given to the transformation. */
  readonly source: SourceRef | null;
}

export class TraceContext {
  readonly builder = new GraphBuilder();
  readonly staging: boolean;
  /** Whether tracers of this context can have concrete values behind them. */
  readonly concretizable: boolean;
  /** Place in the stack; -1 before and after the trace. */
  depth = -1;
  /** What was captured, in the order of the further inputs. */
  readonly captured: NdArray[] = [];

  readonly #captured = new Map<NdArray, Value>();
  readonly #argumentNames = new Map<Value, string>();
  /** Values behind the graph's inputs: the arguments of a transform, and what was captured. */
  readonly #outer = new Map<Operand, NdArray>();
  readonly #evaluated = new Map<Value, ConcreteArray>();
  readonly #producers = new Map<Value, number>();
  #indexed = 0;

  constructor(
    readonly kind: TraceKind,
    readonly fn: TracedFunction,
  ) {
    this.staging = !TRANSFORMS.has(kind);
    this.concretizable = !this.staging && kind !== "vmap";
  }

  /**
   * A new input of the graph. `outer` is the value it stands for, where the trace may compute with it.
   * `name` is its key path in the user's arguments, for errors; `hint` names it in printed graphs.
   */
  input(aval: ShapedArray, name: string, hint: string | null, outer: NdArray | null): Tracer {
    const value = this.builder.input(aval.type, hint);
    this.#argumentNames.set(value, name);
    if (outer !== null) this.#outer.set(value, outer);
    return new Tracer(this, value, aval);
  }

  /** Runs `body` with this context on the stack. */
  run<T>(body: () => T): T {
    const outerStaging = stagingDepth;
    this.depth = stack.length;
    stack.push(this);
    if (this.staging) stagingDepth = this.depth;
    try {
      return body();
    } finally {
      stack.length = this.depth;
      stagingDepth = outerStaging;
      this.depth = -1;
      for (const array of this.#evaluated.values()) array.dispose();
      this.#evaluated.clear();
    }
  }

  /** The operand that stands for an array in this context's graph; captures it if it is from outside. */
  lift(x: NdArray): Operand {
    if (x instanceof Tracer) {
      if (x.context === this) return x.operand;
      if (x.context.depth < 0) throw leaked(x);
      if (x.operand.kind === "literal") return x.operand;
    } else if (x instanceof ConcreteArray && x.fill !== null) {
      x.checkAlive();
      return new Literal(x.aval.type, x.fill);
    }
    let value = this.#captured.get(x);
    if (value === undefined) {
      if (x instanceof ConcreteArray) x.checkAlive();
      const named = x instanceof Tracer && x.operand.kind === "value" ? x.operand.hint : null;
      value = this.builder.input(x.aval.type, named);
      this.#captured.set(x, value);
      this.captured.push(x);
      this.#outer.set(value, x);
    }
    return value;
  }

  /** The value behind an operand; throws a ConcretizationTypeError where there is none. */
  concrete(operand: Operand, error: ConcretizationRequest): ConcreteArray {
    if (operand.kind === "literal") return constantArray(operand.value, operand.type);
    const done = this.#evaluated.get(operand);
    if (done !== undefined) return done;
    const outer = this.#outer.get(operand);
    if (outer !== undefined) return concreteValue(outer, error);
    if (!this.concretizable) throw concretizationError(this, operand, error);
    this.#evaluate(operand, error);
    const value = this.#evaluated.get(operand);
    if (value === undefined) throw new InternalError("a traced value was not evaluated");
    return value;
  }

  /** Runs the equations that a value depends on and that have not run yet. */
  #evaluate(wanted: Value, error: ConcretizationRequest): void {
    const { equations } = this.builder;
    for (; this.#indexed < equations.length; this.#indexed++) {
      for (const v of equations[this.#indexed].outputs) this.#producers.set(v, this.#indexed);
    }
    const needed = new Set<number>();
    const pending: Operand[] = [wanted];
    for (let x = pending.pop(); x !== undefined; x = pending.pop()) {
      if (x.kind === "literal" || this.#evaluated.has(x)) continue;
      const at = this.#producers.get(x);
      if (at === undefined || needed.has(at)) continue;
      needed.add(at);
      pending.push(...equations[at].inputs);
    }
    for (const at of [...needed].sort((a, b) => a - b)) {
      const { op, inputs, params, outputs } = equations[at];
      const values = dispatch(
        op,
        inputs.map((x) => this.concrete(x, error)),
        params,
        () => false,
      );
      for (const [i, v] of outputs.entries()) this.#evaluated.set(v, values[i]);
    }
  }

  /** The argument of the traced function that an input of the graph is. */
  argumentName(operand: Operand): string | null {
    return operand.kind === "value" ? (this.#argumentNames.get(operand) ?? null) : null;
  }

  /** What the trace knows of how a value came about: `depends on the argument x`, or the line of its operation. */
  origin(operand: Operand): string {
    const argument = this.argumentName(operand);
    if (argument !== null) {
      return `This concrete value was not available because it depends on the value of the argument ${argument}.`;
    }
    const equation = this.builder.equations.find((e) => e.outputs.some((v) => v === operand));
    if (equation === undefined) return "";
    const location = equation.source?.resolve();
    const types = equation.inputs.map((x) => formatType(x.type)).join(", ");
    const where = location
      ? `\n    from line ${formatSource(location)} (${location.file}:${location.line})`
      : "";
    return `This value became a tracer due to this operation:\n  ${formatType(operand.type)} = ${equation.op}(${types})${where}`;
  }

  /** `The error occurred while tracing the function loss at train.ts:7 for jit.` */
  describe(): string {
    const called = describeFunction(this.fn.name, this.fn.source);
    return `The error occurred while tracing the function ${called} for ${this.kind}.`;
  }
}

/** A traced array: a value of a context's graph. */
export class Tracer extends NdArray {
  constructor(
    readonly context: TraceContext,
    readonly operand: Operand,
    override readonly aval: ShapedArray,
  ) {
    super();
  }

  override dataSync(): ArrayData {
    const value = concreteValue(this, { what: "elements", tracer: this });
    if (value.only !== null) throw notWhileTracing("dataSync()", this, value.only);
    return value.dataSync();
  }

  override item(): number {
    if (this.size !== 1) {
      throw new WeftTypeError(
        `item() works on arrays of one element only, this one is ${formatType(this.aval.type)}`,
      );
    }
    const value = concreteValue(this, { what: "value", tracer: this });
    if (value.only !== null) throw notWhileTracing("item()", this, value.only);
    return value.item();
  }

  override dispose(): void {
    // A tracer has no memory of its own.
  }

  override get device(): never {
    throw new ConcretizationTypeError(
      `A traced array (${formatType(this.aval.type)}) is on no device: that is decided when the function is run.\n` +
        this.context.describe(),
      captureSource(),
    );
  }

  override toString(): string {
    return `${TRACER_NAMES[this.context.kind] ?? "JitTracer"}<${formatType(this.aval.type)}>`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** The error of a value behind a tracer that only a GPU has: a trace cannot wait for it. */
function notWhileTracing(what: string, tracer: Tracer, on: Device): UnsupportedError {
  return new UnsupportedError(
    `${what} needs the elements at once, and those behind this traced array (${formatType(tracer.aval.type)}) are on ` +
      `${on}: a function being traced cannot wait for them.\n${tracer.context.describe()}\n` +
      'Run it on Wasm (devicePut(x, await device("wasm"))), or under jit with np.where, lax.cond or lax.whileLoop.',
    captureSource(),
  );
}

declare module "./array.ts" {
  interface NdArray {
    /** Iterates over the first axis. */
    [Symbol.iterator](): Generator<NdArray, void, undefined>;
  }
}

NdArray.prototype[Symbol.iterator] = function* (this: NdArray) {
  for (let i = 0; i < this.length; i++) yield rowOf(this, i);
};

function rowOf(x: NdArray, i: number): NdArray {
  const { shape } = x;
  const rest = shape.slice(1);
  if (x instanceof ConcreteArray && x.only === null && x.committed === null) return x.hostRow(i);
  const startIndices = [i, ...rest.map(() => 0)];
  const limitIndices = [i + 1, ...rest];
  const strides = shape.map(() => 1);
  const row = bindOne("slice", [x], { startIndices, limitIndices, strides });
  return bindOne("reshape", [row], { newSizes: rest });
}

/** Who asked for a concrete value, and of what. */
interface ConcretizationRequest {
  readonly what: "elements" | "value";
  readonly tracer: Tracer;
}

/** The concrete array behind an array; for tracers, computed as far as it is needed. */
function concreteValue(x: NdArray, request: ConcretizationRequest): ConcreteArray {
  if (x instanceof ConcreteArray) return x;
  if (!(x instanceof Tracer)) throw new InternalError("an unknown kind of array");
  if (x.context.depth < 0) throw leaked(x);
  return x.context.concrete(x.operand, request);
}

const ALTERNATIVES =
  "To choose between values use np.where or lax.cond, to loop use lax.whileLoop, lax.foriLoop or lax.scan; " +
  "if the value is known when the function is called, list its argument in staticArgnums.";

function concretizationError(
  context: TraceContext,
  operand: Operand,
  { what, tracer }: ConcretizationRequest,
): ConcretizationTypeError {
  const type = formatType(tracer.aval.type);
  const lines = [context.describe(), context.origin(operand), ALTERNATIVES].filter((line) => line !== "");
  if (what === "elements") {
    return new TracerArrayConversionError(
      `The array conversion method dataSync() was called on traced array with shape ${type}.\n${lines.join("\n")}`,
      captureSource(),
    );
  }
  if (tracer.dtype === "bool") {
    return new TracerBoolConversionError(
      `Attempted boolean conversion of traced array with shape ${type}.\n` +
        `Under ${context.kind} only its shape and dtype are known, so a JavaScript \`if\` or \`while\` cannot depend on it.\n` +
        lines.join("\n"),
      captureSource(),
    );
  }
  return new ConcretizationTypeError(
    `Abstract tracer value encountered where concrete value is expected: traced array with shape ${type}.\n` +
      `item() needs the number, and under ${context.kind} there is only its shape and dtype.\n${lines.join("\n")}`,
    captureSource(),
  );
}

/** A tracer whose trace has ended. */
function leaked(x: Tracer): UnexpectedTracerError {
  const { context } = x;
  const origin = context.origin(x.operand);
  return new UnexpectedTracerError(
    "Encountered an unexpected tracer. A function transformed by Weft had a side effect, allowing for a reference to " +
      `an intermediate value with type ${formatType(x.aval.type)} wrapped in a ${x} to escape the scope of the transformation.\n` +
      "Transformations require that functions explicitly return their outputs, and disallow saving intermediate " +
      "values to global state.\n" +
      `The function being traced when the value leaked was ${describeFunction(context.fn.name, context.fn.source)} ` +
      `traced for ${context.kind}.${origin === "" ? "" : `\n${origin}`}\nThe value was used here:`,
    captureSource(),
  );
}

/** The context that an operation on these operands belongs to, or null: it runs now. */
export function contextFor(inputs: readonly NdArray[]): TraceContext | null {
  let depth = stagingDepth;
  for (const x of inputs) {
    if (!(x instanceof Tracer)) continue;
    const at = x.context.depth;
    if (at < 0) throw leaked(x);
    if (at > depth) depth = at;
  }
  return depth < 0 ? null : stack[depth];
}

/** Whether nothing is being traced, so that calls may go straight to compiled code. */
export function notTracing(): boolean {
  return stack.length === 0;
}

/** What is being traced now, innermost, or null; to be compared by identity. */
export function innermostContext(): TraceContext | null {
  return stack.at(-1) ?? null;
}

/** Whether the innermost context stages everything, as inside `jit`. */
export function isStaging(): boolean {
  return stagingDepth >= 0;
}

/** Weak types of the results: one for all, or one per result. By default results are weak where all operands are. */
export type WeakTypes = boolean | readonly boolean[];

/**
 * Performs an operation on arrays: stages it into the context it belongs to, or runs it now. Operands must already
 * have the dtypes and shapes the operation takes (broadcasting and promotion are the API's).
 */
export function bind<N extends PrimitiveName>(
  op: N,
  inputs: readonly NdArray[],
  params: PrimitiveParams[N],
  weakTypes?: WeakTypes,
): NdArray[] {
  return bindUntyped(op, inputs, params, weakTypes);
}

/** `bind` for operations of one result. */
export function bindOne<N extends PrimitiveName>(
  op: N,
  inputs: readonly NdArray[],
  params: PrimitiveParams[N],
  weakType?: boolean,
): NdArray {
  return bindUntyped(op, inputs, params, weakType)[0];
}

function bindUntyped(
  op: PrimitiveName,
  inputs: readonly NdArray[],
  params: Params,
  weakTypes: WeakTypes | undefined,
): NdArray[] {
  const weak = weakness(inputs, weakTypes);
  const context = contextFor(inputs);
  if (context === null) return dispatch(op, inputs.map(asConcrete), params, weak);
  const { builder } = context;
  const operands = inputs.map((x) => context.lift(x));
  builder.source = captureSource();
  const outputs = emitUntyped(builder, op, operands, params);
  return outputs.map((operand, i) => new Tracer(context, operand, avalOf(operand.type, weak(i))));
}

/** Performs a closed graph on arrays: inlines it into the context it belongs to, or compiles and runs it now. */
export function bindGraph(graph: Graph, inputs: readonly NdArray[], weakTypes: WeakTypes = false): NdArray[] {
  const weak = weakness(inputs, weakTypes);
  const context = contextFor(inputs);
  if (context === null) return runGraph(graph, inputs.map(asConcrete), weak);
  const operands = inputs.map((x) => context.lift(x));
  const outputs = context.builder.inline(graph, operands);
  return outputs.map((operand, i) => new Tracer(context, operand, avalOf(operand.type, weak(i))));
}

function weakness(inputs: readonly NdArray[], weakTypes: WeakTypes | undefined): (output: number) => boolean {
  if (weakTypes === undefined) {
    const all = inputs.length > 0 && inputs.every((x) => x.aval.weakType);
    return () => all;
  }
  return typeof weakTypes === "boolean" ? () => weakTypes : (i) => weakTypes[i];
}

/** Narrows to a concrete array where the context said that there is no tracer. */
export function asConcrete(x: NdArray): ConcreteArray {
  if (x instanceof ConcreteArray) return x;
  throw new InternalError("a tracer where a concrete array is expected");
}

/** The known value of every element of an array, or null. */
export function knownValue(x: NdArray): number | null {
  if (x instanceof ConcreteArray) {
    if (x.fill !== null) x.checkAlive();
    return x.fill;
  }
  if (x instanceof Tracer && x.operand.kind === "literal") return x.operand.value;
  return null;
}

/** An array as it is; a number as a weakly typed scalar, a boolean as a scalar of dtype bool. */
export function asArray(x: ArrayLike): NdArray {
  if (x instanceof NdArray) return x;
  if (typeof x === "number" || typeof x === "boolean") {
    const { type, weakType } = scalarAval(x);
    return constantArray(Number(x), type, weakType);
  }
  throw notAnArray(x);
}

/** An array of one repeated value; becomes a literal of the graph where it is traced. */
export function full(
  value: number,
  dtype: TensorType["dtype"],
  shape: readonly number[] = [],
  weakType = false,
): NdArray {
  return constantArray(value, tensorType(dtype, shape), weakType);
}
