/** Tables of a model's modules, their inputs, outputs and variables (`flax/linen/summary.py`). */

import { PassRunner } from "../../../../compiler/pass-runner.ts";
import { optimiseGraph } from "../../../../compiler/pipeline.ts";
import { DTYPE_INFO } from "../../../../compiler/types/dtype.ts";
import { NdArray } from "../../../core/index.ts";
import { ShapeDtypeStruct } from "../../../core/spec.ts";
import { type KeyLike, PRNGKey } from "../../../random/index.ts";
import { vjp } from "../../../transforms/gradient.ts";
import { costOf } from "../../../transforms/graph-cost.ts";
import { evalShape, makeJaxpr } from "../../../transforms/inspect.ts";
import * as tree from "../../../tree/index.ts";
import { isPlainObject } from "../../../tree/treedef.ts";
import { DenyList, type Filter } from "./filters.ts";
import { LazyRng } from "./lazy-rng.ts";
import { className } from "./naming.ts";
import { runModule } from "./run.ts";
import { type CallRecord, CallRecorder, type Placed, running, withPushed } from "./state.ts";
import { renderTable, toYaml } from "./text-table.ts";
import type { MutableTree } from "./tree-types.ts";

/** Options of `tabulate`. */
export interface TabulateOptions {
  /** How many levels of submodules are shown; what is below counts for the last level. Default all. */
  readonly depth?: number | null;
  /** Whether further calls of a module have rows. Default false. */
  readonly showRepeated?: boolean;
  /** The collections that are made. Default all but "intermediates". */
  readonly mutable?: Filter;
  /** A column with the floating operations of each call, submodules included. Default true. */
  readonly computeFlops?: boolean;
  /** A column with those of the call and its gradient. Default false. */
  readonly computeVjpFlops?: boolean;
  readonly method?: string | null;
}

export const TABULATE_OPTIONS = [
  "depth",
  "showRepeated",
  "mutable",
  "computeFlops",
  "computeVjpFlops",
  "method",
] as const;

interface Row {
  readonly call: CallRecord;
  /** What the module itself has, by collection. */
  readonly shown: MutableTree;
  /** What its row counts: with `depth`, what is below too. */
  readonly counted: MutableTree;
}

/** The table as text. Nothing is computed: the model is only traced. */
export function tabulate(
  module: Placed,
  rngs: ReadonlyMap<string, LazyRng>,
  args: readonly unknown[],
  options: TabulateOptions,
): string {
  const { computeFlops = true, computeVjpFlops = false } = options;
  const [calls, variables] = traceCalls(module, rngs, args, options);
  const collections = Object.keys(variables).sort();
  const rows = rowsOf(calls, variables, options);
  const totals = collections.map((name) => total(rows.map((row) => row.counted[name])));
  const leading = ["path", "module", "inputs", "outputs"];
  if (computeFlops) leading.push("flops");
  if (computeVjpFlops) leading.push("vjp_flops");
  const cells = rows.map(({ call, shown, counted }) => [
    call.path.join("/"),
    className(call.module) + (call.method === "call" ? "" : ` (${call.method})`),
    toYaml(represent(call.args.length === 1 ? call.args[0] : call.args)),
    toYaml(represent(call.outputs)),
    ...(computeFlops ? [String(flopsOf(call, false))] : []),
    ...(computeVjpFlops ? [String(flopsOf(call, true))] : []),
    ...collections.map((name) => {
      const own = shown[name];
      const text = isPlainObject(own) && Object.keys(own).length > 0 ? `${toYaml(represent(own))}\n\n` : "";
      return `${text}${describeSize(total([counted[name]]))}`.trimEnd();
    }),
  ]);
  const all: Size = totals.reduce((a, b) => ({ size: a.size + b.size, bytes: a.bytes + b.bytes }), NOTHING);
  return renderTable({
    title: `${className(module)} Summary`,
    header: [...leading, ...collections],
    rows: cells,
    footer: [
      ...leading.map((_, i) => (i === leading.length - 1 ? "Total" : "")),
      ...totals.map(describeSize),
    ],
    footerRight: leading.length - 1,
    caption: `Total Parameters: ${describeSize(all)}`,
  });
}

/** The calls of init in the order they began, and the shapes of the variables it makes. */
function traceCalls(
  module: Placed,
  rngs: ReadonlyMap<string, LazyRng>,
  args: readonly unknown[],
  { mutable = new DenyList("intermediates"), method = null }: TabulateOptions,
): [calls: readonly CallRecord[], variables: MutableTree] {
  const recorder = new CallRecorder();
  const { leaves, treedef } = tree.flatten(args);
  const isArray = (leaf: unknown): boolean => leaf instanceof NdArray || leaf instanceof ShapeDtypeStruct;
  const init = (...arrays: NdArray[]): MutableTree => {
    const rest = arrays.values();
    const given = leaves.map((leaf) => (isArray(leaf) ? rest.next().value : leaf));
    const run = { variables: {}, rngs, args: tree.unflatten<unknown[]>(treedef, given), mutable, method };
    return runModule(module, { ...run, initializing: true })[1];
  };
  const variables = withPushed(running.recorders, recorder, () =>
    evalShape(init, ...(leaves.filter(isArray) as NdArray[])),
  );
  return [recorder.calls.toSorted((a, b) => a.index - b.index), variables as MutableTree];
}

function rowsOf(
  calls: readonly CallRecord[],
  variables: MutableTree,
  { depth = null, showRepeated = false }: TabulateOptions,
): Row[] {
  const key = (path: readonly string[]): string => path.join("/");
  const paths = new Set(calls.map((call) => key(call.path)));
  const seen = new Set<string>();
  const rows: Row[] = [];
  for (const call of calls) {
    const path = key(call.path);
    if (seen.has(path)) {
      if (showRepeated) rows.push({ call, shown: {}, counted: {} });
      continue;
    }
    if (depth !== null && call.path.length > depth) continue;
    seen.add(path);
    const all = variablesAt(variables, call.path);
    const isChild = (name: string): boolean => paths.has(key([...call.path, name]));
    const shown = Object.fromEntries(
      Object.entries(all).map(([name, own]) => [
        name,
        isPlainObject(own) ? Object.fromEntries(Object.entries(own).filter(([each]) => !isChild(each))) : own,
      ]),
    );
    rows.push({ call, shown, counted: call.path.length === depth ? all : shown });
  }
  return rows;
}

/** Each collection's variables at and below a path. */
function variablesAt(variables: MutableTree, path: readonly string[]): MutableTree {
  const found: MutableTree = {};
  for (const [collection, whole] of Object.entries(variables)) {
    let at: unknown = whole;
    for (const name of path) at = isPlainObject(at) ? at[name] : undefined;
    if (isPlainObject(at)) found[collection] = at;
  }
  return found;
}

/** Arrays as `float32[2,3]`, everything else as it prints. */
function represent(value: unknown): unknown {
  return tree.map((leaf: unknown) => {
    if (leaf instanceof NdArray || leaf instanceof ShapeDtypeStruct)
      return `${leaf.dtype}[${leaf.shape.join(",")}]`;
    return typeof leaf === "function" ? leaf.name : String(leaf);
  }, value);
}

interface Size {
  readonly size: number;
  readonly bytes: number;
}
const NOTHING: Size = { size: 0, bytes: 0 };

function total(trees: readonly unknown[]): Size {
  let [size, bytes] = [0, 0];
  for (const leaf of tree.leaves(trees)) {
    if (!(leaf instanceof ShapeDtypeStruct)) continue;
    size += leaf.size;
    bytes += leaf.size * DTYPE_INFO[leaf.dtype].bytes;
  }
  return { size, bytes };
}

function describeSize({ size, bytes }: Size): string {
  if (size === 0) return "";
  const scaled = (unit: number): string => grouped((bytes / unit).toFixed(1));
  let text = `${grouped(String(bytes))} B`;
  if (bytes > 1e9) text = `${scaled(1e9)} GB`;
  else if (bytes > 1e6) text = `${scaled(1e6)} MB`;
  else if (bytes > 1e3) text = `${scaled(1e3)} KB`;
  return `${grouped(String(size))} (${text})`;
}

/** With commas between thousands. */
const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** Floating operations of one call, or of it and its pullback. */
function flopsOf({ module, scope, method, args }: CallRecord, withVjp: boolean): number {
  const { leaves, treedef } = tree.flatten(args);
  const specs = leaves.flatMap((leaf) => (leaf instanceof NdArray ? [new ShapeDtypeStruct(leaf.aval)] : []));
  const { mutable } = scope.settings;
  const keys = Object.fromEntries([...scope.settings.rngs.keys()].map((name) => [name, PRNGKey(0)]));
  const run = (
    variables: MutableTree,
    rngs: Record<string, KeyLike>,
    arrays: NdArray[],
    initializing: boolean,
  ) => {
    const rest = arrays.values();
    const given = leaves.map((leaf) => (leaf instanceof NdArray ? rest.next().value : leaf));
    const lazy = new Map(Object.entries(rngs).map(([name, key]) => [name, new LazyRng(key)]));
    const settings = { variables, rngs: lazy, mutable, method, initializing };
    return runModule(module, { ...settings, args: tree.unflatten<unknown[]>(treedef, given) });
  };
  const variables = evalShape((...arrays: NdArray[]) => run({}, keys, arrays, true)[1], ...specs);
  const apply = (given: MutableTree, ...arrays: NdArray[]): [unknown, MutableTree] =>
    run(given, keys, arrays, false);
  const counted = withVjp
    ? (...primals: [MutableTree, ...NdArray[]]): unknown => {
        const [out, pullback] = vjp(apply, primals);
        return pullback(out);
      }
    : apply;
  const { graph } = makeJaxpr(counted)(variables as MutableTree, ...(specs as unknown as NdArray[]));
  return costOf(optimiseGraph(graph, new PassRunner({ donated: [] }, null, null))).flops;
}
