/** Runs the lowering of one reduction, prefix operation or custom kernel as a kernel of its own, with plain loops. */
import assert from "node:assert/strict";
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import type { PrimitiveParams } from "../../compiler/graph/operations.ts";
import type {
  Access,
  CumulativeLowering,
  LowerContext,
  ReduceLowering,
} from "../../compiler/graph/primitive.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { runKernel } from "../../compiler/interpret/kernel-interpreter.ts";
import { fromBytes, toBytes } from "../../compiler/interpret/tensors.ts";
import type { BufferParam, Expr } from "../../compiler/kernel/expr.ts";
import { KernelBuilder } from "../../compiler/kernel/kernel-builder.ts";
import { scalarOps as s } from "../../compiler/kernel/scalar-ops.ts";
import { primitiveOf } from "../../compiler/primitives/table.ts";
import { computeDType } from "../../compiler/types/dtype.ts";
import { bytesOf, rowMajorStrides, type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";

/** The results for inputs held as a target holds them; memory that is not written first is garbage. */
export function runLowering<N extends PrimitiveName>(
  name: N,
  inputs: readonly RefTensor[],
  params: PrimitiveParams[N],
): RefTensor[] {
  const { lower, infer } = primitiveOf(name);
  const types = inputs.map((x) => x.type);
  const context = { params, inputs: types, outputs: infer(types, params) };
  const scratchTypes =
    lower.kind === "custom"
      ? (lower.scratch?.(context) ?? []).map(({ dtype, size }) => tensorType(dtype, [size]))
      : [];
  const buffers = (prefix: string, of: readonly TensorType[], access: BufferParam["access"]): BufferParam[] =>
    of.map(({ dtype, size }, i) => ({ name: `${prefix}${i}`, dtype, size, access }));
  const ins = buffers("in", types, "read");
  const outs = buffers("out", context.outputs, "readwrite");
  const scratch = buffers("scratch", scratchTypes, "readwrite");
  const k = new KernelBuilder();
  if (lower.kind === "custom") lower.build(k, s, { inputs: ins, outputs: outs, scratch }, context);
  else if (lower.kind === "reduce") emitReduce(k, lower, ins, outs, context);
  else if (lower.kind === "cumulative") emitCumulative(k, lower, ins, outs, context);
  else assert.fail(`${name} has a lowering of kind ${lower.kind}`);
  const memory = [
    ...inputs.map(toBytes),
    ...[...context.outputs, ...scratchTypes].map((type) => new Uint8Array(bytesOf(type)).fill(0xa5)),
  ];
  const views = memory.map((bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  runKernel({ name, params: [...ins, ...outs, ...scratch], body: k.finish(), sources: [] }, views);
  return context.outputs.map((type, i) => fromBytes(type, memory[inputs.length + i]));
}

type Context = LowerContext<PrimitiveParams[PrimitiveName]>;

function flatten(type: TensorType, index: readonly Expr[]): Expr {
  const strides = rowMajorStrides(type.shape);
  assert.equal(index.length, strides.length, "one index per axis");
  return index.reduce((at, i, axis) => s.add(at, s.mul(i, s.int(strides[axis]))), s.int(0));
}

function accesses(buffers: readonly BufferParam[], types: readonly TensorType[]): Access[] {
  return buffers.map((buffer, i) => {
    const read = (index: readonly Expr[]): Expr => s.load(buffer, flatten(types[i], index));
    return Object.assign(read, { type: types[i] });
  });
}

function nest(k: KernelBuilder, extents: readonly number[], body: (i: readonly Expr[]) => void): void {
  const enter = (index: readonly Expr[]): void => {
    if (index.length === extents.length) body(index);
    else k.loop(extents[index.length], (i) => enter([...index, i]));
  };
  enter([]);
}

function dtypes(list: readonly { readonly dtype: string }[]): string[] {
  return list.map(({ dtype }) => dtype);
}

function emitReduce(
  k: KernelBuilder,
  lower: ReduceLowering<PrimitiveParams[PrimitiveName]>,
  ins: readonly BufferParam[],
  outs: readonly BufferParam[],
  context: Context,
): void {
  const { combine } = lower;
  const [type] = context.outputs;
  const read = accesses(ins, context.inputs);
  nest(k, type.shape, (i) => {
    const locals = lower.accumulators(context).map(({ dtype, init }) => k.let("acc", s.const(init, dtype)));
    nest(k, lower.domain(context), (r) => {
      const values = lower.element(s, read, i, r, context);
      assert.deepEqual(dtypes(values), dtypes(locals), "elements have the accumulators' dtypes");
      if (typeof combine === "string") {
        for (const [n, local] of locals.entries()) k.accumulate(local, combine, values[n]);
        return;
      }
      const held = values.map((value) => s.local(k.let("value", value)));
      const next = combine(s, locals.map(s.local), held).map((value) => s.local(k.let("next", value)));
      for (const [n, local] of locals.entries()) k.assign(local, next[n]);
    });
    const acc = locals.map(s.local);
    const results = lower.finish?.(s, acc, i, context) ?? acc;
    for (const [n, out] of outs.entries()) {
      assert.equal(results[n].dtype, computeDType(out.dtype), "results have the outputs' dtypes");
      k.store(out, flatten(type, i), results[n]);
    }
  });
}

function emitCumulative(
  k: KernelBuilder,
  lower: CumulativeLowering<PrimitiveParams[PrimitiveName]>,
  ins: readonly BufferParam[],
  [out]: readonly BufferParam[],
  context: Context,
): void {
  const [type] = context.outputs;
  const [read] = accesses(ins, context.inputs);
  const axis = lower.axis(context.params);
  const n = type.shape[axis];
  nest(
    k,
    type.shape.filter((_, a) => a !== axis),
    (i) => {
      const { dtype, init } = lower.accumulator(context);
      const acc = k.let("acc", s.const(init, dtype));
      k.loop(n, (step) => {
        const place = lower.reverse(context.params) ? s.sub(s.int(n - 1), step) : step;
        const index = [...i.slice(0, axis), place, ...i.slice(axis)];
        k.assign(acc, lower.combine(s, s.local(acc), read(index)));
        k.store(out, flatten(type, index), s.local(acc));
      });
    },
  );
}
