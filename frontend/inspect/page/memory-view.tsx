/** Temporary memory over time: which buffer lies where, from when to when; the peak, and what is donated. */
import * as Plot from "@observablehq/plot";
import type { JSX } from "preact";
import { useCallback } from "preact/hooks";
import type { MemoryInfo } from "../report-data.ts";
import { usePage } from "./context.ts";
import { bytes } from "./format.ts";
import { PlotBox } from "./plot.tsx";

interface Placed {
  readonly label: string;
  readonly bytes: number;
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

function placedOf({ buffers }: MemoryInfo): Placed[] {
  return buffers.flatMap(({ label, type, bytes: size, place }) =>
    place === null || size === 0 ? [] : [{ label: `${label} ${type}`, bytes: size, ...place }],
  );
}

export function MemoryView(): JSX.Element {
  const { report } = usePage();
  const { memory } = report.data;
  const placed = placedOf(memory);
  const peak = memory.moments.reduce((a, b) => (b.bytes > a.bytes ? b : a), memory.moments[0] ?? null);
  const alive = placed
    .filter(({ start, end }) => peak !== null && start <= peak.position && peak.position <= end)
    .sort((a, b) => b.bytes - a.bytes);
  const sum = (kind: string): number =>
    memory.buffers.filter((b) => b.kind === kind).reduce((n, b) => n + b.bytes, 0);
  return (
    <section>
      <h2>Memory</h2>
      <dl class="facts">
        <Fact
          name="temporary arena"
          text={`${bytes(memory.tempBytes)}; no plan can have less than ${bytes(memory.lowerBound)}`}
        />
        <Fact name="inputs" text={bytes(sum("input"))} />
        <Fact name="outputs" text={bytes(sum("output"))} />
        <Fact name="constants" text={bytes(memory.constantBytes)} />
        {peak !== null && peak.bytes > 0 && (
          <Fact name="peak" text={`${bytes(peak.bytes)} at step ${peak.position}, ${peak.step}`} />
        )}
        {alive.length > 0 && <Fact name="peak owner" text={`${alive[0].label}, ${bytes(alive[0].bytes)}`} />}
      </dl>
      {placed.length === 0 ? (
        <p>No temporary buffers: everything is computed into the outputs.</p>
      ) : (
        <MemoryPlot memory={memory} placed={placed} />
      )}
      <h3>Donations</h3>
      {memory.donations.length === 0 && memory.unused.length === 0 && <p class="note">no input is donated</p>}
      <ul>
        {memory.donations.map(({ output, input, bytes: size }) => (
          <li key={output}>
            {output} is written over {input}, {bytes(size)} saved
          </li>
        ))}
        {memory.unused.map((input) => (
          <li key={input}>{input} is donated, and no output can be written over it</li>
        ))}
      </ul>
      <h3>At the peak</h3>
      {alive.length === 0 && <p class="note">nothing</p>}
      <BufferTable buffers={alive} />
      <h3>Schedule</h3>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th class="right">step</th>
              <th>what</th>
              <th class="right">temporary bytes</th>
            </tr>
          </thead>
          <tbody>
            {memory.moments.map((moment) => (
              <tr key={moment.position}>
                <td class="right">{moment.position}</td>
                <td style={{ paddingLeft: `${0.5 + 1.2 * moment.depth}em` }}>{moment.step}</td>
                <td class="right">{bytes(moment.bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Fact({ name, text }: { readonly name: string; readonly text: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function BufferTable({ buffers }: { readonly buffers: readonly Placed[] }): JSX.Element {
  return (
    <table>
      <tbody>
        {buffers.map((buffer, i) => (
          <tr key={i}>
            <td>{buffer.label}</td>
            <td class="right">{bytes(buffer.bytes)}</td>
            <td class="note">
              at {buffer.offset}, steps {buffer.start} to {buffer.end}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function MemoryPlot({
  memory,
  placed,
}: {
  readonly memory: MemoryInfo;
  readonly placed: readonly Placed[];
}): JSX.Element {
  const make = useCallback(
    (width: number) =>
      Plot.plot({
        width,
        height: 320,
        marginLeft: 70,
        x: { label: "step of the schedule" },
        y: { label: "byte of the arena", tickFormat: (n: number) => bytes(n), grid: true },
        color: { scheme: "Spectral", type: "ordinal" },
        marks: [
          Plot.rect(placed, {
            x1: (d: Placed) => d.start - 0.5,
            x2: (d: Placed) => d.end + 0.5,
            y1: "offset",
            y2: (d: Placed) => d.offset + d.bytes,
            fill: "label",
            fillOpacity: 0.65,
            stroke: "currentColor",
            strokeWidth: 0.5,
            inset: 0.5,
            title: (d: Placed) =>
              `${d.label}\n${bytes(d.bytes)} at ${d.offset}\nsteps ${d.start} to ${d.end}`,
            tip: true,
          }),
          Plot.line(memory.moments, {
            x: "position",
            y: "bytes",
            curve: "step",
            strokeWidth: 1.5,
            strokeDasharray: "4 3",
          }),
        ],
      }),
    [memory, placed],
  );
  return (
    <figure>
      <PlotBox make={make} label="temporary buffers over time" />
      <figcaption class="note">
        Each box is a buffer; the dashed line is how many bytes are in use.
      </figcaption>
    </figure>
  );
}
