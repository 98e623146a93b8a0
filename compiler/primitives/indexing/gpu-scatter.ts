/**
 * The scatter family on a GPU: side by side, the same numbers in the same order every time.
 */
import type { ScatterParams } from "../../graph/operations.ts";
import type { GpuForm, GpuKernelForm, LowerContext } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { mergeSorted } from "../sorting/gpu-sort.ts";
import { type Combine, linearIndex, loops, Windows } from "./scatter-windows.ts";

/** Index vectors up to which each invocation goes over all of them for its own element of the window. */
const FEW_VECTORS = 64;

/**
 * The form for GPUs, the same numbers in the same order every time. Few index vectors: an invocation per element of the
 * window goes over all of them. Many: they are sorted by where they point, and an invocation per element puts together
 * what meets in one place, in the order of the vectors. Null where windows may overlap in part.
 */
export function gpuScatter(context: LowerContext<ScatterParams>, combine: Combine | null): GpuForm | null {
  const windows = new Windows(context);
  const [, , updates] = context.inputs;
  const count = windows.vectors.reduce((n, extent) => n * extent, 1);
  if (updates.size === 0 || (!windows.apart && count > 1)) return null;
  return count <= FEW_VECTORS ? overAllVectors(windows, combine) : bySortedVectors(windows, count, combine);
}

/** `body` for every element of a window, as iterations of the grid: its offsets in the operand and in the updates. */
function overWindow(
  k: KernelBuilder,
  s: ScalarOps,
  windows: Windows,
  body: (operand: Expr, updates: Expr) => void,
): void {
  const { operand, updates } = windows.strides;
  loops(
    k,
    windows.extents,
    "w",
    (w) => body(linearIndex(s, w, operand), linearIndex(s, w, updates)),
    [],
    "grid",
  );
}

function overAllVectors(windows: Windows, combine: Combine | null): GpuForm {
  const build: GpuKernelForm["build"] = (k, s, { inputs: [, indices, updates], outputs: [out] }) =>
    overWindow(k, s, windows, (to, from) =>
      loops(k, windows.vectors, "v", (vector) => {
        const { base, inBounds } = windows.start(k, s, indices, vector);
        const place = s.local(k.let("place", s.add(base, to)));
        const store = () => {
          const update = s.load(updates, s.add(windows.source(s, vector), from));
          k.store(out, place, combine === null ? update : combine(s, s.load(out, place), update));
        };
        if (inBounds.op === "const") store();
        else k.if(inBounds, store);
      }),
    );
  return { scratch: [], kernels: [{ name: "windows", build }] };
}

function bySortedVectors(windows: Windows, count: number, combine: Combine | null): GpuForm {
  /** Stands for a window out of bounds: behind all others. */
  const nowhere = 2147483647;
  const vectorAt = (s: ScalarOps, n: Expr): Expr[] => {
    const index: Expr[] = [];
    let rest = n;
    for (let d = windows.vectors.length - 1; d >= 0; d--) {
      const extent = s.int(windows.vectors[d]);
      index[d] = d === 0 ? rest : s.rem(rest, extent);
      rest = s.div(rest, extent);
    }
    return index;
  };
  const places: GpuKernelForm = {
    name: "places",
    build: (k, s, { inputs: [, indices], scratch }) =>
      k.loop(
        count,
        (n) => {
          const { base, inBounds } = windows.start(k, s, indices, vectorAt(s, n));
          k.store(scratch[4], n, s.select(inBounds, base, s.int(nowhere)));
          k.store(scratch[5], n, n);
        },
        { name: "v", kind: "grid" },
      ),
  };
  const sorted = mergeSorted([count], 0, 1, 2, ({ scratch }) => ({
    first: scratch.slice(4, 6),
    even: scratch.slice(0, 2),
    odd: scratch.slice(2, 4),
  }));
  const put: GpuKernelForm = {
    name: "put",
    build: (k, s, { inputs: [, , updates], outputs: [out], scratch: [bases, vectors] }) =>
      k.loop(
        count,
        (n) =>
          overWindow(k, s, windows, (to, from) => {
            const base = s.local(k.let("base", s.load(bases, n)));
            const before = s.guard(s.gt(n, s.int(0)), s.load(bases, s.sub(n, s.int(1))), s.int(-1));
            // The first of those that meet in one place does the work of all.
            k.if(s.and(s.ne(base, before), s.ne(base, s.int(nowhere))), () => {
              const place = s.local(k.let("place", s.add(base, to)));
              const updateOf = (m: Expr): Expr =>
                s.load(updates, s.add(windows.source(s, vectorAt(s, s.load(vectors, m))), from));
              const at = k.let("at", n);
              const value = k.let("value", s.load(out, place));
              const more = s.guard(
                s.lt(s.local(at), s.int(count)),
                s.eq(s.load(bases, s.local(at)), base),
                s.bool(false),
              );
              k.while(more, () => {
                const update = updateOf(s.local(at));
                k.assign(value, combine === null ? update : combine(s, s.local(value), update));
                k.assign(at, s.add(s.local(at), s.int(1)));
              });
              k.store(out, place, s.local(value));
            });
          }),
        { name: "n", kind: "grid" },
      ),
  };
  const scratch = Array.from({ length: 6 }, () => ({ dtype: "int32", size: count }) as const);
  return { scratch, kernels: [places, ...sorted, put] };
}
