/** Numbers of the WebGPU specification. In Node they are no globals. */
export const MAP_READ = 0x1;
export const COPY_SRC = 0x4;
export const COPY_DST = 0x8;
export const UNIFORM = 0x40;
export const STORAGE = 0x80;
export const INDIRECT = 0x100;
/** GPUShaderStage.COMPUTE */
export const COMPUTE = 0x4;
/** GPUMapMode.READ */
export const MAP_MODE_READ = 0x1;

/** Buffers, copies and writes are multiples of this many bytes. */
export const WORD = 4;

/** `bytes` rounded up to whole words; no buffer is empty. */
export function wordBytes(bytes: number): number {
  return Math.max(WORD, Math.ceil(bytes / WORD) * WORD);
}
