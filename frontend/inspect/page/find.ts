/** Search over everything that has a name: values, kernels, passes and lines of source. */
import type { KernelCard } from "../report-data.ts";
import type { Report } from "./data.ts";
import { cardPath, hrefOf, type Route } from "./route.ts";

export interface Hit {
  readonly kind: "value" | "kernel" | "pass" | "buffer";
  readonly title: string;
  readonly detail: string;
  readonly href: string;
}

const MOST = 60;

/** Hits for all words of the query, names first. */
export function find(report: Report, query: string, route: Route): Hit[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return [];
  const hits = candidates(report, route).filter(({ title, detail }) => {
    const text = `${title} ${detail}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const rank = ({ title }: Hit): number => {
    const name = title.toLowerCase();
    return name === words[0] || name === `%${words[0]}` ? 0 : name.startsWith(words[0]) ? 1 : 2;
  };
  return hits.sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
}

function candidates({ data }: Report, route: Route): Hit[] {
  const where = (source: Parameters<Report["place"]>[0] | null): string =>
    source === null
      ? ""
      : `${data.files[source.file].name}:${source.line}:${source.column} ${source.function ?? ""}`;
  const card = ({ name, sources }: KernelCard, device: "wasm" | "webgpu"): Hit => ({
    kind: "kernel",
    title: name,
    detail: [...(device === "webgpu" ? ["WebGPU"] : []), ...new Set(sources.map(where))].join(", "),
    href: hrefOf({ view: "kernels", rest: cardPath(name, device), value: route.value }),
  });
  return [
    ...data.kernels.map((kernel) => card(kernel, "wasm")),
    ...data.gpu.map((kernel) => card(kernel, "webgpu")),
    ...data.passes.map(
      (pass): Hit => ({
        kind: "pass",
        title: pass.name,
        detail: pass.changed ? "" : "changed nothing",
        href: hrefOf({
          view: "diff",
          rest: [String(Math.max(0, pass.index - 1)), String(pass.index)],
          value: route.value,
        }),
      }),
    ),
    ...data.values.map(
      (value, number): Hit => ({
        kind: "value",
        title: value.name,
        detail: `${value.op ?? "input"} ${value.type} ${where(value.source)}`,
        href: hrefOf({ ...route, value: number }),
      }),
    ),
    ...data.memory.buffers.map(
      (buffer): Hit => ({
        kind: "buffer",
        title: buffer.label,
        detail: `${buffer.kind} ${buffer.type}`,
        href: hrefOf({ view: "memory", rest: [], value: route.value }),
      }),
    ),
  ];
}
