/** Transformations and control flow: what each means in the reference, and how Weft is asked for it. */
import {
  checkpoint,
  customJvp,
  customVjp,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  lax,
  linearize,
  type NdArray,
  numpy as np,
  vjp,
  vmap,
} from "weft";
import type { Num } from "./numbers.ts";
import * as n from "./numbers.ts";
import { choose, chooseInWeft, coordinates, offset, type Tensor } from "./operations.ts";
import { type Block, type Shape, type Step, sameShape, sizeOf } from "./program.ts";

/** Runs a block of the step on arrays. */
export type Run<T> = (block: Block, args: readonly T[]) => T[];

/** What the reference needs besides: a level above all that are in use while `body` runs. */
export type WithLevel = <T>(body: (level: number) => T) => T;

export interface Nest {
  /** The shapes of the results; null where operands, attributes and blocks do not go together. */
  infer(step: Step, args: readonly Shape[], blocks: readonly BlockType[]): Shape[] | null;
  reference(step: Step, args: readonly Tensor[], run: Run<Tensor>, withLevel: WithLevel): Tensor[];
  weft(step: Step, args: readonly NdArray[], run: Run<NdArray>): NdArray[];
  readonly jumps?: true;
}

export interface BlockType {
  readonly params: readonly Shape[];
  readonly results: readonly Shape[];
}

const sameShapes = (a: readonly Shape[], b: readonly Shape[]): boolean =>
  a.length === b.length && a.every((shape, i) => sameShape(shape, b[i]));

const tensor = (shape: Shape, data: readonly Num[]): Tensor => ({ shape, data });

/** Called directly: `jit`, `checkpoint`. */
function transparent(weft: (f: (...xs: NdArray[]) => NdArray[]) => (...xs: NdArray[]) => NdArray[]): Nest {
  return {
    infer: (_, args, [block]) => (sameShapes(args, block.params) ? [...block.results] : null),
    reference: (step, args, run) => run(step.blocks[0], args),
    weft: (step, args, run) => weft((...xs) => run(step.blocks[0], xs))(...args),
  };
}

// ------------------------------------------------------------------------------------------------------ vmap

const without = (shape: Shape, axis: number): Shape => shape.filter((_, i) => i !== axis);
const inserted = (shape: Shape, axis: number, size: number): Shape => [
  ...shape.slice(0, axis),
  size,
  ...shape.slice(axis),
];

/** Element `i` along an axis. */
function sliceOf(x: Tensor, axis: number, i: number): Tensor {
  const shape = without(x.shape, axis);
  const data = coordinates(shape).map((at) => x.data[offset(x.shape, inserted(at, axis, i))]);
  return tensor(shape, data);
}

function stack(parts: readonly Tensor[], axis: number, shape: Shape): Tensor {
  const data = coordinates(shape).map((at) => {
    const part = parts[at[axis]];
    return part.data[offset(part.shape, without(at, axis))];
  });
  return tensor(shape, data);
}

/** `inAxes`: −1 is null. */
const vmapNest: Nest = {
  infer({ attributes: { inAxes, outAxes, size } }, args, [block]) {
    if (inAxes.length !== args.length || outAxes.length !== block.results.length) return null;
    if (inAxes.every((axis) => axis < 0)) return null;
    if (inAxes.some((axis, i) => axis >= 0 && args[i][axis] !== size[0])) return null;
    const params = args.map((shape, i) => (inAxes[i] < 0 ? shape : without(shape, inAxes[i])));
    if (!sameShapes(params, block.params)) return null;
    if (outAxes.some((axis, i) => axis > block.results[i].length)) return null;
    return block.results.map((shape, i) => inserted(shape, outAxes[i], size[0]));
  },
  reference({ attributes: { inAxes, outAxes, size }, blocks, outs }, args, run) {
    const parts = Array.from({ length: size[0] }, (_, i) =>
      run(
        blocks[0],
        args.map((x, k) => (inAxes[k] < 0 ? x : sliceOf(x, inAxes[k], i))),
      ),
    );
    return outs.map(({ shape }, k) =>
      stack(
        parts.map((part) => part[k]),
        outAxes[k],
        shape,
      ),
    );
  },
  weft: ({ attributes: { inAxes, outAxes }, blocks }, args, run) =>
    vmap((...xs: NdArray[]) => run(blocks[0], xs), {
      inAxes: inAxes.map((axis) => (axis < 0 ? null : axis)),
      outAxes: [...outAxes],
    })(...args),
};

// ----------------------------------------------------------------------------------------------- derivatives

const primals = (x: Tensor, level: number): Tensor =>
  tensor(
    x.shape,
    x.data.map((v) => n.primalAt(v, level)),
  );
const tangents = (x: Tensor, level: number): Tensor =>
  tensor(
    x.shape,
    x.data.map((v) => n.tangentAt(v, level)),
  );

function perturbed(x: Tensor, direction: readonly Num[], level: number): Tensor {
  return tensor(
    x.shape,
    x.data.map((v, i) => n.perturb(level, v, direction[i])),
  );
}

/** The tangents of the results, for a unit tangent of each element of argument `k`, one after another. */
function basisTangents(
  f: (args: readonly Tensor[]) => Tensor[],
  args: readonly Tensor[],
  k: number,
  withLevel: WithLevel,
): Tensor[][] {
  return args[k].data.map((_, i) =>
    withLevel((level) => {
      const unit = args[k].data.map((_, j) => (i === j ? 1 : 0));
      const moved = args.map((x, j) => (j === k ? perturbed(x, unit, level) : x));
      return f(moved).map((y) => tangents(y, level));
    }),
  );
}

/** What derivatives of one number are taken of: half the sum of squares. */
const scalarized = (y: Tensor): Tensor =>
  tensor([], [y.data.reduce((s: Num, v) => n.add(s, n.mul(0.5, n.mul(v, v))), 0)]);
const scalarizedInWeft = (y: NdArray): NdArray => np.sum(np.square(y)).mul(0.5);

const gradNest: Nest = {
  infer({ attributes: { argnums } }, args, [block]) {
    if (!sameShapes(args, block.params) || block.results.length !== 1) return null;
    return argnums.some((k) => k >= args.length) ? null : argnums.map((k) => args[k]);
  },
  reference: ({ attributes: { argnums }, blocks }, args, run, withLevel) =>
    argnums.map((k) => {
      const f = (xs: readonly Tensor[]) => [scalarized(run(blocks[0], xs)[0])];
      return tensor(
        args[k].shape,
        basisTangents(f, args, k, withLevel).map(([t]) => t.data[0]),
      );
    }),
  weft: ({ attributes: { argnums }, blocks }, args, run) =>
    grad((...xs: NdArray[]) => scalarizedInWeft(run(blocks[0], xs)[0]), { argnums: [...argnums] })(...args),
};

/** Operands: primals, then a cotangent for each result. Results: those of the block, then the gradients. */
const vjpNest: Nest = {
  infer(_, args, [block]) {
    const count = block.params.length;
    if (!sameShapes(args, [...block.params, ...block.results])) return null;
    return [...block.results, ...args.slice(0, count)];
  },
  reference({ blocks }, args, run, withLevel) {
    const count = blocks[0].params.length;
    const [xs, cts] = [args.slice(0, count), args.slice(count)];
    const gradients = xs.map((x, k) => {
      const columns = basisTangents((ys) => run(blocks[0], ys), xs, k, withLevel);
      const data = columns.map((column) =>
        column.reduce(
          (s: Num, y, r) => y.data.reduce((u: Num, v, i) => n.add(u, n.mul(v, cts[r].data[i])), s),
          0,
        ),
      );
      return tensor(x.shape, data);
    });
    return [...run(blocks[0], xs), ...gradients];
  },
  weft({ blocks }, args, run) {
    const count = blocks[0].params.length;
    const [results, pull] = vjp((...xs: NdArray[]) => run(blocks[0], xs), args.slice(0, count));
    return [...results, ...pull(args.slice(count))];
  },
};

/** Operands: primals, then tangents. Results: those of the block, then their tangents. */
function forward(
  weft: (f: (...xs: NdArray[]) => NdArray[], xs: NdArray[], ts: NdArray[]) => [NdArray[], NdArray[]],
): Nest {
  return {
    infer: (_, args, [block]) =>
      sameShapes(args, [...block.params, ...block.params]) ? [...block.results, ...block.results] : null,
    reference({ blocks }, args, run, withLevel) {
      const count = blocks[0].params.length;
      return withLevel((level) => {
        const moved = args.slice(0, count).map((x, i) => perturbed(x, args[count + i].data, level));
        const results = run(blocks[0], moved);
        return [...results.map((y) => primals(y, level)), ...results.map((y) => tangents(y, level))];
      });
    },
    weft({ blocks }, args, run) {
      const count = blocks[0].params.length;
      const f = (...xs: NdArray[]) => run(blocks[0], xs);
      return weft(f, args.slice(0, count), args.slice(count)).flat();
    },
  };
}

function jacobian(weft: (f: (x: NdArray) => NdArray, x: NdArray) => NdArray): Nest {
  return {
    infer: (_, args, [block]) =>
      args.length === 1 && block.results.length === 1 && sameShapes(args, block.params)
        ? [[...block.results[0], ...args[0]]]
        : null,
    reference({ blocks, outs }, args, run, withLevel) {
      const columns = basisTangents((xs) => run(blocks[0], xs), args, 0, withLevel);
      const rows = sizeOf(outs[0].shape.slice(0, outs[0].shape.length - args[0].shape.length));
      const data = Array.from({ length: rows }, (_, row) => columns.map(([y]) => y.data[row])).flat();
      return [tensor(outs[0].shape, data)];
    },
    weft: ({ blocks }, args, run) => [weft((x) => run(blocks[0], [x])[0], args[0])],
  };
}

const hessianNest: Nest = {
  infer: (_, args, [block]) =>
    args.length === 1 && block.results.length === 1 && sameShapes(args, block.params)
      ? [[...args[0], ...args[0]]]
      : null,
  reference({ blocks, outs }, args, run, withLevel) {
    const gradient = (xs: readonly Tensor[]): Tensor[] => {
      const f = (ys: readonly Tensor[]) => [scalarized(run(blocks[0], ys)[0])];
      return [
        tensor(
          xs[0].shape,
          basisTangents(f, xs, 0, withLevel).map(([t]) => t.data[0]),
        ),
      ];
    };
    const columns = basisTangents(gradient, args, 0, withLevel);
    // With custom rules it need not be symmetric: rows are elements of the gradient.
    const data = args[0].data.flatMap((_, row) => columns.map(([column]) => column.data[row]));
    return [tensor(outs[0].shape, data)];
  },
  weft: ({ blocks }, args, run) => [
    hessian((x: NdArray) => scalarizedInWeft(run(blocks[0], [x])[0]))(args[0]),
  ],
};

/**
 * Blocks: a function of one array that keeps its shape, and the factor of its tangent, which is not its derivative:
 * so it shows whether the rule is used.
 */
function custom(
  weft: (f: (x: NdArray) => NdArray, slope: (x: NdArray) => NdArray) => (x: NdArray) => NdArray,
): Nest {
  const apply = (step: Step, x: Tensor, run: Run<Tensor>): Tensor => {
    const level = x.data.reduce(
      (most: number, v) => (typeof v === "number" ? most : Math.max(most, v.level)),
      -1,
    );
    if (level < 0) return run(step.blocks[0], [x])[0];
    const primal = primals(x, level);
    const y = apply(step, primal, run);
    const [slope] = run(step.blocks[1], [primal]);
    const direction = x.data.map((v, i) => n.mul(n.tangentAt(v, level), slope.data[i]));
    return perturbed(y, direction, level);
  };
  return {
    infer: (_, args, blocks) =>
      args.length === 1 && blocks.every((b) => sameShapes(b.params, args) && sameShapes(b.results, args))
        ? [args[0]]
        : null,
    reference: (step, [x], run) => [apply(step, x, run)],
    weft: ({ blocks }, [x], run) => [
      weft(
        (y) => run(blocks[0], [y])[0],
        (y) => run(blocks[1], [y])[0],
      )(x),
    ],
  };
}

// ---------------------------------------------------------------------------------------------- control flow

/** Operands: the carry, then what is scanned over. */
const scanNest: Nest = {
  infer({ attributes: { carries, length } }, args, [block]) {
    const [count] = carries;
    const xs = args.slice(count);
    if (xs.some((shape) => shape[0] !== length[0])) return null;
    if (!sameShapes([...args.slice(0, count), ...xs.map((shape) => shape.slice(1))], block.params))
      return null;
    if (!sameShapes(args.slice(0, count), block.results.slice(0, count))) return null;
    return [...args.slice(0, count), ...block.results.slice(count).map((shape) => [length[0], ...shape])];
  },
  reference({ attributes: { carries, length, reverse }, blocks, outs }, args, run) {
    let carry = args.slice(0, carries[0]);
    const xs = args.slice(carries[0]);
    const rows: Tensor[][] = Array.from({ length: length[0] }, () => []);
    for (let turn = 0; turn < length[0]; turn++) {
      const i = reverse[0] ? length[0] - 1 - turn : turn;
      const results = run(blocks[0], [...carry, ...xs.map((x) => sliceOf(x, 0, i))]);
      carry = results.slice(0, carries[0]);
      rows[i] = results.slice(carries[0]);
    }
    const stacked = outs.slice(carries[0]).map(({ shape }, k) =>
      stack(
        rows.map((row) => row[k]),
        0,
        shape,
      ),
    );
    return [...carry, ...stacked];
  },
  weft({ attributes: { carries, length, reverse }, blocks }, args, run) {
    const body = (carry: NdArray[], x: NdArray[]): [NdArray[], NdArray[]] => {
      const results = run(blocks[0], [...carry, ...x]);
      return [results.slice(0, carries[0]), results.slice(carries[0])];
    };
    const [carry, ys] = lax.scan(body, args.slice(0, carries[0]), args.slice(carries[0]), {
      length: length[0],
      reverse: reverse[0] === 1,
    });
    return [...carry, ...ys];
  },
};

/** The block's first parameter is the number of the turn, as a float. */
const foriNest: Nest = {
  infer: (_, args, [block]) =>
    sameShapes([[], ...args], block.params) && sameShapes(args, block.results) ? [...args] : null,
  reference({ attributes: { range }, blocks }, args, run) {
    let carry = [...args];
    for (let i = range[0]; i < range[1]; i++) carry = run(blocks[0], [tensor([], [i]), ...carry]);
    return carry;
  },
  weft: ({ attributes: { range }, blocks }, args, run) =>
    args.length === 0
      ? []
      : lax.foriLoop(
          range[0],
          range[1],
          (i: NdArray, carry: NdArray[]) => run(blocks[0], [i.astype(args[0].dtype), ...carry]),
          [...args],
        ),
};

/** The first operand says how many turns there are, at most three. */
const whileNest: Nest = {
  infer: (_, args, [block]) =>
    args.length > 0 && sameShapes(args.slice(1), block.params) && sameShapes(args.slice(1), block.results)
      ? args.slice(1)
      : null,
  reference({ blocks }, [limit, ...args], run) {
    let carry = args;
    for (let turns = choose(limit, 4); turns > 0; turns--) carry = run(blocks[0], carry);
    return carry;
  },
  weft({ blocks }, [limit, ...args], run) {
    const [, results] = lax.whileLoop(
      ([turns]: [NdArray, NdArray[]]) => turns.greater(0),
      ([turns, carry]: [NdArray, NdArray[]]): [NdArray, NdArray[]] => [turns.sub(1), run(blocks[0], carry)],
      [chooseInWeft(limit, 4), args],
    );
    return results;
  },
  jumps: true,
};

/** The first operand chooses the block. Two blocks: `cond`; more: `switch`. */
const condNest: Nest = {
  infer(_, args, blocks) {
    const fits = blocks.every(
      (b) => sameShapes(args.slice(1), b.params) && sameShapes(b.results, blocks[0].results),
    );
    return fits && args.length > 0 ? [...blocks[0].results] : null;
  },
  reference({ blocks }, [predicate, ...args], run) {
    return run(blocks[choose(predicate, blocks.length)], args);
  },
  weft({ blocks }, [predicate, ...args], run) {
    const index = chooseInWeft(predicate, blocks.length);
    const branches = blocks.map(
      (block) =>
        (...xs: NdArray[]) =>
          run(block, xs),
    );
    if (branches.length === 2) return lax.cond(index.greater(0), branches[1], branches[0], ...args);
    return lax.switchCase(index, branches, ...args);
  },
  jumps: true,
};

export const NESTS: Readonly<Record<string, Nest>> = {
  jit: transparent((f) => jit(f)),
  checkpoint: transparent((f) => checkpoint(f)),
  vmap: vmapNest,
  grad: gradNest,
  vjp: vjpNest,
  jvp: forward((f, xs, ts) => jvp(f, xs, ts)),
  linearize: forward((f, xs, ts) => {
    const [results, push] = linearize(f, xs);
    return [results, push(...ts)];
  }),
  jacfwd: jacobian((f, x) => jacfwd(f)(x)),
  jacrev: jacobian((f, x) => jacrev(f)(x)),
  hessian: hessianNest,
  customJvp: custom((f, slope) => {
    const function_ = customJvp(f);
    function_.defJvp(([x], [t]) => [function_(x), t.mul(slope(x))]);
    return function_;
  }),
  customVjp: custom((f, slope) => {
    const function_ = customVjp(f);
    function_.defVjp(
      (x) => [function_(x), x],
      (x, ct) => [ct.mul(slope(x))],
    );
    return function_;
  }),
  scan: scanNest,
  fori: foriNest,
  while: whileNest,
  cond: condNest,
};
