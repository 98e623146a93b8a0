/** Elementwise operations that iterate: a kernel of their own, in which each element ends when its own series has. */
import type { Params } from "../../graph/graph.ts";
import type { BinaryName, PrimitiveName } from "../../graph/names.ts";
import type { NoParams } from "../../graph/operations.ts";
import {
  type Absent,
  definePrimitive,
  type JvpRule,
  notLinear,
  type Primitive,
  type TestSpec,
} from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { FLOAT32, FLOAT64, type Format } from "../../math/format.ts";
import { alignBatched } from "../batching.ts";
import { checkElementwiseShapes, checkEqualDtypes, dtypesOf, mapElements } from "../elementwise/rules.ts";
import { checkArity, checkDtype, FLOATING } from "../typing.ts";

interface IterativeRules {
  readonly name: BinaryName | "regularized_incomplete_beta";
  readonly arity: 2 | 3;
  /** In double precision, by other means than `body`. */
  readonly evaluate: (...x: number[]) => number;
  readonly jvp: JvpRule<NoParams> | Absent;
  /** Statements that compute one element, and the element. */
  readonly body: (F: Format, k: KernelBuilder, ...x: Expr[]) => Expr;
  readonly test: TestSpec<NoParams>;
}

/** Scalar operations of one element in the cost model: a few dozen terms. */
const FLOPS_PER_ELEMENT = 500;

/** A floating operation of several operands of one type whose elements are computed by loops. */
export function iterativeElementwise(rules: IterativeRules): Primitive<NoParams> {
  const { name, arity, evaluate, body } = rules;
  return definePrimitive<NoParams>({
    name,
    infer(inputs) {
      checkArity(name, inputs, arity);
      checkElementwiseShapes(name, inputs);
      checkEqualDtypes(name, inputs);
      checkDtype(name, inputs[0], FLOATING);
      return [inputs[0]];
    },
    evaluate: (inputs) => [mapElements(inputs[0].type, inputs, evaluate)],
    jvp: rules.jvp,
    transpose: notLinear(`${name} is not linear`),
    batch(b, inputs, dims, _, { size }) {
      const { inputs: aligned, dim } = alignBatched(b, inputs, dims, size);
      return { outputs: b.emit<PrimitiveName>(name, aligned, {} as Params as never), dims: [dim] };
    },
    lower: {
      kind: "custom",
      // Every element is read before it is written, and never again.
      inPlace: [[0, 0]],
      build(k, s, { inputs, outputs }) {
        k.loop(
          outputs[0].size,
          (i) => {
            const operands = inputs.map((buffer, n) => s.local(k.let("axq"[n], s.load(buffer, i))));
            const F = operands[0].dtype === "float64" ? FLOAT64 : FLOAT32;
            k.store(outputs[0], i, body(F, k, ...operands));
          },
          { kind: "grid" },
        );
      },
    },
    cost: ({ outputs }) => ({
      flops: FLOPS_PER_ELEMENT * outputs[0].size,
      transcendentals: 4 * outputs[0].size,
    }),
    test: { dtypes: dtypesOf(FLOATING), ...rules.test },
  });
}
