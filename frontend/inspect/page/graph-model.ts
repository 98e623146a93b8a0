/**
 * What of a graph is drawn: equations, and boxes that stand for many of them. Large graphs begin collapsed by source
 * function; a function opens into its lines, and a line into runs of equations, so that what one click adds stays small.
 */
import type { EdgeInfo, NodeInfo } from "../report-data.ts";

/** A box: one equation, or all of a cluster that is closed. */
export interface Box {
  readonly id: string;
  readonly title: string;
  /** Below the title. */
  readonly detail: string;
  /** Positions of equations. */
  readonly nodes: readonly number[];
  /** Positions of kernels that compute any of them. */
  readonly kernels: readonly number[];
  /** Whether a click opens it. */
  readonly closed: boolean;
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly edges: readonly EdgeInfo[];
  /** Of the edges that go through memory; one value counts once. */
  readonly boundaries: number;
  readonly bytes: number;
}

export interface Drawing {
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

/** A cluster that is open and can be closed again. */
export interface OpenCluster {
  readonly id: string;
  readonly title: string;
}

export interface GraphInput {
  readonly nodes: readonly NodeInfo[];
  readonly edges: readonly EdgeInfo[];
  /** Of a node: its name and type, its source function and its line. */
  titleOf(node: number): string;
  functionOf(node: NodeInfo): string;
  lineOf(node: NodeInfo): string;
}

/** Graphs of so many equations are drawn whole at first. */
export const WHOLE = 80;
/** A function of so many equations opens into its lines, a line of so many into runs. */
const MANY = 60;
const RUN = 40;

interface Cluster {
  readonly id: string;
  readonly title: string;
  readonly nodes: readonly number[];
  readonly inner: readonly (Cluster | number)[];
}

export class GraphModel {
  readonly #input: GraphInput;
  readonly #clusters: readonly Cluster[];

  constructor(input: GraphInput) {
    this.#input = input;
    this.#clusters = grouped(input.nodes, input.functionOf, (nodes) => [...nodes]).map(
      ([name, nodes]): Cluster => ({
        id: `f ${name}`,
        title: name,
        nodes,
        inner: this.#insideFunction(name, nodes),
      }),
    );
  }

  /** What is open at first: everything in a small graph; in a large one nothing, or the only function. */
  get openAtFirst(): ReadonlySet<string> {
    if (this.#input.nodes.length <= WHOLE) return this.#allIds();
    return new Set(this.#clusters.length === 1 ? [this.#clusters[0].id] : []);
  }

  /** The clusters to open so that an equation is seen. */
  pathTo(node: number): string[] {
    const path: string[] = [];
    const visit = (clusters: readonly (Cluster | number)[]): void => {
      for (const each of clusters) {
        if (typeof each === "number" || !each.nodes.includes(node)) continue;
        path.push(each.id);
        visit(each.inner);
      }
    };
    visit(this.#clusters);
    return path;
  }

  openClusters(open: ReadonlySet<string>): OpenCluster[] {
    const found: OpenCluster[] = [];
    const visit = (clusters: readonly (Cluster | number)[]): void => {
      for (const each of clusters) {
        if (typeof each === "number" || !open.has(each.id)) continue;
        found.push({ id: each.id, title: each.title });
        visit(each.inner);
      }
    };
    visit(this.#clusters);
    return found;
  }

  draw(open: ReadonlySet<string>): Drawing {
    const boxes: Box[] = [];
    const boxOf = new Map<number, string>();
    const put = (box: Box): void => {
      boxes.push(box);
      for (const node of box.nodes) boxOf.set(node, box.id);
    };
    const visit = (clusters: readonly (Cluster | number)[]): void => {
      for (const each of clusters) {
        if (typeof each === "number") put(this.#equation(each));
        else if (open.has(each.id)) visit(each.inner);
        else put(this.#closed(each));
      }
    };
    visit(this.#clusters);
    return { boxes, arrows: this.#arrows(boxOf) };
  }

  #allIds(): Set<string> {
    const ids = new Set<string>();
    const visit = (clusters: readonly (Cluster | number)[]): void => {
      for (const each of clusters) {
        if (typeof each === "number") continue;
        ids.add(each.id);
        visit(each.inner);
      }
    };
    visit(this.#clusters);
    return ids;
  }

  #insideFunction(name: string, nodes: readonly number[]): readonly (Cluster | number)[] {
    if (nodes.length <= MANY) return nodes;
    const { nodes: all, lineOf } = this.#input;
    const lines = grouped(
      nodes.map((i) => all[i]),
      lineOf,
      (positions) => positions.map((p) => nodes[p]),
    );
    return lines.map(([line, own]): Cluster | number =>
      own.length === 1
        ? own[0]
        : { id: `l ${name} ${line}`, title: line, nodes: own, inner: runs(`l ${name} ${line}`, own) },
    );
  }

  #equation(node: number): Box {
    const { nodes, titleOf } = this.#input;
    const { op, kernels } = nodes[node];
    return { id: `n ${node}`, title: op, detail: titleOf(node), nodes: [node], kernels, closed: false };
  }

  #closed({ id, title, nodes }: Cluster): Box {
    const all = this.#input.nodes;
    const kernels = [...new Set(nodes.flatMap((i) => all[i].kernels))].sort((a, b) => a - b);
    const detail = `${nodes.length} equations, ${kernels.length} kernel${kernels.length === 1 ? "" : "s"}`;
    return { id, title, detail, nodes, kernels, closed: true };
  }

  #arrows(boxOf: ReadonlyMap<number, string>): Arrow[] {
    const found = new Map<
      string,
      { readonly from: string; readonly to: string; readonly edges: EdgeInfo[] }
    >();
    for (const edge of this.#input.edges) {
      const from = boxOf.get(edge.from);
      const to = boxOf.get(edge.to);
      if (from === undefined || to === undefined || from === to) continue;
      const key = `${from}\n${to}`;
      const arrow = found.get(key);
      if (arrow === undefined) found.set(key, { from, to, edges: [edge] });
      else arrow.edges.push(edge);
    }
    return [...found.values()].map(({ from, to, edges }) => {
      const through = new Map(edges.filter((e) => e.boundary).map((e) => [e.value, e.bytes]));
      const bytes = [...through.values()].reduce((sum, n) => sum + n, 0);
      return { from, to, edges, boundaries: through.size, bytes };
    });
  }
}

/** Positions by a key of what stands there, in the order in which keys first come. */
function grouped(
  nodes: readonly NodeInfo[],
  keyOf: (node: NodeInfo) => string,
  map: (positions: readonly number[]) => number[],
): [string, number[]][] {
  const groups = new Map<string, number[]>();
  for (const [i, node] of nodes.entries()) {
    const key = keyOf(node);
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [i]);
    else list.push(i);
  }
  return [...groups].map(([key, positions]) => [key, map(positions)]);
}

/** Equations as they are, or in runs of runs where they are many. */
function runs(id: string, nodes: readonly number[]): readonly (Cluster | number)[] {
  if (nodes.length <= MANY) return nodes;
  const size = Math.max(RUN, Math.ceil(nodes.length / RUN));
  const parts: Cluster[] = [];
  for (let at = 0; at < nodes.length; at += size) {
    const own = nodes.slice(at, at + size);
    const part = `${id} ${at}`;
    parts.push({
      id: part,
      title: `equations ${at + 1} to ${at + own.length}`,
      nodes: own,
      inner: runs(part, own),
    });
  }
  return parts;
}
