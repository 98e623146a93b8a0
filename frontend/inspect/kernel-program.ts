/** A kernel as a program of its own: what it reads are the inputs, what it writes the results. */
import type { Kernel } from "../../compiler/kernel/kernel.ts";
import type { BufferRef, Program, ProgramBuffer } from "../../compiler/program/program.ts";
import { DTYPE_INFO } from "../../compiler/types/dtype.ts";

/** A buffer that is read and written is an input, whose contents the result of the same name begins with. */
export function kernelProgram(kernel: Kernel): Program {
  const { params } = kernel;
  const describe = (i: number) => ({
    dtype: params[i].dtype,
    shape: [params[i].size],
    label: params[i].name,
  });
  const bytesAt = (i: number): number => params[i].size * DTYPE_INFO[params[i].dtype].bytes;
  const positions = [...params.keys()];
  const read = positions.filter((i) => params[i].access !== "write");
  const written = positions.filter((i) => params[i].access !== "read");
  const buffers = [...read, ...written].map((i, id): ProgramBuffer => {
    const input = id < read.length;
    const place = {
      id,
      kind: input ? ("input" as const) : ("output" as const),
      offset: input ? id : id - read.length,
    };
    return { ...describe(i), ...place, bytes: bytesAt(i) };
  });
  const inputOf = (i: number): BufferRef => ({ buffer: read.indexOf(i), offset: 0, strides: [] });
  const outputOf = (i: number): BufferRef => ({
    buffer: read.length + written.indexOf(i),
    offset: 0,
    strides: [],
  });
  const both = read.filter((i) => written.includes(i));
  return {
    name: kernel.name,
    inputs: read.map(describe),
    outputs: written.map(describe),
    aliases: written.map(() => null),
    tempBytes: 0,
    constants: new Uint8Array(0),
    buffers,
    kernels: [kernel],
    schedule: [
      ...both.map((i) => ({ kind: "copy" as const, from: inputOf(i), to: outputOf(i), bytes: bytesAt(i) })),
      {
        kind: "launch",
        kernel: kernel.name,
        args: positions.map((i) => (written.includes(i) ? outputOf(i) : inputOf(i))),
      },
    ],
  };
}
