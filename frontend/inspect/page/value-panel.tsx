/** One value on its way: the line of TypeScript, the graphs, the fusion group, the kernels, WebAssembly and WGSL. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { GpuKernelInfo, KernelInfo } from "../report-data.ts";
import { Code, CodeLine } from "./code.tsx";
import { useLinks, usePage } from "./context.ts";
import { keyOf } from "./diff-rows.ts";
import { bytes } from "./format.ts";
import { cardPath } from "./route.ts";

export function ValuePanel({ value }: { readonly value: number }): JSX.Element | null {
  const { report } = usePage();
  const { follow, to } = useLinks();
  const info = report.data.values[value];
  if (info === undefined) return null;
  const making = report.kernelsMaking(value);
  const holding = report.kernelsHolding(value).filter((kernel) => !making.includes(kernel));
  return (
    <aside class="panel" aria-label={`value ${info.name}`}>
      <header>
        <h2>{info.name}</h2>
        <a class="close" href={follow(null)} aria-label="close">
          ✕
        </a>
      </header>
      <p>
        {info.type}, {bytes(info.bytes)}
        {info.op === null ? ", an input" : `, made by ${info.op}`}
      </p>
      <Step title="TypeScript">
        <SourceLine value={value} />
      </Step>
      <Step title="Graph">
        <Appearances value={value} />
        {report.nodeOf.has(value) && (
          <p>
            <a href={to("graph", info.name)}>in the fusion graph</a>
          </p>
        )}
      </Step>
      <Step title="Fusion">
        <Fate value={value} making={making} />
      </Step>
      {[...making, ...holding].map((kernel) => (
        <KernelStep key={kernel.name} kernel={kernel} makes={making.includes(kernel)} />
      ))}
      {report.gpuKernelsOf(value).map((kernel) => (
        <Step key={kernel.name} title={`On the GPU in ${kernel.name}`}>
          <Texts texts={gpuTexts(kernel)} values={kernel.values} />
          <p>
            <a href={to("kernels", ...cardPath(kernel.name, "webgpu"))}>its card</a>
          </p>
        </Step>
      ))}
    </aside>
  );
}

function Step({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <section class="step">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function SourceLine({ value }: { readonly value: number }): JSX.Element {
  const { report } = usePage();
  const { source } = report.data.values[value];
  if (source === null) return <p class="note">no line is known</p>;
  const { lines } = report.data.files[source.file];
  const where = source.function === null ? "" : ` in ${source.function}`;
  return (
    <>
      <p>
        {report.place(source)}
        {where}
      </p>
      {lines !== null && <Code lines={lines} names={() => undefined} marked={source.line} numbered />}
    </>
  );
}

/** The line that defines the value, in every stage that has another one than the stage before. */
function Appearances({ value }: { readonly value: number }): JSX.Element {
  const { report } = usePage();
  const { to } = useLinks();
  const { name } = report.data.values[value];
  const found: { readonly pass: string; readonly index: number; readonly line: string | null }[] = [];
  let before: string | null = null;
  for (const { index, name: pass, level, lines } of report.data.passes) {
    if (level !== "graph" || lines === null) continue;
    const line =
      lines.find((each) => keyOf(each).split(" ").includes(name) && /^\s*%/.test(each))?.trim() ?? null;
    if (line !== before) found.push({ pass, index, line });
    before = line;
  }
  if (found.length === 0) return <p class="note">an input of the graph, or of a loop's body</p>;
  return (
    <ul class="appearances">
      {found.map(({ pass, index, line }) => (
        <li key={index}>
          <a href={to("diff", String(Math.max(0, index - 1)), String(index))}>
            {index === 0 ? "traced" : `after ${pass}`}
          </a>
          {line === null ? (
            <p class="note">gone</p>
          ) : (
            <pre class="code">
              <CodeLine text={line} names={(n) => report.byName.get(n)} />
            </pre>
          )}
        </li>
      ))}
    </ul>
  );
}

function Fate({
  value,
  making,
}: {
  readonly value: number;
  readonly making: readonly KernelInfo[];
}): JSX.Element {
  const { report } = usePage();
  const edges = report.data.edges.filter((edge) => edge.value === value);
  const node = report.nodeOf.get(value);
  if (node === undefined) {
    return (
      <p class="note">{report.data.values[value].op === null ? "given from outside" : "optimised away"}</p>
    );
  }
  const groups = making.map((kernel) => `group ${kernel.group} (${kernel.name})`).join(" and ");
  return (
    <>
      <p>
        {groups === ""
          ? "in no kernel: a loop, a branch, a constant or another view of a buffer"
          : `computed in ${groups}`}
      </p>
      <ul>
        {edges.map((edge, i) => (
          <li key={i} class={edge.boundary ? "boundary" : ""}>
            to {report.data.nodes[edge.to].op}:{" "}
            {edge.boundary ? `through memory, ${bytes(edge.bytes)}` : "fused"}, {edge.reason}
          </li>
        ))}
      </ul>
    </>
  );
}

function KernelStep({
  kernel,
  makes,
}: {
  readonly kernel: KernelInfo;
  readonly makes: boolean;
}): JSX.Element {
  const { to } = useLinks();
  return (
    <Step title={`${makes ? "Computed in" : "In memory for"} ${kernel.name}`}>
      <Texts texts={wasmTexts(kernel)} values={kernel.values} />
      <p>
        <a href={to("kernels", ...cardPath(kernel.name, "wasm"))}>its card</a>
      </p>
    </Step>
  );
}

export function wasmTexts({ lines, wat }: KernelInfo): TextList {
  return [["kernel", lines], ...(wat === null ? [] : [["WebAssembly", wat] as const])];
}

export function gpuTexts({ lines, wgsl }: GpuKernelInfo): TextList {
  return [
    ["WGSL", wgsl],
    ["kernel", lines],
  ];
}

export type TextList = readonly (readonly [title: string, lines: readonly string[]])[];

/** Texts of a kernel, one at a time. */
export function Texts({
  texts,
  values,
}: {
  readonly texts: TextList;
  readonly values: Readonly<Record<string, number>>;
}): JSX.Element {
  const [chosen, choose] = useState(texts[0][0]);
  const lines = texts.find(([title]) => title === chosen)?.[1] ?? [];
  return (
    <>
      <div class="tabs" role="tablist">
        {texts.map(([title]) => (
          <button
            key={title}
            type="button"
            role="tab"
            aria-selected={title === chosen}
            onClick={() => choose(title)}
          >
            {title}
          </button>
        ))}
      </div>
      <Code lines={lines} names={(name) => (chosen === "kernel" ? values[name] : undefined)} />
    </>
  );
}
