/** A card for every kernel: what it is given, how it loops, what it costs, and its time against the roofline. */
import * as Plot from "@observablehq/plot";
import type { JSX } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Machine } from "../measure/machine.ts";
import type { KernelCard } from "../report-data.ts";
import { colorOf } from "./colors.ts";
import { usePage } from "./context.ts";
import { bytes, count, percent, plural, time } from "./format.ts";
import { PlotBox } from "./plot.tsx";
import { cardPath } from "./route.ts";
import { gpuTexts, type TextList, Texts, wasmTexts } from "./value-panel.tsx";

export function KernelsView(): JSX.Element {
  const { report } = usePage();
  const { kernels, machine, gpu, gpuMachine } = report.data;
  return (
    <section>
      <h2>Kernels</h2>
      <Roofline kernels={kernels} machine={machine} where="One core of this machine" />
      {kernels.length === 0 && <p>There are none: nothing has to be computed.</p>}
      <Cards kernels={kernels} machine={machine} textsOf={wasmTexts} device="wasm" />
      {gpu.length > 0 && <h2>Kernels for WebGPU</h2>}
      <Roofline kernels={gpu} machine={gpuMachine} where="The GPU" />
      <Cards kernels={gpu} machine={gpuMachine} textsOf={gpuTexts} device="webgpu" />
    </section>
  );
}

/** Kernels whose names fit beside their points. */
const NAMED = 4;

/** Floating operations, and those within math functions. */
function operationsOf({ cost }: KernelCard): number {
  return cost.flops + cost.mathOperations;
}

/** Operations for each byte that has to be moved. */
function intensityOf(kernel: KernelCard): number {
  const moved = kernel.cost.bytesRead + kernel.cost.bytesWritten;
  return moved === 0 ? 0 : operationsOf(kernel) / moved;
}

/** The least milliseconds that the machine allows. */
function bestTime(kernel: KernelCard, { flops, bandwidth }: Machine): number {
  const moved = kernel.cost.bytesRead + kernel.cost.bytesWritten;
  return 1000 * Math.max(operationsOf(kernel) / flops, moved / bandwidth);
}

interface RooflineProps {
  readonly kernels: readonly KernelCard[];
  readonly machine: Machine | null;
  /** Whose speed it is. */
  readonly where: string;
}

/** Nothing where nothing was measured. */
function Roofline({ machine, ...rest }: RooflineProps): JSX.Element | null {
  const measured = rest.kernels.some((kernel) => kernel.milliseconds !== null);
  return machine !== null && measured ? <RooflinePlot machine={machine} {...rest} /> : null;
}

function RooflinePlot({
  kernels,
  machine,
  where,
}: RooflineProps & { readonly machine: Machine }): JSX.Element {
  const make = useCallback(
    (width: number) => {
      const points = kernels.flatMap((kernel, i) => {
        const { milliseconds, name } = kernel;
        const intensity = intensityOf(kernel);
        if (milliseconds === null || milliseconds === 0 || intensity === 0) return [];
        return [{ name, intensity, speed: operationsOf(kernel) / milliseconds / 1e6, color: colorOf(i) }];
      });
      const ridge = machine.flops / machine.bandwidth;
      const low = Math.min(ridge / 10, ...points.map((p) => p.intensity / 2));
      const high = Math.max(ridge * 10, ...points.map((p) => p.intensity * 2));
      const roof = [low, ridge, high].map((x) => ({
        x,
        y: Math.min(machine.flops, x * machine.bandwidth) / 1e9,
      }));
      return Plot.plot({
        width,
        height: Math.max(220, Math.min(360, width / 2)),
        marginLeft: 55,
        x: { type: "log", label: "operations per byte", grid: true, tickFormat: count },
        y: { type: "log", label: "GFLOP/s", grid: true, tickFormat: count },
        marks: [
          Plot.line(roof, { x: "x", y: "y", strokeWidth: 2 }),
          Plot.dot(points, {
            x: "intensity",
            y: "speed",
            fill: "color",
            r: 6,
            stroke: "currentColor",
            channels: { kernel: "name" },
            tip: { format: { fill: false } },
          }),
          // More names than these lie on one another; the colours are those of the cards.
          Plot.text(points.length <= NAMED ? points : [], {
            x: "intensity",
            y: "speed",
            text: "name",
            dy: -12,
            fill: "currentColor",
          }),
        ],
      });
    },
    [kernels, machine],
  );
  return (
    <figure>
      <PlotBox make={make} label="speed of the kernels against what the machine allows" />
      <figcaption class="note">
        {where}: {count(machine.flops)}FLOP/s{machine.fused ? " fused" : ""}, {count(machine.bandwidth)}B/s
        copied. Kernels above the line work within the caches. Operations within math functions count.
      </figcaption>
    </figure>
  );
}

function Cards<K extends KernelCard>({
  kernels,
  textsOf,
  ...rest
}: Pick<CardProps, "machine" | "device"> & {
  readonly kernels: readonly K[];
  readonly textsOf: (kernel: K) => TextList;
}): JSX.Element {
  return (
    <>
      {kernels.map((kernel, i) => (
        <Card key={kernel.name} kernel={kernel} number={i} texts={textsOf(kernel)} {...rest} />
      ))}
    </>
  );
}

interface CardProps {
  readonly kernel: KernelCard;
  readonly texts: TextList;
  readonly device: "wasm" | "webgpu";
  readonly number: number;
  readonly machine: Machine | null;
}

function Card({ kernel, number, machine, texts, device }: CardProps): JSX.Element {
  const { route } = usePage();
  const wanted = route.view === "kernels" && route.rest.join("/") === cardPath(kernel.name, device).join("/");
  const [open, setOpen] = useState(wanted);
  const element = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (!wanted) return;
    setOpen(true);
    element.current?.scrollIntoView({ block: "start" });
  }, [wanted]);
  const best = machine === null ? 0 : bestTime(kernel, machine);
  const share = kernel.milliseconds === null || kernel.milliseconds === 0 ? null : best / kernel.milliseconds;
  return (
    <details class="card" ref={element} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="chip" style={{ background: colorOf(number) }} /> <strong>{kernel.name}</strong>
        <span class="note">
          {kernel.group === "" ? "fills memory" : `group ${kernel.group}`},{" "}
          {plural(kernel.launches, "launch").replace(/launchs$/, "launches")}
          {kernel.milliseconds !== null && `, ${time(kernel.milliseconds)}`}
          {share !== null && best > 0 && `, ${percent(share)} of the roofline`}
        </span>
      </summary>
      {open && <CardBody kernel={kernel} texts={texts} best={best} />}
    </details>
  );
}

function CardBody({
  kernel,
  texts,
  best,
}: Pick<CardProps, "kernel" | "texts"> & { readonly best: number }): JSX.Element {
  const { report } = usePage();
  const { cost, params, loops, sources } = kernel;
  const moved = cost.bytesRead + cost.bytesWritten;
  const functions = Object.entries(cost.transcendentals).map(([name, n]) => `${count(n)} ${name}`);
  const facts: readonly (readonly [string, string])[] = [
    [
      "operations",
      `${count(cost.flops)} floating${cost.integerOps > 0 ? `, ${count(cost.integerOps)} integer` : ""}`,
    ],
    [
      "math functions",
      functions.length === 0 ? "none" : `${functions.join(", ")}: ${count(cost.mathOperations)} operations`,
    ],
    ["bytes", `${bytes(cost.bytesRead)} read, ${bytes(cost.bytesWritten)} written`],
    ["arithmetic intensity", moved === 0 ? "" : `${intensityOf(kernel).toPrecision(3)} operations per byte`],
    [
      "time of a launch",
      kernel.milliseconds === null
        ? "not measured"
        : `${time(kernel.milliseconds)}, the roofline ${time(best)}`,
    ],
    ["source", [...new Set(sources.map((s) => report.place(s)))].join(", ")],
  ];
  return (
    <>
      <dl class="facts">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {cost.dataDependent && <p class="note">A loop runs until its data say so: its body is counted once.</p>}
      <div class="columns">
        <div>
          <h4>Buffers</h4>
          <table>
            <tbody>
              {params.map((param) => (
                <tr key={param.name}>
                  <td>{param.name}</td>
                  <td>{param.type}</td>
                  <td>{param.access}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <div>
          <h4>Loops</h4>
          {loops.length === 0 ? (
            <p class="note">none</p>
          ) : (
            <ul class="loops">
              {loops.map((loop, i) => (
                <li key={i} style={{ paddingLeft: `${1.2 * loop.depth}em` }}>
                  <span class={`axis ${loop.kind}`}>{loop.kind}</span> {loop.name} in 0..{loop.extent}
                </li>
              ))}
            </ul>
          )}
        </div>
      </div>
      <Texts texts={texts} values={kernel.values} />
    </>
  );
}
