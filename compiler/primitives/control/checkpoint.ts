/**
 * `checkpoint` (jax.checkpoint, remat): its inside is computed again in the backward pass, from its operands, instead
 * of being kept. `checkpoint_linear` is its tangent map: (primals…, tangents…) → tangents, where the graph itself
 * computes the residuals. Both carry nothing but a graph and share their rules.
 */
import type { Builder } from "../../graph/builder.ts";
import type { Graph, Operand } from "../../graph/graph.ts";
import {
  definePrimitive,
  isLinearInput,
  type JvpResult,
  type LinearizeContext,
  type Primitive,
  type Tangent,
  type TransposeRule,
} from "../../graph/primitive.ts";
import { batchOfGraph, type EmitGraph, jvpOfGraph } from "./call.ts";
import {
  checkOperands,
  isZero,
  knownInputs,
  nonzeroMask,
  pick,
  present,
  prune,
  range,
  reorder,
  scatterMask,
  select,
  typesOf,
  usedInputs,
  where,
} from "./subgraphs.ts";
import { checkpointCases } from "./test-cases.ts";

type CheckpointParams = { readonly graph: Graph };

function emitAs(name: "checkpoint" | "checkpoint_linear"): EmitGraph {
  return (b, graph, inputs) => b.emit(name, inputs, { graph });
}

/**
 * The outputs come from the equation itself; the tangents from a `checkpoint_linear` whose graph is the primal part
 * followed by the linear part, so that only the operands live until the backward pass.
 */
function linearize(
  emit: EmitGraph,
  { primal, linear, transforms }: LinearizeContext,
  graph: Graph,
  primals: readonly Operand[],
  tangents: readonly Tangent[],
): JvpResult {
  const outputs = emit(primal, graph, primals);
  const parts = transforms.linearize(graph, nonzeroMask(tangents));
  if (!parts.outNonzero.includes(true)) return { outputs, tangents: outputs.map(() => null) };
  const n = primals.length;
  const given = present(tangents);
  const whole = transforms.build(`${graph.name}_linear`, typesOf([...primals, ...given]), (b, inputs) => {
    const results = b.inline(parts.primal, inputs.slice(0, n));
    return b.inline(parts.linear, [...results.slice(graph.outputs.length), ...inputs.slice(n)]);
  });
  const needed = prune(whole);
  const used = usedInputs(needed).map((isUsed, i) => isUsed || i >= n);
  const slim = reorder(needed, where(used), range(0, whole.outputs.length));
  const out = linear.emit("checkpoint_linear", select([...primals, ...given], used), { graph: slim });
  return { outputs, tangents: scatterMask(out, parts.outNonzero) };
}

/**
 * The residuals are computed again, from operands behind an optimization barrier: without it, common-subexpression
 * elimination would merge the recomputation with the forward pass. The cotangents pass through the same barrier, so
 * that the recomputation is not scheduled before the backward pass comes here (as in JAX's remat transpose).
 */
const transpose: TransposeRule<CheckpointParams> = (b, cotangents, inputs, { graph }, { transforms }) => {
  const linear = inputs.map(isLinearInput);
  const transposed = transforms.transpose(graph, linear, nonzeroMask(cotangents));
  const operands = behindBarrier(b, [...knownInputs(inputs), ...present(cotangents)]);
  const results = b.inline(transposed, operands);
  return scatterMask(
    results.map((x) => (isZero(x) ? null : x)),
    linear,
  );
};

function behindBarrier(b: Builder, operands: readonly Operand[]): Operand[] {
  const guarded = operands.map((x) => x.kind === "value");
  const at = where(guarded);
  if (at.length === 0) return [...operands];
  const barred = scatterMask(b.emit("optimization_barrier", pick(operands, at), {}), guarded);
  return operands.map((x, i) => barred[i] ?? x);
}

function define(name: "checkpoint" | "checkpoint_linear"): Primitive<CheckpointParams> {
  const emit = emitAs(name);
  return definePrimitive<CheckpointParams>({
    name,
    infer(inputs, { graph }) {
      checkOperands(name, graph, inputs);
      return typesOf(graph.outputs);
    },
    evaluate: (inputs, { graph }, context) => context.run(graph, inputs),
    jvp: (b, primals, tangents, { graph }, { transforms }) =>
      jvpOfGraph(emitAs("checkpoint"), b, graph, primals, tangents, transforms),
    linearize: (context, primals, tangents, { graph }) => linearize(emit, context, graph, primals, tangents),
    transpose,
    batch: (b, inputs, dims, { graph }, context) => batchOfGraph(emit, b, graph, inputs, dims, context),
    lower: { kind: "expand", expand: (b, inputs, { graph }) => b.inline(graph, inputs) },
    cost: () => ({ flops: 0, transcendentals: 0 }),
    test: name === "checkpoint" ? { cases: checkpointCases, order: 2 } : {},
  });
}

export const checkpoint = define("checkpoint");
export const checkpointLinear = define("checkpoint_linear");
