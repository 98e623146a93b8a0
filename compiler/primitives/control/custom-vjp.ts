/**
 * `custom_vjp_call`: a function with its own reverse-mode rule (jax.custom_vjp), and `custom_vjp_linear`, the
 * tangent map it leaves in a linear graph, which only transposition can use.
 */
import type { Builder } from "../../graph/builder.ts";
import { derivedKey } from "../../graph/deferred-keys.ts";
import { DeferredGraph, type Graph, type Operand } from "../../graph/graph.ts";
import { definePrimitive, isLinearInput, notLinear, type Transforms } from "../../graph/primitive.ts";
import type { DType } from "../../types/dtype.ts";
import { UnsupportedError, WeftTypeError } from "../../types/errors.ts";
import { tensorType } from "../../types/tensor-type.ts";
import { floatingMask } from "./custom-jvp.ts";
import {
  checkOperands,
  instantiate,
  knownInputs,
  scatterMask,
  select,
  symbolic,
  typesOf,
} from "./subgraphs.ts";
import { customVjpCases } from "./test-cases.ts";

type CustomVjpParams = {
  readonly graph: Graph;
  readonly forward: DeferredGraph;
  readonly backward: DeferredGraph;
  readonly name: string;
};

type CustomVjpLinearParams = {
  readonly backward: DeferredGraph;
  readonly numResiduals: number;
  readonly outTypes: readonly { readonly dtype: DType; readonly shape: readonly number[] }[];
  readonly name: string;
};

const NO_FORWARD_MODE = "can't apply forward-mode differentiation (jvp) to a custom_vjp function.";

const NO_TANGENT_MAP =
  "can't run the tangent map of a custom_vjp function: it has only a reverse-mode rule. " +
  "Transpose it (vjp, grad), or give the function a customJvp rule.";

/**
 * The backward rule under vmap: cotangents and residuals in, all cotangents out batched. The cotangent of an
 * operand that is not batched is the sum over the batch.
 */
function batchBackward(
  backward: DeferredGraph,
  size: number,
  transforms: Transforms,
  operandDims: readonly (number | null)[],
  key: string,
  inputDims: () => readonly (number | null)[],
): DeferredGraph {
  return new DeferredGraph(derivedKey(backward.key, key), () => {
    const rule = backward.get();
    const { graph } = transforms.batch(
      rule,
      size,
      inputDims(),
      rule.outputs.map(() => true),
    );
    return transforms.build(graph.name, typesOf(graph.inputs), (b, inputs) =>
      b.inline(graph, inputs).map((ct, i) => unbatchCotangent(b, ct, operandDims[i])),
    );
  });
}

function unbatchCotangent(b: Builder, ct: Operand, dim: number | null): Operand {
  return dim === null ? b.sum(ct, [0]) : b.moveAxis(ct, 0, dim);
}

const customVjpCall = definePrimitive<CustomVjpParams>({
  name: "custom_vjp_call",
  infer(inputs, { graph, name }) {
    checkOperands(`call of ${name}`, graph, inputs);
    return typesOf(graph.outputs);
  },
  evaluate: (inputs, { graph }, context) => context.run(graph, inputs),
  jvp(b) {
    throw new WeftTypeError(NO_FORWARD_MODE, b.source);
  },
  linearize({ primal, linear }, primals, tangents, { graph, forward, backward, name }) {
    const n = graph.outputs.length;
    const results = primal.inline(forward.get(), primals);
    const outputs = results.slice(0, n);
    const residuals = results.slice(n);
    const floating = floatingMask(primals);
    const given = instantiate(select(tangents, floating), select(primals, floating));
    const outFloating = floatingMask(graph.outputs);
    const out = linear.emit("custom_vjp_linear", [...residuals, ...given], {
      backward,
      numResiduals: residuals.length,
      outTypes: select(graph.outputs, outFloating).map(({ type }) => ({
        dtype: type.dtype,
        shape: type.shape,
      })),
      name,
    });
    return { outputs, tangents: scatterMask(out, outFloating) };
  },
  transpose: notLinear("a function with a custom vjp rule was applied to a tangent"),
  batch(b, inputs, dims, { graph, forward, backward, name }, { size, transforms }) {
    const n = graph.outputs.length;
    const batched = transforms.batch(
      graph,
      size,
      dims,
      graph.outputs.map(() => true),
    );
    const batchForward = (): ReturnType<Transforms["batch"]> => {
      const rule = forward.get();
      return transforms.batch(
        rule,
        size,
        dims,
        rule.outputs.map((_, i) => i < n),
      );
    };
    const operandDims = select(dims, floatingMask(graph.inputs));
    const cotangentDims = select(graph.outputs, floatingMask(graph.outputs)).map(() => 0);
    const key = `batch ${size}: ${dims.join()}`;
    const outputs = b.emit("custom_vjp_call", inputs, {
      graph: batched.graph,
      forward: new DeferredGraph(derivedKey(forward.key, key), () => batchForward().graph),
      // The residuals' batch axes are known only once the forward rule has been batched.
      backward: batchBackward(backward, size, transforms, operandDims, key, () => [
        ...batchForward().outDims.slice(n),
        ...cotangentDims,
      ]),
      name,
    });
    return { outputs, dims: batched.outDims };
  },
  lower: { kind: "expand", expand: (b, inputs, { graph }) => b.inline(graph, inputs) },
  cost: () => ({ flops: 0, transcendentals: 0 }),
  // No forward mode: differentiated by tests of its own.
  test: { cases: customVjpCases, order: 0 },
});

const customVjpLinear = definePrimitive<CustomVjpLinearParams>({
  name: "custom_vjp_linear",
  infer(inputs, { numResiduals, outTypes, name }) {
    if (inputs.length < numResiduals) {
      throw new WeftTypeError(
        `tangent map of ${name} takes ${numResiduals} residuals, got ${inputs.length} operands`,
      );
    }
    return outTypes.map(({ dtype, shape }) => tensorType(dtype, shape));
  },
  evaluate() {
    throw new UnsupportedError(NO_TANGENT_MAP);
  },
  /** Linear in the tangents: their tangents go the same way. How it depends on the residuals only the rule knows. */
  jvp(b, primals, tangents, params) {
    const { numResiduals } = params;
    if (tangents.slice(0, numResiduals).some((t) => t !== null)) {
      throw new WeftTypeError(NO_FORWARD_MODE, b.source);
    }
    const residuals = primals.slice(0, numResiduals);
    const given = instantiate(tangents.slice(numResiduals), primals.slice(numResiduals));
    return {
      outputs: b.emit("custom_vjp_linear", primals, params),
      tangents: b.emit("custom_vjp_linear", [...residuals, ...given], params),
    };
  },
  transpose(b, cotangents, inputs, { backward, numResiduals, outTypes }) {
    const residuals = inputs.slice(0, numResiduals);
    if (residuals.some(isLinearInput)) throw new UnsupportedError(NO_TANGENT_MAP, b.source);
    const given = cotangents.map((ct, i) => ct ?? b.literal(0, outTypes[i].dtype, outTypes[i].shape));
    const results = b.inline(backward.get(), [...knownInputs(residuals), ...given]);
    const ofTangents = inputs
      .slice(numResiduals)
      .map((x, i) => (isLinearInput(x) ? symbolic(results[i]) : null));
    return [...residuals.map(() => null), ...ofTangents];
  },
  batch(b, inputs, dims, { backward, numResiduals, outTypes, name }, { size, transforms }) {
    const key = `batch tangents ${size}: ${dims.join()}`;
    const outputs = b.emit("custom_vjp_linear", inputs, {
      backward: batchBackward(backward, size, transforms, dims.slice(numResiduals), key, () => [
        ...dims.slice(0, numResiduals),
        ...outTypes.map(() => 0),
      ]),
      numResiduals,
      outTypes: outTypes.map(({ dtype, shape }) => ({ dtype, shape: [size, ...shape] })),
      name,
    });
    return { outputs, dims: outputs.map(() => 0) };
  },
  lower: {
    kind: "expand",
    expand(b) {
      throw new UnsupportedError(NO_TANGENT_MAP, b.source);
    },
  },
  cost: () => ({ flops: 0, transcendentals: 0 }),
  test: {},
});

export const customVjpPrimitives = { custom_vjp_call: customVjpCall, custom_vjp_linear: customVjpLinear };
