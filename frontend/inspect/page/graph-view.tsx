/** The fusion graph: equations in the colour of their kernel, and on every boundary its reason and what it costs. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { colorOf } from "./colors.ts";
import { useLinks, usePage } from "./context.ts";
import { bytes, plural, shortened } from "./format.ts";
import { type Layout, layoutOf, type PlacedArrow, type PlacedBox } from "./graph-layout.ts";
import { type Arrow, GraphModel } from "./graph-model.ts";

const LABEL = 44;

export function GraphView(): JSX.Element {
  const { report, route } = usePage();
  const { data } = report;
  const model = useMemo(
    () =>
      new GraphModel({
        nodes: data.nodes,
        edges: data.edges,
        titleOf: (i) => {
          const [first, ...more] = data.nodes[i].outputs.map((v) => data.values[v]);
          return first === undefined
            ? ""
            : `${first.name}: ${first.type}${more.length > 0 ? ` and ${more.length} more` : ""}`;
        },
        functionOf: ({ source }) =>
          source?.function ?? (source === null ? "no source" : data.files[source.file].name),
        lineOf: ({ source }) =>
          source === null ? "no source" : `${data.files[source.file].name}:${source.line}`,
      }),
    [data],
  );
  const [open, setOpen] = useState(model.openAtFirst);
  const [chosen, choose] = useState<Arrow | null>(null);
  const [zoom, setZoom] = useState(1);
  const wanted = route.rest[0] ?? (route.value === null ? undefined : data.values[route.value]?.name);
  const target = wanted === undefined ? undefined : report.nodeOf.get(report.byName.get(wanted) ?? -1);
  useEffect(() => {
    if (target !== undefined) setOpen((before) => new Set([...before, ...model.pathTo(target)]));
  }, [target, model]);
  const layout = useMemo(() => layoutOf(model.draw(open), (arrow) => labelOf(arrow)), [model, open]);
  const toggle = (id: string): void => {
    choose(null);
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  };
  const clusters = model.openClusters(open);
  return (
    <section class="graph-view">
      <h2>Fusion graph</h2>
      <p class="note">
        {plural(data.nodes.length, "equation")} in {plural(data.kernels.length, "kernel")}. A colour is a
        kernel; red arrows go through memory, with the reason and the bytes written and read. A dashed box
        stands for a function, or a line of it: click to open.
      </p>
      <div class="controls">
        <button type="button" onClick={() => setZoom(zoom * 1.25)} aria-label="larger">
          +
        </button>
        <button type="button" onClick={() => setZoom(zoom / 1.25)} aria-label="smaller">
          −
        </button>
        <button type="button" onClick={() => setZoom(1)}>
          1:1
        </button>
        <button type="button" onClick={() => setZoom(fitting(layout.width))}>
          fit
        </button>
        <button
          type="button"
          onClick={() => {
            choose(null);
            setOpen(new Set());
          }}
        >
          collapse all
        </button>
        {clusters.length <= 12 &&
          clusters.map(({ id, title }) => (
            <button key={id} type="button" class="open" onClick={() => toggle(id)} title="close">
              {shortened(title, 30)} ✕
            </button>
          ))}
      </div>
      <Legend />
      <Drawn layout={layout} zoom={zoom} target={target} onOpen={toggle} chosen={chosen} onChoose={choose} />
      {chosen !== null && <ArrowDetails arrow={chosen} />}
    </section>
  );
}

/** The zoom at which the whole width is seen. */
function fitting(width: number): number {
  const frame = document.querySelector(".drawing")?.clientWidth ?? width;
  return Math.min(1, frame / Math.max(1, width));
}

/** What stands on an arrow: nothing where the value stays in its kernel. */
function labelOf({ edges, boundaries, bytes: size }: Arrow): string[] {
  if (boundaries === 0) return [];
  const through = edges.filter((edge) => edge.boundary);
  const reasons = [...new Set(through.map((edge) => edge.reason))];
  const what = boundaries === 1 ? bytes(size) : `${boundaries} values, ${bytes(size)}`;
  const more = reasons.length > 1 ? ` and ${reasons.length - 1} more` : "";
  return [what, `${shortened(reasons[0], LABEL - more.length)}${more}`];
}

function Legend(): JSX.Element {
  const { report } = usePage();
  const { to } = useLinks();
  const { kernels } = report.data;
  return (
    <div class="legend">
      {kernels.slice(0, 40).map((kernel, i) => (
        <a key={kernel.name} href={to("kernels", kernel.name)}>
          <span class="chip" style={{ background: colorOf(i) }} /> {kernel.name}
        </a>
      ))}
      {kernels.length > 40 && <span class="note">and {kernels.length - 40} more</span>}
    </div>
  );
}

interface DrawnProps {
  readonly layout: Layout;
  readonly zoom: number;
  readonly target: number | undefined;
  readonly chosen: Arrow | null;
  onOpen(id: string): void;
  onChoose(arrow: Arrow): void;
}

function Drawn({ layout, zoom, target, chosen, onOpen, onChoose }: DrawnProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const { route } = usePage();
  const aim = target === undefined ? undefined : layout.boxes.find(({ box }) => box.nodes.includes(target));
  const first = layout.boxes[0];
  useEffect(() => {
    const element = frame.current;
    // The drawing may be wider than the frame: it begins where the graph does.
    if (element !== null && first !== undefined)
      element.scrollTo({ left: first.x - element.clientWidth / 2, top: 0 });
  }, [first]);
  useEffect(() => {
    const element = frame.current;
    if (element === null || aim === undefined) return;
    element.scrollTo({
      left: aim.x * zoom - element.clientWidth / 2,
      top: aim.y * zoom - element.clientHeight / 2,
    });
  }, [aim, zoom]);
  return (
    <div class="drawing" ref={frame}>
      <svg
        width={layout.width * zoom}
        height={layout.height * zoom}
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        role="img"
        aria-label="fusion graph"
      >
        <defs>
          <marker
            id="tip"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto-start-reverse"
          >
            <path d="M0 0 L8 4 L0 8 z" fill="context-stroke" />
          </marker>
        </defs>
        {layout.arrows.map((placed) => (
          <ArrowShape
            key={`${placed.arrow.from}\n${placed.arrow.to}`}
            placed={placed}
            chosen={placed.arrow === chosen}
            onChoose={onChoose}
          />
        ))}
        {layout.boxes.map((placed) => (
          <BoxShape
            key={placed.box.id}
            placed={placed}
            aimed={placed === aim && route.value !== null}
            onOpen={onOpen}
          />
        ))}
      </svg>
    </div>
  );
}

function ArrowShape({
  placed: { arrow, points, label, x, y },
  chosen,
  onChoose,
}: {
  readonly placed: PlacedArrow;
  readonly chosen: boolean;
  onChoose(arrow: Arrow): void;
}): JSX.Element {
  const path = points.map((p, i) => `${i === 0 ? "M" : "L"}${p.x} ${p.y}`).join(" ");
  const boundary = arrow.boundaries > 0;
  const title = arrow.edges.map((edge) => edge.reason).join("\n");
  return (
    <a
      class={`arrow ${boundary ? "boundary" : ""} ${chosen ? "chosen" : ""}`}
      href={location.hash}
      onClick={(event) => {
        event.preventDefault();
        onChoose(arrow);
      }}
    >
      <title>{title}</title>
      <path d={path} marker-end="url(#tip)" />
      {label.map((line, i) => (
        <text
          key={i}
          x={x}
          y={y + (i - (label.length - 1) / 2) * 14}
          text-anchor="middle"
          dominant-baseline="middle"
        >
          {line}
        </text>
      ))}
    </a>
  );
}

function BoxShape({
  placed: { box, x, y, width, height },
  aimed,
  onOpen,
}: {
  readonly placed: PlacedBox;
  readonly aimed: boolean;
  onOpen(id: string): void;
}): JSX.Element {
  const { report } = usePage();
  const { follow } = useLinks();
  const left = x - width / 2;
  const top = y - height / 2;
  const stripe = width / Math.max(1, box.kernels.length);
  const shape = (
    <>
      <title>{box.kernels.map((k) => report.data.kernels[k].name).join(", ") || "in no kernel"}</title>
      <rect x={left} y={top} width={width} height={height} rx={5} class={`back ${aimed ? "aimed" : ""}`} />
      {box.kernels.map((kernel, i) => (
        <rect
          key={kernel}
          x={left + i * stripe}
          y={top}
          width={stripe}
          height={height}
          rx={box.kernels.length === 1 ? 5 : 0}
          fill={colorOf(kernel)}
          fill-opacity={0.4}
        />
      ))}
      <text x={x} y={y - 7} text-anchor="middle" dominant-baseline="middle" class="title">
        {box.title}
      </text>
      <text x={x} y={y + 9} text-anchor="middle" dominant-baseline="middle">
        {box.detail}
      </text>
    </>
  );
  if (box.closed) {
    return (
      <a
        class="box closed"
        href={location.hash}
        onClick={(event) => {
          event.preventDefault();
          onOpen(box.id);
        }}
      >
        {shape}
      </a>
    );
  }
  const [value] = report.data.nodes[box.nodes[0]].outputs;
  return (
    <a class="box" href={value === undefined ? undefined : follow(value)}>
      {shape}
    </a>
  );
}

function ArrowDetails({ arrow }: { readonly arrow: Arrow }): JSX.Element {
  const { report } = usePage();
  const { follow } = useLinks();
  const { nodes, values } = report.data;
  return (
    <section class="details">
      <h3>{plural(arrow.edges.length, "edge")}</h3>
      <table>
        <tbody>
          {arrow.edges.slice(0, 200).map((edge, i) => (
            <tr key={i} class={edge.boundary ? "boundary" : ""}>
              <td>
                <a href={follow(edge.value)}>{values[edge.value].name}</a>
              </td>
              <td>
                {nodes[edge.from].op} → {nodes[edge.to].op}
              </td>
              <td class="right">{edge.boundary ? bytes(edge.bytes) : "fused"}</td>
              <td>{edge.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
