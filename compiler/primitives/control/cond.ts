/** `cond`: one of several branches by an index (jax.lax.switch; lax.cond is a switch of two). */
import { Graph, Literal, type Operand, Value } from "../../graph/graph.ts";
import {
  type BatchRule,
  definePrimitive,
  isLinearInput,
  type JvpRule,
  type LinearizeRule,
  type TransposeRule,
} from "../../graph/primitive.ts";
import { WeftTypeError } from "../../types/errors.ts";
import { sameType, type TensorType } from "../../types/tensor-type.ts";
import { batchFirst } from "../batching.ts";
import { formatType } from "../typing.ts";
import {
  checkOperands,
  inputIndex,
  isZero,
  knownInputs,
  nonzeroMask,
  present,
  scatterMask,
  typesOf,
} from "./subgraphs.ts";
import { condCases } from "./test-cases.ts";

type CondParams = { readonly branches: readonly Graph[] };

function infer(inputs: readonly TensorType[], { branches }: CondParams): TensorType[] {
  if (branches.length === 0) throw new WeftTypeError("cond needs at least one branch");
  const [index] = inputs;
  if (index === undefined || index.dtype !== "int32" || index.shape.length > 0) {
    throw new WeftTypeError(
      `cond: branch index must be a scalar of type int32, got ${index === undefined ? "none" : formatType(index)}`,
    );
  }
  for (const branch of branches) checkOperands("cond", branch, inputs.slice(1));
  const results = typesOf(branches[0].outputs);
  for (const [i, branch] of branches.entries()) {
    const types = typesOf(branch.outputs);
    if (types.length === results.length && types.every((t, k) => sameType(t, results[k]))) continue;
    const names = branches.length === 2 ? ["false_fun", "true_fun"] : ["branch 0", `branch ${i}`];
    const list = (of: readonly TensorType[]): string => of.map(formatType).join(", ");
    throw new WeftTypeError(
      `${names[0]} and ${names[1]} output must have identical types, ` +
        `got [${list(results)}] and [${list(types)}].`,
    );
  }
  return results;
}

/** Transforms every branch; an output that has a tangent (or a batch axis) in one branch gets one in all. */
function joinBranches<R>(
  branches: readonly Graph[],
  transform: (branch: Graph, force?: readonly boolean[]) => R,
  nonzeroOf: (result: R) => readonly boolean[],
): { results: R[]; outNonzero: boolean[] } {
  const free = branches.map((branch) => transform(branch));
  const masks = free.map(nonzeroOf);
  const outNonzero = masks[0].map((_, i) => masks.some((mask) => mask[i]));
  const results = branches.map((branch, i) =>
    masks[i].every((set, k) => set === outNonzero[k]) ? free[i] : transform(branch, outNonzero),
  );
  return { results, outNonzero };
}

const jvp: JvpRule<CondParams> = (b, primals, tangents, { branches }, { transforms }) => {
  const nonzero = nonzeroMask(tangents.slice(1));
  const { results, outNonzero } = joinBranches(
    branches,
    (branch, force) => transforms.jvp(branch, nonzero, force),
    (result) => result.outNonzero,
  );
  const out = b.emit("cond", [...primals, ...present(tangents.slice(1))], {
    branches: results.map((r) => r.graph),
  });
  const n = branches[0].outputs.length;
  return { outputs: out.slice(0, n), tangents: scatterMask(out.slice(n), outNonzero) };
};

/** Where a branch's residual is found: an operand of the cond, or one of the slots that the branches share. */
type Place = { readonly operand: number } | { readonly slot: number };

/**
 * Only one branch runs, so branches share the places of their residuals: each takes the first free slot of the right
 * type, and fills the slots it does not use with zeros. A residual that is an operand needs no slot.
 */
const linearize: LinearizeRule<CondParams> = (
  { primal, linear, transforms },
  primals,
  tangents,
  { branches },
) => {
  const nonzero = nonzeroMask(tangents.slice(1));
  const { results: parts, outNonzero } = joinBranches(
    branches,
    (branch, force) => transforms.linearize(branch, nonzero, force),
    (result) => result.outNonzero,
  );
  const n = branches[0].outputs.length;
  const slots: TensorType[] = [];
  const shared: number[] = [];
  const places = parts.map((part) => {
    const taken = new Set<number>();
    return part.primal.outputs.slice(n).map((x): Place => {
      const operand = inputIndex(part.primal, x);
      if (operand >= 0) {
        if (!shared.includes(operand)) shared.push(operand);
        return { operand };
      }
      let slot = slots.findIndex((type, i) => sameType(type, x.type) && !taken.has(i));
      if (slot < 0) slot = slots.push(x.type) - 1;
      taken.add(slot);
      return { slot };
    });
  });
  const forward = parts.map(({ primal: graph }, at) => {
    const filled: Operand[] = slots.map((type) => new Literal(type, 0));
    for (const [i, place] of places[at].entries())
      if ("slot" in place) filled[place.slot] = graph.outputs[n + i];
    return new Graph(graph.name, graph.inputs, graph.equations, [...graph.outputs.slice(0, n), ...filled]);
  });
  const results = primal.emit("cond", primals, { branches: forward });
  const outputs = results.slice(0, n);
  if (!outNonzero.includes(true)) return { outputs, tangents: outputs.map(() => null) };

  const operands = primals.slice(1);
  const given = present(tangents.slice(1));
  const backward = parts.map(({ linear: graph, residuals }, at) => {
    const ofOperands = shared.map((i) => new Value(operands[i].type));
    const ofSlots = slots.map((type) => new Value(type));
    for (const [i, place] of places[at].entries()) {
      if ("slot" in place) ofSlots[place.slot] = graph.inputs[i];
      else ofOperands[shared.indexOf(place.operand)] = graph.inputs[i];
    }
    const inputs = [...ofOperands, ...ofSlots, ...graph.inputs.slice(residuals)];
    return new Graph(graph.name, inputs, graph.equations, graph.outputs);
  });
  const out = linear.emit(
    "cond",
    [primals[0], ...shared.map((i) => operands[i]), ...results.slice(n), ...given],
    {
      branches: backward,
    },
  );
  return { outputs, tangents: scatterMask(out, outNonzero) };
};

const transpose: TransposeRule<CondParams> = (b, cotangents, inputs, { branches }, { transforms }) => {
  const [index, ...operands] = knownInputs(inputs);
  const linear = inputs.slice(1).map(isLinearInput);
  const nonzero = nonzeroMask(cotangents);
  const transposed = branches.map((branch) => transforms.transpose(branch, linear, nonzero));
  const results = b.emit("cond", [index, ...operands, ...present(cotangents)], { branches: transposed });
  const known = results.map((x, i) => (transposed.every((graph) => isZero(graph.outputs[i])) ? null : x));
  return [null, ...scatterMask(known, linear)];
};

/** With an index that differs along the batch all branches run, and each element selects its own (as JAX does). */
const batch: BatchRule<CondParams> = (b, inputs, dims, { branches }, { size, transforms }) => {
  const operandDims = dims.slice(1);
  if (dims[0] === null) {
    const { results, outNonzero } = joinBranches(
      branches,
      (branch, force) => transforms.batch(branch, size, operandDims, force),
      (result) => result.outDims.map((d) => d !== null),
    );
    // Branches may agree that an output is batched and not on its axis.
    const settled = results.every((r) => r.outDims.every((d, i) => d === results[0].outDims[i]));
    const batched = settled
      ? results
      : branches.map((branch) => transforms.batch(branch, size, operandDims, outNonzero));
    const outputs = b.emit("cond", inputs, { branches: batched.map((r) => r.graph) });
    return { outputs, dims: batched[0].outDims };
  }
  const index = batchFirst(b, inputs[0], dims[0], size);
  const all = branches[0].outputs.map(() => true);
  const results = branches.map((branch) =>
    b.inline(transforms.batch(branch, size, operandDims, all).graph, inputs.slice(1)),
  );
  // From the last branch down: `index <= i` also clamps an index that is out of range.
  let chosen = results[results.length - 1];
  for (let i = branches.length - 2; i >= 0; i--) {
    const here = b.binary("le", index, b.like(index, i));
    chosen = chosen.map((other, k) =>
      b.select(b.broadcastInDim(here, other.type.shape, [0]), results[i][k], other),
    );
  }
  return { outputs: chosen, dims: all.map(() => 0) };
};

export const cond = definePrimitive<CondParams>({
  name: "cond",
  infer,
  evaluate(inputs, { branches }, context) {
    const index = Math.min(Math.max(inputs[0].data[0], 0), branches.length - 1);
    return context.run(branches[index], inputs.slice(1));
  },
  jvp,
  linearize,
  transpose,
  batch,
  lower: { kind: "structure" },
  cost: () => ({ flops: 0, transcendentals: 0 }),
  test: { cases: condCases, order: 2 },
});
