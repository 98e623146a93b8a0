/** Turns the primitive table's `test` entries into concrete graphs and data. Everything is a function of a seed. */
import { test } from "node:test";
import { Graph, type Params } from "../../compiler/graph/graph.ts";
import { BINARY_NAMES, type PrimitiveName, UNARY_NAMES } from "../../compiler/graph/names.ts";
import type { TestDomain } from "../../compiler/graph/primitive.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { refTensor } from "../../compiler/interpret/tensors.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { PRIMITIVE_NAMES, primitiveOf } from "../../compiler/primitives/table.ts";
import { DTYPE_INFO, isFloating } from "../../compiler/types/dtype.ts";
import { type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";
import type { Random } from "../helpers/random.ts";
import { defaultDomain, randomTensor } from "../helpers/tensors.ts";

export interface Case {
  readonly op: PrimitiveName;
  /** `reduce_sum f32[3,4] {axes=[0]}` */
  readonly title: string;
  readonly inputs: readonly { readonly type: TensorType; readonly domain: TestDomain }[];
  readonly params: Params;
}

/** Scalars, zero sizes, and sizes on both sides of the vector width. */
const SHAPES: readonly (readonly number[])[] = [
  [],
  [0],
  [1],
  [3],
  [4],
  [5],
  [17],
  [2, 3],
  [3, 0],
  [5, 7],
  [2, 3, 4],
];

export const ELEMENTWISE: ReadonlySet<string> = new Set([...UNARY_NAMES, ...BINARY_NAMES]);

/** What has no forward meaning of its own: only transposition understands it. */
const NOT_RUN: ReadonlySet<string> = new Set(["custom_vjp_linear", "checkpoint_linear"]);

export const OPERATIONS: readonly PrimitiveName[] = PRIMITIVE_NAMES.filter((name) => !NOT_RUN.has(name));

function arity(op: PrimitiveName): number {
  return (BINARY_NAMES as readonly string[]).includes(op) ? 2 : 1;
}

/** Every case of a primitive: its own list, and for elementwise ones each dtype on the standard shapes. */
export function casesOf(op: PrimitiveName): Case[] {
  const { test: spec } = primitiveOf(op);
  const cases: Case[] = [];
  for (const { inputs, params } of spec.cases ?? []) {
    cases.push(
      makeCase(
        op,
        inputs.map(({ shape, dtype, domain }) => ({
          type: tensorType(dtype, shape),
          domain: domain ?? defaultDomain(dtype),
        })),
        params,
      ),
    );
  }
  if (!ELEMENTWISE.has(op)) return cases;
  for (const [i, dtype] of (spec.dtypes ?? ["float32"]).entries()) {
    // One dtype sees all shapes; the others one of each kind.
    for (const shape of i === 0 ? SHAPES : [[], [0], [17], [5, 7]]) {
      const inputs = Array.from({ length: arity(op) }, (_, k) => ({
        type: tensorType(dtype, shape),
        domain: spec.domains?.[k] ?? spec.domains?.[0] ?? defaultDomain(dtype),
      }));
      cases.push(makeCase(op, inputs, {}));
    }
  }
  return cases;
}

function makeCase(op: PrimitiveName, inputs: Case["inputs"], params: Params): Case {
  const types = inputs.map((x) => x.type.text).join(" ");
  const text = JSON.stringify(params, (_, v: unknown) => (v instanceof Graph ? `@${v.name}` : v));
  return { op, title: `${op} ${types}${text === "{}" ? "" : ` ${text.slice(0, 160)}`}`, inputs, params };
}

/**
 * One test that runs `check` on all cases of an operation: they are thousands, too many for tests of their own. The
 * error says which of them failed.
 */
export function testCases<C extends { readonly title: string }>(
  name: string,
  cases: readonly C[],
  check: (c: C) => void | Promise<void>,
): void {
  if (cases.length === 0) return;
  test(`${name}: ${cases.length} cases`, async () => {
    const failures: unknown[] = [];
    for (const c of cases) {
      try {
        await check(c);
      } catch (error) {
        if (error instanceof Error) error.message = `${c.title}\n  ${error.message}`;
        failures.push(error);
      }
    }
    if (failures.length === 0) return;
    const [first] = failures;
    if (first instanceof Error && failures.length > 1) {
      const others = failures.slice(1).map((e) => (e instanceof Error ? e.message : String(e)));
      first.message = [first.message, ...others].join("\n");
    }
    throw first;
  });
}

/** The graph that holds the case's one equation. */
export function graphOfCase(c: Case): Graph {
  return graphOfCases([c]);
}

/** A graph of one equation per case, each with operands of its own. */
export function graphOfCases(cases: readonly Case[]): Graph {
  const b = new GraphBuilder();
  const operands = cases.map(({ inputs }) => inputs.map((x) => b.input(x.type)));
  const outputs = cases.flatMap(({ op, params }, i) => b.emit(op, operands[i], params as never));
  return b.finish(cases[0].op, outputs);
}

/** Random data for the inputs of a case. */
export function dataFor(c: Case, random: Random): RefTensor[] {
  return c.inputs.map(({ type, domain }) => randomTensor(random, type, domain));
}

/**
 * Cases on all combinations of an elementwise operation's special values: NaN, infinities and signed zeros, or the ends
 * of an integer dtype.
 */
export function specialCasesOf(op: PrimitiveName): { readonly c: Case; readonly inputs: RefTensor[] }[] {
  const { test: spec } = primitiveOf(op);
  const kinds = ELEMENTWISE.has(op)
    ? (spec.dtypes ?? []).map((dtype) => ({ dtype, params: {}, operands: arity(op) }))
    : (spec.cases ?? []).flatMap(({ inputs, params }) =>
        spec.special && inputs.length === 1 && isFloating(inputs[0].dtype)
          ? [{ dtype: inputs[0].dtype, params, operands: 1 }]
          : [],
      );
  return kinds.flatMap(({ dtype, params, operands }) => {
    const { min, max } = DTYPE_INFO[dtype];
    const special = isFloating(dtype)
      ? (spec.special ?? [])
      : [...new Set([min, max, 0, 1, min < 0 ? -1 : 0])];
    if (special.length === 0) return [];
    const rows =
      operands === 1 ? special.map((x) => [x]) : special.flatMap((x) => special.map((y) => [x, y]));
    const inputs = Array.from({ length: operands }, (_, i) =>
      refTensor(
        dtype,
        [rows.length],
        rows.map((row) => row[i]),
      ),
    );
    const c = makeCase(
      op,
      inputs.map(({ type }) => ({ type, domain: "any" })),
      params,
    );
    return [{ c: { ...c, title: `special values of ${c.title}` }, inputs }];
  });
}

/** The same case in float64, for finite differences; null where no operand is floating. */
export function inFloat64(c: Case): Case | null {
  if (!c.inputs.some((x) => isFloating(x.type.dtype))) return null;
  const inputs = c.inputs.map(({ type, domain }) => ({
    type: isFloating(type.dtype) ? tensorType("float64", type.shape) : type,
    domain,
  }));
  // A dtype among the parameters is the result's: it widens with the operands.
  const params = Object.fromEntries(
    Object.entries(c.params).map(([k, v]) => [k, v === "float16" || v === "float32" ? "float64" : v]),
  );
  return { ...c, inputs, params, title: `${c.title} in f64` };
}

/** Every nonempty set of the given positions, as masks over `count` positions. */
export function subsets(positions: readonly number[], count: number): boolean[][] {
  return Array.from({ length: 2 ** positions.length - 1 }, (_, n) => {
    const mask = new Array<boolean>(count).fill(false);
    for (const [k, i] of positions.entries()) mask[i] = (((n + 1) >> k) & 1) === 1;
    return mask;
  });
}
