/**
 * Constructors of elementwise primitives: from the meaning of one element they make every rule a primitive owes, as
 * JAX's `unop`, `naryop`, `deflinear` and `defbilinear` do.
 */
import type { Builder } from "../../graph/builder.ts";
import type { Operand, Params } from "../../graph/graph.ts";
import type { BinaryName, PrimitiveName, UnaryName } from "../../graph/names.ts";
import type { NoParams } from "../../graph/operations.ts";
import {
  type Absent,
  type Cost,
  definePrimitive,
  isLinearInput,
  type JvpRule,
  type LowerContext,
  notLinear,
  type Primitive,
  type Tangent,
  type TestDomain,
  type TestSpec,
  type TransposeInput,
  type TransposeRule,
} from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { roundTo } from "../../kernel/constants.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { lookupMath } from "../../math/index.ts";
import { DTYPES, type DType } from "../../types/dtype.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { sameShape, type TensorType, tensorType } from "../../types/tensor-type.ts";
import { alignBatched } from "../batching.ts";
import { checkArity, checkDtype, type DTypeFamily, formatShape } from "../typing.ts";

/** `cheap` may be computed again in several consumers; `expensive` is a transcendental. */
export type ElementCost = "cheap" | "expensive";

/** Tangent with respect to one operand: `g` is that operand's tangent, `ans` the primal result. */
export type UnaryTangent<P extends Params> = (
  b: Builder,
  g: Operand,
  ans: Operand,
  x: Operand,
  params: P,
) => Tangent;
export type BinaryTangent = (b: Builder, g: Operand, ans: Operand, x: Operand, y: Operand) => Tangent;

/** A literal of the type of `x`, rounded to its dtype. */
export function constantLike(b: Builder, x: Operand, value: number): Operand {
  return b.like(x, roundTo(value, x.type.dtype));
}

/** `x · value`. */
export function scale(b: Builder, x: Operand, value: number): Operand {
  return b.mul(x, constantLike(b, x, value));
}

/** (1 - x)(1 + x), which keeps its digits where x is near ±1. */
export function oneMinusSquare(b: Builder, x: Operand): Operand {
  const one = constantLike(b, x, 1);
  return b.mul(b.sub(one, x), b.add(one, x));
}

/** Operands of one shape; JAX's message where they are not. */
export function checkElementwiseShapes(name: string, inputs: readonly TensorType[]): void {
  const first = inputs[0].shape;
  if (inputs.every((t) => sameShape(t.shape, first))) return;
  if (inputs.some((t) => t.shape.length !== first.length)) {
    const ranks = inputs.map((t) => t.shape.length).join(", ");
    const shapes = inputs.map((t) => formatShape(t.shape)).join(", ");
    throw new WeftTypeError(
      `${name}: arrays must have same number of dimensions, got ${ranks} (shapes ${shapes}). ` +
        `(Tip: np.${name} broadcasts its arguments.)`,
    );
  }
  const shapes = inputs.map((t) => formatShape(t.shape)).join(", ");
  throw new WeftTypeError(`${name} got incompatible shapes for broadcasting: ${shapes}.`);
}

/** Operands of one dtype. */
export function checkEqualDtypes(name: string, inputs: readonly TensorType[]): void {
  if (inputs.every((t) => t.dtype === inputs[0].dtype)) return;
  throw new WeftTypeError(
    `${name} requires arguments to have equal types, got ${inputs.map((t) => t.dtype).join(", ")}. ` +
      `(Tip: np.${name} promotes its arguments; otherwise convert one of them with astype.)`,
  );
}

/** The dtypes of a family, for the generated tests. */
export function dtypesOf(family: DTypeFamily): DType[] {
  return DTYPES.filter((d) => family.has(d));
}

/** Operations and transcendentals of one element times the number of elements. */
export function perElement(kind: ElementCost, flops = 1): (context: LowerContext<Params>) => Cost {
  return ({ outputs }) => ({
    flops: kind === "cheap" ? flops * outputs[0].size : 0,
    transcendentals: kind === "expensive" ? outputs[0].size : 0,
  });
}

/** Applies `f` to the corresponding elements of tensors of one shape. */
export function mapElements(
  type: TensorType,
  inputs: readonly RefTensor[],
  f: (...x: number[]) => number,
): RefTensor {
  const data = new Float64Array(type.size);
  const [x, y, z] = inputs.map((t) => t.data);
  if (inputs.length === 1) for (let i = 0; i < data.length; i++) data[i] = f(x[i]);
  else if (inputs.length === 2) for (let i = 0; i < data.length; i++) data[i] = f(x[i], y[i]);
  else for (let i = 0; i < data.length; i++) data[i] = f(x[i], y[i], z[i]);
  return { type, data };
}

/** What every elementwise primitive has in common. */
interface Shared<P extends Params> {
  readonly name: PrimitiveName;
  readonly infer: (inputs: readonly TensorType[], params: P) => TensorType;
  readonly element: (params: P, dtype: DType) => (...x: number[]) => number;
  readonly jvp: JvpRule<P> | Absent;
  readonly transpose: TransposeRule<P> | Absent;
  /** `dtype` is the graph's; an expression of float16 is computed in float32. */
  readonly lower: (s: ScalarOps, x: readonly Expr[], params: P, dtype: DType) => Expr;
  readonly cost: ElementCost;
  readonly flops?: number;
  readonly test: TestSpec<P>;
}

/** An elementwise primitive from its rules; the batch rule and the loops are the same for all. */
export function elementwise<P extends Params>(rules: Shared<P>): Primitive<P> {
  const { name, infer, element, lower } = rules;
  return definePrimitive<P>({
    name,
    infer: (inputs, params) => [infer(inputs, params)],
    evaluate(inputs, params) {
      const types = inputs.map((x) => x.type);
      return [mapElements(infer(types, params), inputs, element(params, types[types.length - 1].dtype))];
    },
    jvp: rules.jvp,
    transpose: rules.transpose,
    batch(b, inputs, dims, params, { size }) {
      const { inputs: aligned, dim } = alignBatched(b, inputs, dims, size);
      // The name is a variable here, so TypeScript cannot see that `params` belong to it.
      return { outputs: b.emit<PrimitiveName>(name, aligned, params as never), dims: [dim] };
    },
    lower: {
      kind: "map",
      elementwise: true,
      cost: rules.cost,
      element: (s, inputs, i, { params }) => [
        lower(
          s,
          inputs.map((read) => read(i)),
          params,
          inputs[inputs.length - 1].type.dtype,
        ),
      ],
    },
    cost: perElement(rules.cost, rules.flops ?? 1),
    test: rules.test,
  });
}

interface UnaryRules<P extends Params> {
  readonly accepts: DTypeFamily;
  /** Dtype of the result where it is not that of the operand. */
  readonly result?: DType;
  readonly evaluate: (x: number, dtype: DType, params: P) => number;
  /** null: the derivative is zero wherever it exists. */
  readonly tangent: UnaryTangent<P> | Absent | null;
  /** Only for linear operations: the cotangent of the operand. */
  readonly transpose?: (b: Builder, ct: Operand, params: P) => Operand;
  readonly lower: (s: ScalarOps, x: Expr, params: P, dtype: DType) => Expr;
  readonly cost?: ElementCost;
  readonly flops?: number;
  readonly check?: (type: TensorType, params: P) => void;
  readonly domain?: TestDomain;
  readonly test?: TestSpec<P>;
}

/** A primitive of one operand. `P` are its parameters. */
export function unaryWithParams<P extends Params>(name: PrimitiveName, rules: UnaryRules<P>): Primitive<P> {
  const { accepts, tangent, transpose, evaluate, lower } = rules;
  const jvp: JvpRule<P> = (b, [x], [g], params) => {
    const [ans] = b.emit<PrimitiveName>(name, [x], params as never);
    const t = g === null || typeof tangent !== "function" ? null : tangent(b, g, ans, x, params);
    return { outputs: [ans], tangents: [t] };
  };
  return elementwise<P>({
    name,
    infer(inputs, params) {
      checkArity(name, inputs, 1);
      checkDtype(name, inputs[0], accepts);
      rules.check?.(inputs[0], params);
      return rules.result ? tensorType(rules.result, inputs[0].shape) : inputs[0];
    },
    element: (params, dtype) => (x) => evaluate(x, dtype, params),
    jvp: tangent === null || typeof tangent === "function" ? jvp : tangent,
    transpose: transpose
      ? (b, [ct], [x], params) => [ct === null || !isLinearInput(x) ? null : transpose(b, ct, params)]
      : notLinear(`${name} is not linear`),
    lower: (s, [x], params, dtype) => lower(s, x, params, dtype),
    cost: rules.cost ?? "cheap",
    flops: rules.flops,
    test: {
      domains: [rules.domain ?? "normal"],
      dtypes: dtypesOf(accepts),
      ulp: mathUlp(name),
      order: tangent === null || typeof tangent !== "function" ? 0 : 2,
      ...rules.test,
    },
  });
}

/** A primitive of one operand without parameters. */
export function unaryElementwise(name: UnaryName, rules: UnaryRules<NoParams>): Primitive<NoParams> {
  return unaryWithParams<NoParams>(name, rules);
}

/** A unary function of the math library on floats. */
export function mathFunction(
  name: UnaryName,
  accepts: DTypeFamily,
  rules: Pick<UnaryRules<NoParams>, "evaluate" | "tangent" | "domain" | "test">,
): Primitive<NoParams> {
  return unaryElementwise(name, {
    ...rules,
    accepts,
    lower: (s, x) => s.call(name, x),
    cost: "expensive",
  });
}

interface BinaryRules {
  readonly accepts: DTypeFamily;
  readonly result?: DType;
  readonly evaluate: (x: number, y: number, dtype: DType) => number;
  /** Tangents with respect to x and y, null: zero; or a whole jvp rule for the tangents, as for add. */
  readonly tangents: readonly [BinaryTangent | null, BinaryTangent | null] | Absent | null;
  /** Linear in one operand while the other is fixed, or in both together: the cotangent of each. */
  readonly transpose?: TransposeRule<NoParams>;
  readonly lower: (s: ScalarOps, x: Expr, y: Expr, dtype: DType) => Expr;
  readonly cost?: ElementCost;
  readonly domains?: readonly [TestDomain, TestDomain];
  readonly test?: TestSpec<NoParams>;
}

/** A primitive of two operands of one type. */
export function binaryElementwise(name: BinaryName, rules: BinaryRules): Primitive<NoParams> {
  const { accepts, tangents, evaluate, lower } = rules;
  const jvp: JvpRule<NoParams> = (b, [x, y], [gx, gy]) => {
    const ans = b.binary(name, x, y);
    if (tangents === null || !isPair(tangents)) return { outputs: [ans], tangents: [null] };
    const [dx, dy] = tangents;
    const tx = gx === null || dx === null ? null : dx(b, gx, ans, x, y);
    const ty = gy === null || dy === null ? null : dy(b, gy, ans, x, y);
    return { outputs: [ans], tangents: [b.addTangents(tx, ty)] };
  };
  return elementwise<NoParams>({
    name,
    infer(inputs) {
      checkArity(name, inputs, 2);
      checkElementwiseShapes(name, inputs);
      checkEqualDtypes(name, inputs);
      checkDtype(name, inputs[0], accepts);
      return rules.result ? tensorType(rules.result, inputs[0].shape) : inputs[0];
    },
    element: (_, dtype) => (x, y) => evaluate(x, y, dtype),
    jvp: tangents === null || isPair(tangents) ? jvp : tangents,
    transpose: rules.transpose ?? notLinear(`${name} is not linear`),
    lower: (s, [x, y], _, dtype) => lower(s, x, y, dtype),
    cost: rules.cost ?? "cheap",
    test: {
      domains: rules.domains ?? ["normal", "normal"],
      dtypes: dtypesOf(accepts),
      ulp: mathUlp(name),
      order: tangents !== null && isPair(tangents) ? 2 : 0,
      ...rules.test,
    },
  });
}

function isPair(
  tangents: NonNullable<BinaryRules["tangents"]>,
): tangents is readonly [BinaryTangent | null, BinaryTangent | null] {
  return Array.isArray(tangents);
}

/** Transposition of an operation linear in each operand alone: `toX(ct, y)`, `toY(ct, x)`. */
export function bilinearTranspose(
  name: string,
  toX: (b: Builder, ct: Operand, y: Operand) => Operand,
  toY: ((b: Builder, ct: Operand, x: Operand) => Operand) | null,
): TransposeRule<NoParams> {
  return (b, [ct], [x, y]) => {
    if (ct === null) return [null, null];
    if (isLinearInput(x) && !isLinearInput(y)) return [toX(b, ct, y), null];
    if (isLinearInput(y) && !isLinearInput(x) && toY !== null) return [null, toY(b, ct, x)];
    throw new WeftTypeError(`${name} is not linear in ${isLinearInput(x) ? "both operands" : "its divisor"}`);
  };
}

/** The cotangent where the operand is linear, null elsewhere. */
export function ifLinear(x: TransposeInput, cotangent: () => Operand): Tangent {
  return isLinearInput(x) ? cotangent() : null;
}

/** The bound in ULP that the math library declares for a function, over all dtypes; 0 for exact operations. */
function mathUlp(name: string): number {
  return Math.max(lookupMath(name, "float32")?.ulp ?? 0, lookupMath(name, "float64")?.ulp ?? 0);
}
