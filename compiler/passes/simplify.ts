/**
 * Local rewrites that keep every bit of the result: constant folding over literals, neutral operands, movement
 * operations that cancel or compose. Nothing here changes rounding; `x + 0` is kept, because (-0) + 0 is +0.
 */
import { type Equation, type Graph, isLiteral, Literal, type Operand, Value } from "../graph/graph.ts";
import { type EquationOf, isOp } from "../graph/operations.ts";
import type { RefTensor } from "../graph/reference.ts";
import { convertConstant, roundTo } from "../kernel/constants.ts";
import { appendEquation } from "../primitives/graph-builder.ts";
import { primitiveOf } from "../primitives/table.ts";
import { isFloating } from "../types/dtype.ts";
import { type Shape, sameShape, tensorType } from "../types/tensor-type.ts";
import type { GraphPass } from "./pass.ts";
import { Rewriter, useCounts } from "./rewrite.ts";

/** Elementwise operations whose double-precision reference, rounded once, is the exact result on literals. */
const EXACT_FOLDS: ReadonlySet<string> = new Set([
  "neg",
  "abs",
  "sign",
  "floor",
  "ceil",
  "trunc",
  "round",
  "not",
  "sqrt",
  "is_finite",
  "add",
  "sub",
  "mul",
  "div",
  "max",
  "min",
  "and",
  "or",
  "xor",
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
  "select",
  "clamp",
]);

/** Nothing computes a value without elements: a literal stands for it, so that later passes meet none. */
function emptyResults(e: Equation): readonly Operand[] | null {
  return e.outputs.every((v) => v.type.size === 0) ? e.outputs.map((v) => new Literal(v.type, 0)) : null;
}

class Simplifier {
  readonly #producer = new Map<Value, Equation>();
  readonly #rewriter: Rewriter;
  readonly #uses: ReadonlyMap<Value, number>;

  constructor(graph: Graph) {
    this.#rewriter = new Rewriter(graph);
    this.#uses = useCounts(graph);
  }

  run(): Graph {
    for (const original of this.#rewriter.graph.equations) {
      const equation = this.#rewriter.update(original, simplify);
      const replacements = emptyResults(equation) ?? this.#replace(equation);
      if (replacements === null) this.#push(equation);
      else this.#rewriter.replace(equation, replacements);
    }
    return this.#rewriter.finish();
  }

  #push(equation: Equation): void {
    this.#rewriter.keep(equation);
    for (const v of equation.outputs) this.#producer.set(v, equation);
  }

  #producerOf<N extends Equation["op"]>(x: Operand, op: N): EquationOf<N> | null {
    const equation = x instanceof Value ? this.#producer.get(x) : undefined;
    return equation !== undefined && isOp(equation, op) ? equation : null;
  }

  #emit(
    equation: Equation,
    op: Equation["op"],
    inputs: readonly Operand[],
    params: Equation["params"],
  ): Operand {
    const { equations } = this.#rewriter;
    const outputs = appendEquation(equations, op, inputs, params, equation.source);
    this.#producer.set(outputs[0], equations[equations.length - 1]);
    return outputs[0];
  }

  /** What the single result of the equation can be replaced by, or null. */
  #replace(e: Equation): readonly [Operand] | null {
    if (e.outputs.length !== 1 || e.inputs.length === 0) return null;
    const result = this.#fold(e) ?? this.#neutral(e) ?? this.#movement(e);
    return result === null ? null : [result];
  }

  #fold(e: Equation): Operand | null {
    if (!e.inputs.every(isLiteral)) return null;
    const type = e.outputs[0].type;
    const [x] = e.inputs as readonly Literal[];
    if (isOp(e, "convert_element_type")) {
      return new Literal(type, convertConstant(x.value, x.type.dtype, type.dtype));
    }
    if (!EXACT_FOLDS.has(e.op)) return null;
    const scalar = (l: Literal): RefTensor => ({
      type: tensorType(l.type.dtype, []),
      data: Float64Array.of(l.value),
    });
    const [result] = primitiveOf(e.op).evaluate((e.inputs as readonly Literal[]).map(scalar), e.params, {
      run: () => [],
    });
    return new Literal(type, roundTo(result.data[0], type.dtype));
  }

  #neutral(e: Equation): Operand | null {
    const [x, y] = e.inputs;
    const is = (o: Operand, value: number): boolean => isLiteral(o) && Object.is(o.value, value);
    const float = isFloating(x.type.dtype);
    switch (e.op) {
      case "mul":
        return is(y, 1) ? x : is(x, 1) ? y : null;
      case "div":
        return is(y, 1) ? x : null;
      case "add":
        if (is(y, float ? -0 : 0)) return x;
        return is(x, float ? -0 : 0) ? y : null;
      case "sub":
        return is(y, 0) ? x : null;
      case "neg": {
        const inner = this.#producerOf(x, "neg");
        return inner === null ? null : inner.inputs[0];
      }
      case "and":
        return e.outputs[0].type.dtype === "bool" ? (is(y, 1) ? x : is(x, 1) ? y : null) : null;
      case "or":
        return e.outputs[0].type.dtype === "bool" ? (is(y, 0) ? x : is(x, 0) ? y : null) : null;
      case "select":
        if (isLiteral(x)) return x.value ? y : e.inputs[2];
        return y === e.inputs[2] ? y : null;
      case "stop_gradient":
        return x;
      case "convert_element_type":
        return x.type.dtype === e.outputs[0].type.dtype ? x : null;
      case "integer_pow":
        return isOp(e, "integer_pow") && e.params.y === 1 ? x : null;
      default:
        return null;
    }
  }

  #movement(e: Equation): Operand | null {
    const out = e.outputs[0].type;
    const x = e.inputs[0];
    if (isOp(e, "reshape")) {
      if (sameShape(x.type.shape, out.shape)) return x;
      if (isLiteral(x)) return new Literal(out, x.value);
      const inner = this.#producerOf(x, "reshape");
      return inner === null ? null : this.#reshape(e, inner.inputs[0], out.shape);
    }
    if (isOp(e, "transpose")) {
      const { permutation } = e.params;
      if (permutation.every((p, i) => p === i)) return x;
      if (isLiteral(x)) return new Literal(out, x.value);
      const inner = this.#producerOf(x, "transpose");
      if (inner !== null) {
        const composed = permutation.map((p) => inner.params.permutation[p]);
        if (composed.every((p, i) => p === i)) return inner.inputs[0];
        return this.#emit(e, "transpose", [inner.inputs[0]], { permutation: composed });
      }
      return this.#transposedDot(e, permutation);
    }
    if (isOp(e, "broadcast_in_dim")) {
      if (isLiteral(x)) return new Literal(out, x.value);
      const { broadcastDimensions } = e.params;
      if (sameShape(x.type.shape, out.shape) && broadcastDimensions.every((d, i) => d === i)) return x;
      const inner = this.#producerOf(x, "broadcast_in_dim");
      if (inner !== null) {
        const composed = inner.params.broadcastDimensions.map((d) => broadcastDimensions[d]);
        return this.#emit(e, "broadcast_in_dim", [inner.inputs[0]], {
          shape: out.shape,
          broadcastDimensions: composed,
        });
      }
      return null;
    }
    if (isLiteral(x) && (isOp(e, "slice") || isOp(e, "rev"))) return new Literal(out, x.value);
    if (isOp(e, "slice") && sameShape(x.type.shape, out.shape)) return x;
    if (isOp(e, "rev") && e.params.dimensions.length === 0) return x;
    if (isOp(e, "concatenate") && e.inputs.length === 1) return x;
    if (
      isOp(e, "pad") &&
      e.params.paddingConfig.every(([lo, hi, inner]) => lo === 0 && hi === 0 && inner === 0)
    )
      return x;
    if (
      (isOp(e, "reduce_sum") || isOp(e, "reduce_max") || isOp(e, "reduce_min") || isOp(e, "reduce_prod")) &&
      e.params.axes.length === 0
    )
      return x;
    return null;
  }

  /**
   * (A·B)ᵀ is Bᵀ·Aᵀ: a product whose free axes are exchanged is the product of the exchanged operands, bit for bit.
   * Every gradient of a matmul with respect to its right side has this form. Only where nothing else reads the product.
   */
  #transposedDot(e: Equation, permutation: readonly number[]): Operand | null {
    const dot = this.#producerOf(e.inputs[0], "dot_general");
    if (dot === null || this.#uses.get(dot.outputs[0]) !== 1) return null;
    const { lhsContracting, rhsContracting, lhsBatch, rhsBatch, precision, preferredElementType } =
      dot.params;
    const [lhs, rhs] = dot.inputs;
    const batch = lhsBatch.length;
    const left = lhs.type.shape.length - batch - lhsContracting.length;
    const rank = permutation.length;
    const exchanged = permutation.map((_, i) => {
      if (i < batch) return i;
      return i < rank - left ? i + left : i - (rank - left) + batch;
    });
    if (left === 0 || left === rank - batch || !permutation.every((p, i) => p === exchanged[i])) return null;
    return this.#emit(e, "dot_general", [rhs, lhs], {
      lhsContracting: rhsContracting,
      rhsContracting: lhsContracting,
      lhsBatch: rhsBatch,
      rhsBatch: lhsBatch,
      precision: precision === null ? null : [precision[1], precision[0]],
      preferredElementType,
    });
  }

  #reshape(e: Equation, x: Operand, shape: Shape): Operand {
    return sameShape(x.type.shape, shape) ? x : this.#emit(e, "reshape", [x], { newSizes: shape });
  }
}

function simplify(graph: Graph): Graph {
  return new Simplifier(graph).run();
}

export const simplifyGraph: GraphPass = { name: "simplify", run: simplify };
