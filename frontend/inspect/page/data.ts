/** The data that `weft inspect` has put into the page, and what is looked up in it again and again. */
import type { GpuKernelInfo, InspectData, KernelInfo, SourceInfo } from "../report-data.ts";

export class Report {
  /** Numbers of values by name. */
  readonly byName: ReadonlyMap<string, number>;
  /** Positions of nodes by the values they make. */
  readonly nodeOf = new Map<number, number>();

  constructor(readonly data: InspectData) {
    this.byName = new Map(data.values.map((value, number) => [value.name, number]));
    for (const [i, node] of data.nodes.entries()) for (const v of node.outputs) this.nodeOf.set(v, i);
  }

  /** What a pass left: where it changed nothing, that of the pass before. */
  linesAfter(pass: number): readonly string[] {
    for (let i = pass; i >= 0; i--) {
      const { lines } = this.data.passes[i];
      if (lines !== null) return lines;
    }
    return [];
  }

  /** Kernels that compute the value. */
  kernelsMaking(value: number): KernelInfo[] {
    const node = this.nodeOf.get(value);
    if (node === undefined) return [];
    return this.data.nodes[node].kernels.map((k) => this.data.kernels[k]);
  }

  /** Kernels that have the value in memory. */
  kernelsHolding(value: number): KernelInfo[] {
    return this.data.kernels.filter((kernel) => Object.values(kernel.values).includes(value));
  }

  /** Kernels of the GPU that compute the value, or have it in memory. */
  gpuKernelsOf(value: number): GpuKernelInfo[] {
    const { gpu } = this.data;
    const making = gpu.filter((kernel) => kernel.makes.includes(value));
    return making.length > 0 ? making : gpu.filter((kernel) => Object.values(kernel.values).includes(value));
  }

  place(source: SourceInfo): string {
    return `${this.data.files[source.file].name}:${source.line}:${source.column}`;
  }
}

export function readReport(): Report {
  const element = document.getElementById("data");
  return new Report(JSON.parse(element?.textContent ?? "null"));
}
