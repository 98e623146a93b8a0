/** `custom_jvp_call`: a function with its own forward-mode rule (jax.custom_jvp). */
import { derivedKey } from "../../graph/deferred-keys.ts";
import { DeferredGraph, type Graph, type Operand } from "../../graph/graph.ts";
import { definePrimitive, notLinear, type Tangent } from "../../graph/primitive.ts";
import { isFloating } from "../../types/dtype.ts";
import type { TensorType } from "../../types/tensor-type.ts";
import { checkOperands, present, scatterMask, symbolic, typesOf } from "./subgraphs.ts";
import { customJvpCases } from "./test-cases.ts";

type CustomJvpParams = { readonly graph: Graph; readonly jvp: DeferredGraph; readonly name: string };

/** Which of the items have tangents at all. */
export function floatingMask(items: readonly { readonly type: TensorType }[]): boolean[] {
  return items.map((x) => isFloating(x.type.dtype));
}

/** The rule's operands: the primals, then a tangent for every floating one. */
function withTangents(
  primals: readonly Operand[],
  tangents: readonly Tangent[],
  zero: (type: TensorType) => Operand,
): Operand[] {
  const given = primals.map((x, i) => (isFloating(x.type.dtype) ? (tangents[i] ?? zero(x.type)) : null));
  return [...primals, ...present(given)];
}

export const customJvpCall = definePrimitive<CustomJvpParams>({
  name: "custom_jvp_call",
  infer(inputs, { graph, name }) {
    checkOperands(`call of ${name}`, graph, inputs);
    return typesOf(graph.outputs);
  },
  evaluate: (inputs, { graph }, context) => context.run(graph, inputs),
  jvp(b, primals, tangents, { graph, jvp }) {
    const results = b.inline(
      jvp.get(),
      withTangents(primals, tangents, (type) => b.zeros(type)),
    );
    const n = graph.outputs.length;
    return {
      outputs: results.slice(0, n),
      tangents: scatterMask(results.slice(n).map(symbolic), floatingMask(graph.outputs)),
    };
  },
  /**
   * The rule computes tangents from primals and tangents together, possibly in one loop, so it cannot be split
   * equation by equation. But it is linear in the tangents: linearised in them alone, at zero, its linear part is the
   * rule itself, and its primal part computes the outputs.
   */
  linearize({ primal, linear, transforms }, primals, tangents, { graph, jvp }) {
    const rule = jvp.get();
    const floating = floatingMask(primals);
    const given = tangents.filter((_, i) => floating[i]);
    const parts = transforms.linearize(rule, [...primals.map(() => false), ...given.map((t) => t !== null)]);
    const zeros = withTangents(
      primals,
      primals.map(() => null),
      (type) => primal.zeros(type),
    );
    const results = primal.inline(parts.primal, zeros);
    const out = linear.inline(parts.linear, [...results.slice(rule.outputs.length), ...present(given)]);
    const n = graph.outputs.length;
    const ofRule = scatterMask(out, parts.outNonzero).slice(n);
    return {
      outputs: results.slice(0, n),
      tangents: scatterMask(ofRule, floatingMask(graph.outputs)),
    };
  },
  transpose: notLinear("a function with a custom jvp rule was applied to a tangent"),
  /** Outputs come out batched at axis 0 in the function and in its rule, which is batched when somebody needs it. */
  batch(b, inputs, dims, { graph, jvp, name }, { size, transforms }) {
    const batched = transforms.batch(
      graph,
      size,
      dims,
      graph.outputs.map(() => true),
    );
    const tangentDims = dims.filter((_, i) => isFloating(graph.inputs[i].type.dtype));
    const key = derivedKey(jvp.key, `batch ${size}: ${dims.join()}`);
    const rule = new DeferredGraph(key, () => {
      const made = jvp.get();
      const forced = made.outputs.map(() => true);
      return transforms.batch(made, size, [...dims, ...tangentDims], forced).graph;
    });
    const outputs = b.emit("custom_jvp_call", inputs, { graph: batched.graph, jvp: rule, name });
    return { outputs, dims: batched.outDims };
  },
  lower: { kind: "expand", expand: (b, inputs, { graph }) => b.inline(graph, inputs) },
  cost: () => ({ flops: 0, transcendentals: 0 }),
  test: { cases: customJvpCases, order: 2 },
});
