/** The storage bindings of a shader being written: arguments that are one GPU buffer share one. */
import type { BufferParam } from "../../kernel/expr.ts";
import type { LoopId } from "../../program/program.ts";
import type { GpuBuffer, GpuPlace } from "../../program/webgpu.ts";
import { DTYPE_INFO } from "../../types/dtype.ts";
import { elementForm, type Placement } from "./memory.ts";
import type { BindingLayout } from "./module.ts";

interface Binding {
  readonly buffer: GpuBuffer;
  readonly params: BufferParam[];
}

export class Bindings {
  readonly #bindings: Binding[] = [];

  /** `counterOf`: the number of a loop's counter. */
  constructor(private readonly counterOf: (loop: LoopId) => number) {}

  get buffers(): GpuBuffer[] {
    return this.#bindings.map(({ buffer }) => buffer);
  }

  /** Where a kernel's parameter is that is bound to a place. */
  place(param: BufferParam, { buffer, offset, strides }: GpuPlace): Placement {
    let binding = this.#bindings.findIndex((b) => sameBuffer(b.buffer, buffer));
    if (binding < 0) binding = this.#bindings.push({ buffer, params: [] }) - 1;
    this.#bindings[binding].params.push(param);
    const { bytes } = DTYPE_INFO[param.dtype];
    return {
      binding,
      offset: offset / bytes,
      strides: strides.map(({ loop, stride }) => ({ counter: this.counterOf(loop), stride: stride / bytes })),
    };
  }

  /** `bytesOf`: of the whole buffer; `alone`: one invocation runs. */
  layouts(bytesOf: (buffer: GpuBuffer, param: BufferParam) => number, alone = false): BindingLayout[] {
    return this.#bindings.map(({ buffer, params }) => ({
      access: params.every((p) => p.access === "read") ? "read" : "readwrite",
      label: labelOf(params),
      bytes: bytesOf(buffer, params[0]),
      form: elementForm(params, buffer.kind === "constant", alone),
    }));
  }
}

/** The parameters' names; of many only how many there are. */
function labelOf(params: readonly BufferParam[]): string {
  const names = [...new Set(params.map(({ name }) => name))];
  return params.length > 8 ? `${names[0]}_and_others` : params.map(({ name }) => name).join("_");
}

export function sameBuffer(a: GpuBuffer, b: GpuBuffer): boolean {
  return a.kind === b.kind && (a.kind === "constant" || b.kind === "constant" || a.index === b.index);
}
