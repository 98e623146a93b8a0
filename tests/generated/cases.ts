/** Turns the primitive table's `test` entries into concrete graphs and data. Everything is a function of a seed. */
import { Graph, type Params } from "../../compiler/graph/graph.ts";
import { BINARY_NAMES, type PrimitiveName, UNARY_NAMES } from "../../compiler/graph/names.ts";
import type { TestDomain } from "../../compiler/graph/primitive.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { refTensor } from "../../compiler/interpret/tensors.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { PRIMITIVE_NAMES, primitiveOf } from "../../compiler/primitives/table.ts";
import { DTYPE_INFO, type DType, isFloating } from "../../compiler/types/dtype.ts";
import { type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";

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

const ELEMENTWISE: ReadonlySet<string> = new Set([...UNARY_NAMES, ...BINARY_NAMES]);

function arity(op: PrimitiveName): number {
  return (BINARY_NAMES as readonly string[]).includes(op) ? 2 : 1;
}

/** Every case of a primitive: its own list, and for elementwise ones each dtype on the standard shapes. */
export function casesOf(op: PrimitiveName): Case[] {
  const { test } = primitiveOf(op);
  const cases: Case[] = [];
  for (const { inputs, params } of test.cases ?? []) {
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
  for (const dtype of test.dtypes ?? ["float32"]) {
    // One dtype sees all shapes; the others one of each kind.
    const shapes = dtype === (test.dtypes ?? ["float32"])[0] ? SHAPES : [[], [0], [17], [5, 7]];
    for (const shape of shapes) {
      const inputs = Array.from({ length: arity(op) }, (_, k) => ({
        type: tensorType(dtype, shape),
        domain: test.domains?.[k] ?? test.domains?.[0] ?? defaultDomain(dtype),
      }));
      cases.push(makeCase(op, inputs, {}));
    }
  }
  return cases;
}

function defaultDomain(dtype: DType): TestDomain {
  if (dtype === "bool") return "bool";
  return isFloating(dtype) ? "normal" : "smallInt";
}

function makeCase(op: PrimitiveName, inputs: Case["inputs"], params: Params): Case {
  const types = inputs.map((x) => x.type.text).join(" ");
  const text = JSON.stringify(params, (_, v: unknown) => (v instanceof Graph ? `@${v.name}` : v));
  return { op, title: `${op} ${types}${text === "{}" ? "" : ` ${text.slice(0, 160)}`}`, inputs, params };
}

export const OPERATIONS: readonly PrimitiveName[] = PRIMITIVE_NAMES;

/** The graph that holds the one equation. */
export function graphOf({ op, inputs, params }: Case): Graph {
  const b = new GraphBuilder();
  const values = inputs.map((x) => b.input(x.type));
  return b.finish(op, b.emit(op, values, params as never));
}

/** Deterministic uniform numbers in [0, 1): mulberry32. */
export function randomSource(seed: string): () => number {
  let h = 2166136261;
  for (let i = 0; i < seed.length; i++) h = Math.imul(h ^ seed.charCodeAt(i), 16777619);
  return () => {
    h = (h + 0x6d2b79f5) | 0;
    let t = Math.imul(h ^ (h >>> 15), 1 | h);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function draw(domain: TestDomain, dtype: DType, random: () => number): number {
  const info = DTYPE_INFO[dtype];
  if (dtype === "bool") return random() < 0.5 ? 0 : 1;
  const integer = info.kind !== "float";
  const signed = info.kind !== "uint";
  if (typeof domain !== "string") {
    const x = domain[0] + (domain[1] - domain[0]) * random();
    return integer ? Math.round(x) : x;
  }
  const fit = (x: number): number => (integer ? Math.trunc(signed ? x : Math.abs(x)) : x);
  switch (domain) {
    case "normal":
      return fit(integer ? gaussian(random) * 20 : gaussian(random));
    case "positive":
      return fit(integer ? 1 + random() * 20 : 0.05 + random() * 3);
    case "unit":
      return fit(-0.97 + 1.94 * random());
    case "nonzero": {
      const x = (0.2 + 2 * random()) * (signed && random() < 0.5 ? -1 : 1);
      return integer ? Math.sign(x) * Math.ceil(Math.abs(x) * 4) : x;
    }
    case "above1":
      return fit(1.05 + 3 * random());
    case "smallInt":
      return signed ? Math.floor(random() * 9) - 4 : Math.floor(random() * 9);
    case "shift":
      return Math.floor(random() * (info.bits + 3));
    case "bool":
      return random() < 0.5 ? 0 : 1;
    case "any": {
      if (!integer) return gaussian(random) * 10 ** (6 * random() - 3);
      return info.min + Math.floor(random() * (info.max - info.min + 1));
    }
    default:
      return domain satisfies never;
  }
}

/** Data for the inputs of a case; with `special`, some of the values are replaced by special ones. */
export function dataFor(c: Case, seed: string, special: readonly number[] = []): RefTensor[] {
  const random = randomSource(`${seed} ${c.title}`);
  return c.inputs.map(({ type, domain }) => {
    const values = Array.from({ length: type.size }, () => {
      const x = draw(domain, type.dtype, random);
      return special.length > 0 && random() < 0.6 ? special[Math.floor(random() * special.length)] : x;
    });
    return refTensor(type.dtype, type.shape, values);
  });
}

/** The same case in float64, for finite differences; null where an operand is not floating. */
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
