/** Graphs, fusion plans, kernels and programs in Graphviz's language: `weft dump … --format dot | dot -Tsvg`. */
import type { FusionGroup, FusionPlan } from "../../compiler/fusion/plan.ts";
import { type Equation, type Graph, subgraphsOf, Value } from "../../compiler/graph/graph.ts";
import type { Kernel, Stmt } from "../../compiler/kernel/kernel.ts";
import type { BufferRef, Program, Step } from "../../compiler/program/program.ts";
import { valueNames } from "../../compiler/text/graph-printer.ts";
import { kernelNames } from "../../compiler/text/kernel-names.ts";
import { printStmt } from "../../compiler/text/kernel-printer.ts";
import { formatSource } from "../../compiler/types/source.ts";
import { bytesOf } from "../../compiler/types/tensor-type.ts";

/** Fill colours of groups, in turn: ColorBrewer's Set3, which keeps black text readable. */
export const GROUP_COLORS = [
  "#8dd3c7",
  "#ffffb3",
  "#bebada",
  "#fb8072",
  "#80b1d3",
  "#fdb462",
  "#b3de69",
  "#fccde5",
  "#d9d9d9",
  "#bc80bd",
  "#ccebc5",
  "#ffed6f",
] as const;

class Writer {
  readonly #lines: string[] = [];
  #depth = 0;
  #next = 0;

  /** A name for a node or a cluster. */
  id(prefix: string): string {
    return `${prefix}${this.#next++}`;
  }

  line(text: string): void {
    this.#lines.push("  ".repeat(this.#depth) + text);
  }

  block(head: string, body: () => void): void {
    this.line(`${head} {`);
    this.#depth++;
    body();
    this.#depth--;
    this.line("}");
  }

  node(id: string, label: string, attributes: Readonly<Record<string, string>> = {}): void {
    this.line(`${id} [${attributeList({ label, ...attributes })}];`);
  }

  edge(from: string, to: string, attributes: Readonly<Record<string, string>> = {}): void {
    const list = attributeList(attributes);
    this.line(`${from} -> ${to}${list === "" ? "" : ` [${list}]`};`);
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

function attributeList(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([key, value]) => `${key}=${quoted(value)}`)
    .join(", ");
}

/** A string of the language; `\n` begins a line. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function digraph(name: string, body: (w: Writer) => void): string {
  const w = new Writer();
  w.block(`digraph ${quoted(name)}`, () => {
    w.line('node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica", fontsize=11];');
    w.line('edge [fontname="Helvetica", fontsize=9];');
    body(w);
  });
  return w.toString();
}

/** How a graph's parts are drawn. */
interface Style {
  /** Of an equation's box. */
  color?(equation: Equation): string | null;
  /** Of an edge to a consumer. */
  edge?(value: Value, consumer: Equation): Readonly<Record<string, string>>;
}

export function graphDot(graph: Graph): string {
  return digraph(graph.name, (w) => drawGraph(w, graph, {}));
}

function drawGraph(w: Writer, graph: Graph, style: Style): void {
  const names = valueNames(graph);
  const nodes = new Map<Value, string>();
  for (const input of graph.inputs) {
    const id = w.id("n");
    nodes.set(input, id);
    w.node(id, `${names.get(input)}\n${input.type.text}`, { shape: "ellipse", fillcolor: "#eeeeee" });
  }
  for (const equation of graph.equations) {
    const id = w.id("n");
    for (const v of equation.outputs) nodes.set(v, id);
    const results = equation.outputs.map((v) => `${names.get(v)}: ${v.type.text}`).join(", ");
    const location = equation.source?.resolve();
    const label = [equation.op, results, ...(location ? [formatSource(location)] : [])].join("\n");
    const color = style.color?.(equation) ?? null;
    w.node(id, label, color === null ? {} : { fillcolor: color });
    for (const x of new Set(equation.inputs)) {
      const from = x instanceof Value ? nodes.get(x) : undefined;
      if (!(x instanceof Value) || from === undefined) continue;
      w.edge(from, id, { label: x.type.text, ...style.edge?.(x, equation) });
    }
    for (const [i, inner] of subgraphsOf(equation).entries()) {
      w.block(`subgraph ${w.id("cluster_")}`, () => {
        w.line(`label=${quoted(`${equation.op} ${results}: graph ${i}, @${inner.name}`)};`);
        drawGraph(w, inner, style);
      });
    }
  }
  for (const [i, x] of graph.outputs.entries()) {
    const id = w.id("n");
    w.node(id, `result ${i}\n${x.type.text}`, { shape: "ellipse", fillcolor: "#eeeeee" });
    const from = x instanceof Value ? nodes.get(x) : undefined;
    if (from !== undefined) w.edge(from, id);
  }
}

/** The graph with equations coloured by their kernel; what crosses between kernels is bold, with its reason and bytes. */
export function planDot(plan: FusionPlan): string {
  const colors = new Map<Equation, string>();
  const owner = new Map<Equation, FusionGroup>();
  const reasons = new Map<Value, Map<Equation, string>>();
  let next = 0;
  const collect = ({ graph, groups, inlined, decisions }: FusionPlan): void => {
    for (const group of groups) {
      const color = GROUP_COLORS[next++ % GROUP_COLORS.length];
      for (const root of group.roots) {
        colors.set(root, color);
        owner.set(root, group);
      }
      group.regions.forEach(collect);
    }
    // What is inlined belongs to the first kernel that computes it.
    const consumers = new Map<Value, Equation>();
    for (const e of graph.equations.toReversed()) {
      const into = inlined.has(e) ? e.outputs.map((v) => consumers.get(v)).find((c) => c) : undefined;
      const group = into === undefined ? undefined : owner.get(into);
      if (into !== undefined && group !== undefined) {
        owner.set(e, group);
        colors.set(e, colors.get(into) ?? "white");
      }
      for (const x of e.inputs) if (x instanceof Value) consumers.set(x, e);
    }
    for (const { value, consumer, decision, reason } of decisions) {
      if (decision === "allow") continue;
      const list = reasons.get(value) ?? new Map<Equation, string>();
      list.set(consumer, reason);
      reasons.set(value, list);
    }
  };
  collect(plan);
  const producers = new Map<Value, Equation>();
  const index = ({ graph, groups }: FusionPlan): void => {
    for (const e of graph.equations) for (const v of e.outputs) producers.set(v, e);
    for (const group of groups) group.regions.forEach(index);
  };
  index(plan);
  return digraph(plan.graph.name, (w) =>
    drawGraph(w, plan.graph, {
      color: (e) => colors.get(e) ?? null,
      edge: (value, consumer): Readonly<Record<string, string>> => {
        const producer = producers.get(value);
        if (producer === undefined || owner.get(producer) === owner.get(consumer)) return {};
        const reason = reasons.get(value)?.get(consumer);
        const label = [value.type.text, `${bytesOf(value.type)} bytes`, ...(reason ? [reason] : [])].join(
          "\n",
        );
        return { label, penwidth: "2.5", color: "#c0392b" };
      },
    }),
  );
}

/** The statements of each kernel as a tree. */
export function kernelsDot(kernels: readonly Kernel[], name: string): string {
  return digraph(name, (w) => {
    for (const kernel of kernels) {
      w.block(`subgraph ${w.id("cluster_")}`, () => {
        w.line(`label=${quoted(kernel.name)};`);
        const names = kernelNames(kernel);
        const root = w.id("n");
        const params = kernel.params.map((p) => `%${names.values.get(p)}: ${p.dtype}[${p.size}] ${p.access}`);
        w.node(root, [kernel.name, ...params].join("\n"), { fillcolor: "#eeeeee" });
        const draw = (stmts: readonly Stmt[], above: string, label: string): void => {
          for (const stmt of stmts) {
            const id = w.id("n");
            w.node(id, printStmt(stmt, names), { fillcolor: stmt.kind === "loop" ? "#d6eaf8" : "white" });
            w.edge(above, id, label === "" ? {} : { label });
            if (stmt.kind === "loop" || stmt.kind === "while") draw(stmt.body, id, "");
            if (stmt.kind === "if") {
              draw(stmt.then, id, "then");
              draw(stmt.else, id, "else");
            }
          }
        };
        draw(kernel.body, root, "");
      });
    }
  });
}

/** The schedule: steps in their order, and the buffers that flow between them. */
export function programDot(program: Program): string {
  return digraph(program.name, (w) => {
    const buffers = new Map<number, string>();
    const bufferNode = ({ buffer }: BufferRef): string => {
      const known = buffers.get(buffer);
      if (known !== undefined) return known;
      const found = program.buffers.find((each) => each.id === buffer);
      const id = w.id("b");
      buffers.set(buffer, id);
      const place = found?.kind === "temp" ? ` at ${found.offset}` : "";
      const label = found
        ? `${found.kind} ${found.label}\n${found.dtype}[${found.shape.join(",")}], ${found.bytes} bytes${place}`
        : `buffer ${buffer}`;
      w.node(id, label, { shape: "cylinder", fillcolor: found?.kind === "temp" ? "#fdebd0" : "#eeeeee" });
      return id;
    };
    const kernels = new Map(program.kernels.map((kernel) => [kernel.name, kernel]));
    let previous: string | null = null;
    const inOrder = (id: string): void => {
      if (previous !== null) w.edge(previous, id, { style: "dotted", arrowhead: "none" });
      previous = id;
    };
    const draw = (steps: readonly Step[]): void => {
      for (const step of steps) drawStep(step);
    };
    const cluster = (label: string, body: () => void): void =>
      w.block(`subgraph ${w.id("cluster_")}`, () => {
        w.line(`label=${quoted(label)};`);
        body();
      });
    const drawStep = (step: Step): void => {
      switch (step.kind) {
        case "launch": {
          const id = w.id("s");
          w.node(id, step.kernel, { fillcolor: "#d6eaf8" });
          inOrder(id);
          for (const [i, arg] of step.args.entries()) {
            const access = kernels.get(step.kernel)?.params[i]?.access ?? "read";
            const node = bufferNode(arg);
            if (access !== "write") w.edge(node, id);
            if (access !== "read") w.edge(id, node);
          }
          return;
        }
        case "copy": {
          const id = w.id("s");
          w.node(id, `copy ${step.bytes} bytes`, { fillcolor: "#fdedec" });
          inOrder(id);
          w.edge(bufferNode(step.from), id);
          w.edge(id, bufferNode(step.to));
          return;
        }
        case "for":
          return cluster(`${step.trips} times`, () => draw(step.body));
        case "while":
          return cluster("while", () => {
            draw(step.cond);
            draw(step.body);
          });
        case "branch":
          for (const [i, steps] of step.cases.entries()) {
            const threads = i === 0 ? "one thread" : "several threads";
            cluster(step.index === "threads" ? threads : `case ${i}`, () => draw(steps));
          }
          return;
        default:
          return step satisfies never;
      }
    };
    draw(program.schedule);
  });
}
