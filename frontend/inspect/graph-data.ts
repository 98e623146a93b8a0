/** Graphs and fusion plans as plain data, for `--json` and the inspector's page. docs/inspection.md shows the shapes. */
import type { FusionGroup, FusionPlan } from "../../compiler/fusion/plan.ts";
import {
  type Attribute,
  DeferredGraph,
  DenseTensor,
  type Equation,
  Graph,
  type Operand,
  type Value,
} from "../../compiler/graph/graph.ts";
import { isList } from "../../compiler/graph/param-kinds.ts";
import { fromDense } from "../../compiler/interpret/tensors.ts";
import { valueNames } from "../../compiler/text/graph-printer.ts";
import { formatNumber } from "../../compiler/text/numbers.ts";
import type { SourceRef } from "../../compiler/types/source.ts";
import { bytesOf, type TensorType } from "../../compiler/types/tensor-type.ts";
import { relativeFile } from "./sources.ts";

/** JSON has no infinities and NaN: those are the strings `inf`, `-inf` and `nan`. */
export type NumberData = number | string;

export interface TypeData {
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface SourceData {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly function: string | null;
}

/** A value by its name in the text form, or a literal. */
export type OperandData =
  | { readonly value: string }
  | { readonly literal: NumberData; readonly type: TypeData };

export interface NamedType {
  readonly name: string;
  readonly type: TypeData;
}

export type AttributeData =
  | null
  | boolean
  | NumberData
  | readonly AttributeData[]
  | { readonly [key: string]: AttributeData }
  | { readonly graph: GraphData }
  | { readonly dense: { readonly type: TypeData; readonly elements: readonly NumberData[] } }
  | { readonly deferred: true };

export interface EquationData {
  readonly outputs: readonly NamedType[];
  readonly op: string;
  readonly inputs: readonly OperandData[];
  readonly params: { readonly [key: string]: AttributeData };
  readonly source: SourceData | null;
}

export interface GraphData {
  readonly name: string;
  readonly inputs: readonly NamedType[];
  readonly equations: readonly EquationData[];
  readonly outputs: readonly OperandData[];
}

export interface GroupData {
  readonly id: number;
  readonly kind: string;
  /** Results of the equations whose values the kernel computes for itself or others. */
  readonly roots: readonly string[];
  readonly outputs: readonly NamedType[];
  readonly parts: readonly GroupData[];
  readonly regions: readonly PlanData[];
}

export interface DecisionData {
  readonly value: string;
  readonly producer: string;
  readonly consumer: string;
  readonly decision: "allow" | "forbid";
  readonly reason: string;
  /** Of the value: what a boundary here writes to memory, and reads back. */
  readonly bytes: number;
}

export interface PlanData {
  readonly graph: string;
  readonly groups: readonly GroupData[];
  readonly inlined: readonly string[];
  readonly decisions: readonly DecisionData[];
}

type Names = ReadonlyMap<Value, string>;

export function numberData(x: number): NumberData {
  return Number.isFinite(x) ? x : formatNumber(x);
}

export function typeData({ dtype, shape }: TensorType): TypeData {
  return { dtype, shape };
}

/** A location with its file relative to `folder`, or null where it is unknown. */
export function sourceData(source: SourceRef | null, folder: string): SourceData | null {
  const location = source?.resolve();
  if (!location) return null;
  const { file, line, column, functionName } = location;
  return { file: relativeFile(file, folder), line, column, function: functionName ?? null };
}

/** `folder`: source files are named relative to it. */
export function graphData(graph: Graph, folder: string): GraphData {
  const names = valueNames(graph);
  return {
    name: graph.name,
    inputs: graph.inputs.map((x) => named(x, names)),
    equations: graph.equations.map((equation) => equationData(equation, names, folder)),
    outputs: graph.outputs.map((x) => operandData(x, names)),
  };
}

function named(x: Value, names: Names): NamedType {
  return { name: names.get(x) ?? "%undefined", type: typeData(x.type) };
}

function operandData(x: Operand, names: Names): OperandData {
  if (x.kind === "value") return { value: names.get(x) ?? "%undefined" };
  return { literal: numberData(x.value), type: typeData(x.type) };
}

function equationData(equation: Equation, names: Names, folder: string): EquationData {
  const params = Object.entries(equation.params).map(([key, a]) => [key, attributeData(a, folder)] as const);
  return {
    outputs: equation.outputs.map((x) => named(x, names)),
    op: equation.op,
    inputs: equation.inputs.map((x) => operandData(x, names)),
    params: Object.fromEntries(params),
    source: sourceData(equation.source, folder),
  };
}

function attributeData(a: Attribute, folder: string): AttributeData {
  if (a === null || typeof a === "boolean" || typeof a === "string") return a;
  if (typeof a === "number") return numberData(a);
  if (a instanceof Graph) return { graph: graphData(a, folder) };
  if (a instanceof DenseTensor) {
    return { dense: { type: typeData(a.type), elements: Array.from(fromDense(a).data, numberData) } };
  }
  if (a instanceof DeferredGraph) return { deferred: true };
  if (isList(a)) return a.map((item) => attributeData(item, folder));
  return Object.fromEntries(Object.entries(a).map(([key, item]) => [key, attributeData(item, folder)]));
}

export function planData(plan: FusionPlan): PlanData {
  const names = valueNames(plan.graph);
  const result = (e: Equation): string => e.outputs.map((v) => names.get(v) ?? "%undefined").join(", ");
  return {
    graph: plan.graph.name,
    groups: plan.groups.map((group) => groupData(group, names)),
    inlined: plan.graph.equations.filter((e) => plan.inlined.has(e)).map(result),
    decisions: plan.decisions.map(({ value, producer, consumer, decision, reason }) => ({
      value: names.get(value) ?? "%undefined",
      producer: producer.op,
      consumer: result(consumer),
      decision,
      reason,
      bytes: bytesOf(value.type),
    })),
  };
}

function groupData(group: FusionGroup, names: Names): GroupData {
  const { id, kind, roots, outputs, parts, regions } = group;
  return {
    id,
    kind,
    roots: roots.flatMap((e) => e.outputs.map((v) => names.get(v) ?? "%undefined")),
    outputs: outputs.map((v) => named(v, names)),
    parts: parts.map((part) => groupData(part, names)),
    regions: regions.map(planData),
  };
}
