/**
 * What a primitive owes: declared once, with every rule. A missing rule is a type error; a rule that cannot exist is
 * a value with its reason (`notDifferentiable("…")`).
 *
 * Rules get a `Builder` (graph rules) or `ScalarOps` (lowering), never a tracer or a target.
 */

import type { BufferParam, Expr } from "../kernel/expr.ts";
import type { CombineFn } from "../kernel/kernel.ts";
import type { KernelBuilder } from "../kernel/kernel-builder.ts";
import type { ScalarOps } from "../kernel/scalar-ops.ts";
import type { DType } from "../types/dtype.ts";
import type { TensorType } from "../types/tensor-type.ts";
import type { Builder } from "./builder.ts";
import type { Contraction } from "./contraction.ts";
import type { Graph, Operand, Params } from "./graph.ts";
import type { PrimitiveName } from "./names.ts";
import type { RefTensor } from "./reference.ts";

/** A tangent or cotangent; null is the symbolic zero. Integer and bool values always have zero tangents. */
export type Tangent = Operand | null;

/** Where a transformation gets at sub-graphs: implemented in `compiler/transforms`, handed to the rules. */
export interface Transforms {
  /**
   * jvp of a graph. `nonzero[i]` says whether input i has a tangent. The result takes all primal inputs, then the
   * tangents that exist; returns all primal outputs, then the tangents of the outputs for which `outNonzero` is true.
   */
  jvp(
    graph: Graph,
    nonzero: readonly boolean[],
    forceOut?: readonly boolean[],
  ): { graph: Graph; outNonzero: boolean[] };
  /**
   * `primal`: inputs → outputs, then residuals. `linear`: residuals, then tangents of the inputs with `nonzero` →
   * tangents of the outputs with `outNonzero`.
   */
  linearize(
    graph: Graph,
    nonzero: readonly boolean[],
    forceOut?: readonly boolean[],
  ): { primal: Graph; linear: Graph; residuals: number; outNonzero: boolean[] };
  /**
   * Transposes a graph that is linear in the inputs with `linear[i]`. The result takes the non-linear inputs, then
   * cotangents for the outputs with `ctNonzero`; returns cotangents of the linear inputs (zeros instantiated).
   */
  transpose(graph: Graph, linear: readonly boolean[], ctNonzero?: readonly boolean[]): Graph;
  /**
   * Batches a graph. `dims[i]`: the batch axis of input i, or null. An output with `forceBatched` comes out batched
   * along axis 0, broadcast if need be; the others stay as they come out.
   */
  batch(
    graph: Graph,
    size: number,
    dims: readonly (number | null)[],
    forceBatched?: readonly boolean[],
  ): { graph: Graph; outDims: (number | null)[] };
  /** A closed graph of a rule's own making, e.g. the body of a transposed loop. */
  build(
    name: string,
    inputs: readonly TensorType[],
    body: (b: Builder, inputs: readonly Operand[]) => readonly Operand[],
  ): Graph;
}

export interface JvpResult {
  readonly outputs: readonly Operand[];
  readonly tangents: readonly Tangent[];
}

export interface JvpContext {
  readonly transforms: Transforms;
}

// Rules are typed through a method, whose parameters TypeScript compares bivariantly: a rule for its own
// parameters then counts as a rule for `Params`, which is how an equation holds it.

/** Builds primal outputs and their tangents. Called only when at least one tangent is not zero. */
export type JvpRule<P extends Params> = {
  rule(
    b: Builder,
    primals: readonly Operand[],
    tangents: readonly Tangent[],
    params: P,
    context: JvpContext,
  ): JvpResult;
}["rule"];

/** Two builders: `primal` runs in the forward pass, `linear` holds what depends on tangents; primal operands used in `linear` become residuals by themselves. */
export interface LinearizeContext {
  readonly primal: Builder;
  readonly linear: Builder;
  readonly transforms: Transforms;
}

/** Only for primitives with sub-graphs; the others are linearised through their jvp rule. */
export type LinearizeRule<P extends Params> = {
  rule(
    context: LinearizeContext,
    primals: readonly Operand[],
    tangents: readonly Tangent[],
    params: P,
  ): JvpResult;
}["rule"];

/** A linear input of an equation being transposed: only its type is known. */
export class LinearInput {
  readonly kind = "linear";
  constructor(readonly type: TensorType) {}
}

export type TransposeInput = Operand | LinearInput;

export function isLinearInput(x: TransposeInput): x is LinearInput {
  return x.kind === "linear";
}

/** Cotangents of the outputs (at least one not null) → cotangents of the inputs, null for inputs that are not linear. */
export type TransposeRule<P extends Params> = {
  rule(
    b: Builder,
    cotangents: readonly Tangent[],
    inputs: readonly TransposeInput[],
    params: P,
    context: JvpContext,
  ): readonly Tangent[];
}["rule"];

export interface BatchResult {
  readonly outputs: readonly Operand[];
  /** Batch axis of each output, or null where it does not depend on a batched input. */
  readonly dims: readonly (number | null)[];
}

/** `dims[i]` is the batch axis of input i, or null. Called only when at least one input is batched. */
export type BatchRule<P extends Params> = {
  rule(
    b: Builder,
    inputs: readonly Operand[],
    dims: readonly (number | null)[],
    params: P,
    context: { readonly size: number; readonly transforms: Transforms },
  ): BatchResult;
}["rule"];

/** A rule that cannot exist, with its reason in the words the user will read. */
export class Absent {
  constructor(readonly reason: string) {}
}
export function notDifferentiable(reason: string): Absent {
  return new Absent(reason);
}
export function notLinear(reason: string): Absent {
  return new Absent(reason);
}

/** Reads the element of an input at a full index (one int32 expression per axis, each within range). */
export interface Access {
  (index: readonly Expr[]): Expr;
  readonly type: TensorType;
}

export interface LowerContext<P extends Params> {
  readonly params: P;
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
}

export interface AccumulatorSpec {
  /** The dtype accumulated in (compute dtype). */
  readonly dtype: DType;
  readonly init: number;
}

export type Lowering<P extends Params> =
  | MapLowering<P>
  | ReduceLowering<P>
  | CumulativeLowering<P>
  | CustomLowering<P>
  | ExpandLowering<P>
  | StructureLowering;

/** Each output element is an expression of input elements: elementwise and movement operations, gather, threefry. */
export interface MapLowering<P extends Params> {
  readonly kind: "map";
  /** All operands have the outputs' shape and are read at the output's index, once. */
  readonly elementwise?: boolean;
  /** `cheap`: may be computed again in several consumers; `expensive`: a transcendental or more. */
  readonly cost: "movement" | "cheap" | "expensive";
  /** Another form, which only writes where the result differs from an input that nobody needs any more. */
  readonly update?: CustomLowering<P>;
  /** Values of all outputs at index `i`; all outputs have one shape. */
  element(
    s: ScalarOps,
    inputs: readonly Access[],
    i: readonly Expr[],
    context: LowerContext<P>,
  ): readonly Expr[];
}

/** Each output element folds an expression over a reduction domain: reduce, dot_general, convolution, reduceWindow, argmax. */
export interface ReduceLowering<P extends Params> {
  readonly kind: "reduce";
  /** Extents of the reduction domain, outermost first. */
  domain(context: LowerContext<P>): readonly number[];
  accumulators(context: LowerContext<P>): readonly AccumulatorSpec[];
  /** A named associative function (then lanes may accumulate apart), or a general fold in domain order. */
  readonly combine:
    | CombineFn
    | ((s: ScalarOps, acc: readonly Expr[], value: readonly Expr[]) => readonly Expr[]);
  /** The values to fold in at output index `i` and reduction index `r`. */
  element(
    s: ScalarOps,
    inputs: readonly Access[],
    i: readonly Expr[],
    r: readonly Expr[],
    context: LowerContext<P>,
  ): readonly Expr[];
  /** The fold finds the greatest or least value and the first place that holds it: its two accumulators. */
  readonly search?: "max" | "min";
  /** The same fold as a sum of products, where it is one: then it is lowered to tiles. */
  contraction?(context: LowerContext<P>): Contraction;
  /** Outputs from the accumulators; the identity if absent. */
  finish?(s: ScalarOps, acc: readonly Expr[], i: readonly Expr[], context: LowerContext<P>): readonly Expr[];
}

/** Prefix operation along one axis. */
export interface CumulativeLowering<P extends Params> {
  readonly kind: "cumulative";
  axis(params: P): number;
  reverse(params: P): boolean;
  accumulator(context: LowerContext<P>): AccumulatorSpec;
  combine(s: ScalarOps, acc: Expr, value: Expr): Expr;
}

/** The memory a hand-written kernel works in, in the order of the operands, the results and `scratch`. */
export interface CustomBuffers {
  readonly inputs: readonly BufferParam[];
  readonly outputs: readonly BufferParam[];
  readonly scratch: readonly BufferParam[];
}

export interface CustomScratch {
  readonly dtype: DType;
  readonly size: number;
  /** Holds nothing from one iteration of a `grid` loop to the next: each thread may have one of its own. */
  readonly temporary?: boolean;
}

/** A hand-written kernel over whole buffers: sort, scatter. Inputs are materialised first. */
export interface CustomLowering<P extends Params> {
  readonly kind: "custom";
  /** Extra buffers, written before they are read. */
  scratch?(context: LowerContext<P>): readonly CustomScratch[];
  /** Index of the input whose buffer an output may take over (`output → input`), e.g. scatter's operand. */
  readonly inPlace?: readonly (readonly [output: number, input: number])[];
  /**
   * The output starts as a copy of the input (`output → input`), and the kernel changes elements of it: scatter. It is
   * given the same buffer as both. Where the input dies here there is no copy.
   */
  readonly updates?: readonly (readonly [output: number, input: number])[];
  /**
   * Outermost loops may be `grid` loops: their iterations may run at the same time, each with `temporary` scratch of its
   * own. All have run when the loop ends.
   */
  build(k: KernelBuilder, s: ScalarOps, buffers: CustomBuffers, context: LowerContext<P>): void;
  /** A form for one thread that gives the same bits; null where running the `grid` loops in turn is as fast. */
  alone?(context: LowerContext<P>): Pick<CustomLowering<P>, "scratch" | "build"> | null;
  /**
   * The form for GPUs, where `build` would run on one invocation. Absent where there is none; null where there is none
   * for these operands.
   */
  gpu?(context: LowerContext<P>): GpuForm | null;
  /**
   * How many entries of a batch `build` is one loop over, which have nothing to do with one another and leave nothing in
   * the scratch for the next: a GPU runs them side by side, each with scratch of its own.
   */
  entries?(context: LowerContext<P>): number;
}

/** Kernels one after another, whose outermost loops are `grid` loops. They share the results and the scratch memory. */
export interface GpuForm {
  readonly scratch: readonly { readonly dtype: DType; readonly size: number }[];
  readonly kernels: readonly GpuKernelForm[];
}

export interface GpuKernelForm {
  /** What it does, for its name. */
  readonly name: string;
  /** Invocations of the workgroup that each iteration of the `grid` loops is; absent: each is one invocation. */
  readonly workgroup?: number;
  /** The kernel is given those of the buffers that it uses. */
  build(k: KernelBuilder, s: ScalarOps, buffers: CustomBuffers, group: GpuWorkgroup): void;
}

/** The workgroup that a kernel is being written for. */
export interface GpuWorkgroup {
  /** Invocations. */
  readonly size: number;
  /** Runs `body` on every invocation `t`; all are through before what follows. */
  local(body: (t: Expr) => void): void;
}

/** Replaced by other primitives before fusion. */
export interface ExpandLowering<P extends Params> {
  readonly kind: "expand";
  expand(b: Builder, inputs: readonly Operand[], params: P): readonly Operand[];
}

/** Control flow: becomes structure of the Program. */
export interface StructureLowering {
  readonly kind: "structure";
}

export interface Cost {
  readonly flops: number;
  readonly transcendentals: number;
}

/** From what numbers a generated test draws an input. `nonzero` keeps away from 0, `unit` is (-1, 1), … */
export type TestDomain =
  | "normal"
  | "positive"
  | "unit"
  | "nonzero"
  | "above1"
  | "smallInt"
  | "shift"
  | "bool"
  | "any"
  /** Symmetric positive definite matrices in the last two axes, well conditioned. */
  | "spd"
  | readonly [min: number, max: number];

/** One configuration of a primitive for the generated tests. */
export interface TestCase<P extends Params> {
  /** Shapes and dtypes of the operands. */
  readonly inputs: readonly { shape: readonly number[]; dtype: DType; domain?: TestDomain }[];
  readonly params: P;
}

export interface TestSpec<P extends Params> {
  /** Configurations beyond the standard ones; every primitive that is not elementwise lists its own. */
  readonly cases?: readonly TestCase<P>[];
  /** For elementwise primitives: the domain of each operand and the dtypes taken. */
  readonly domains?: readonly TestDomain[];
  readonly dtypes?: readonly DType[];
  /** Extra operand values tried for each floating elementwise operation. */
  readonly special?: readonly number[];
  /** Accepted error of one element against the oracle, in ULP of the output dtype (0: exact). */
  readonly ulp?: number;
  /** Differentiation order that tests check: 0 none, 1 first, 2 second derivatives too. */
  readonly order?: 0 | 1 | 2;
}

/** Runs sub-graphs for the reference interpreter. */
export interface ReferenceContext {
  run(graph: Graph, inputs: readonly RefTensor[]): RefTensor[];
}

export interface Primitive<P extends Params = Params> {
  readonly name: PrimitiveName;
  /** Output types; throws WeftTypeError in JAX's wording when the operands do not fit. */
  infer(inputs: readonly TensorType[], params: P): TensorType[];
  /** Reference meaning, in double precision, written independently of `lower`. */
  evaluate(inputs: readonly RefTensor[], params: P, context: ReferenceContext): RefTensor[];
  jvp: JvpRule<P> | Absent;
  linearize?: LinearizeRule<P>;
  transpose: TransposeRule<P> | Absent;
  batch: BatchRule<P>;
  lower: Lowering<P>;
  cost(context: LowerContext<P>): Cost;
  readonly test: TestSpec<P>;
}

/**
 * Declares a primitive. Its parameters' type is checked here, inside the declaration; elsewhere an equation's
 * params are `Params`, so the declaration is widened.
 */
export function definePrimitive<P extends Params>(primitive: Primitive<P>): Primitive<P> {
  return Object.freeze(primitive);
}
