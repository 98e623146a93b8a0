/** Where boxes and arrows go: by dagre, in layers from the top. */
import { Graph, layout } from "@dagrejs/dagre";
import type { Arrow, Box, Drawing } from "./graph-model.ts";

export interface PlacedBox {
  readonly box: Box;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedArrow {
  readonly arrow: Arrow;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly label: readonly string[];
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PlacedBox[];
  readonly arrows: readonly PlacedArrow[];
}

/** Of one letter, on average. */
const LETTER = 6.6;
const LINE = 15;
const PADDING = 10;

export function layoutOf({ boxes, arrows }: Drawing, labelOf: (arrow: Arrow) => readonly string[]): Layout {
  const graph = new Graph();
  graph.setGraph({ rankdir: "TB", nodesep: 24, ranksep: 34, marginx: 16, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  const widthOf = (lines: readonly string[]): number =>
    Math.max(...lines.map((line) => line.length)) * LETTER + 2 * PADDING;
  for (const box of boxes) {
    graph.setNode(box.id, { width: widthOf([box.title, box.detail]), height: 2 * LINE + PADDING });
  }
  const labels = arrows.map(labelOf);
  for (const [i, { from, to }] of arrows.entries()) {
    const lines = labels[i];
    const size =
      lines.length === 0 ? { width: 0, height: 0 } : { width: widthOf(lines), height: lines.length * LINE };
    graph.setEdge(from, to, { ...size, labelpos: "c" });
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width,
    height,
    boxes: boxes.map((box) => {
      const node = graph.node(box.id);
      return { box, x: node.x, y: node.y, width: node.width, height: node.height };
    }),
    arrows: arrows.map((arrow, i) => {
      const edge = graph.edge(arrow.from, arrow.to);
      return { arrow, points: edge.points ?? [], label: labels[i], x: edge.x ?? 0, y: edge.y ?? 0 };
    }),
  };
}
