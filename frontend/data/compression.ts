/** Deflate and gzip by the platform's compression streams, which Node and browsers have. */
import type { WeftValueError } from "../core/index.ts";
import { type BytesLike, bytesFrom, formatError } from "./bytes.ts";

type Fail = (problem: string) => WeftValueError;

/** The result of a stream of bytes. Throws once there is more than `most`. */
async function through(
  bytes: Uint8Array,
  stream: GenericTransformStream,
  most: number,
  fail: Fail,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const reader = source.pipeThrough(stream as ReadableWritablePair<Uint8Array, Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw fail(
        `the compressed data are damaged (${error instanceof Error ? error.message : String(error)})`,
      );
    });
    if (done) break;
    size += value.length;
    if (size > most) {
      // What the source still has is not needed; that it is told so may fail.
      await reader.cancel().catch(() => undefined);
      throw fail(`the compressed data hold more than ${most} bytes`);
    }
    chunks.push(value);
  }
  const result = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}

/** Raw deflated data of a known size. */
export function inflateRaw(bytes: Uint8Array, size: number, fail: Fail): Promise<Uint8Array> {
  return through(bytes, new DecompressionStream("deflate-raw"), size, fail);
}

export function deflateRaw(bytes: Uint8Array): Promise<Uint8Array> {
  return through(bytes, new CompressionStream("deflate-raw"), Infinity, (problem) =>
    formatError("deflate", 0, problem),
  );
}

/** Whether data begin as gzip's do. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Options of `gunzip`. */
export interface GunzipOptions {
  /** Most bytes that may come out. Default 2³¹ − 1. */
  readonly maxBytes?: number;
}

/** The contents of a gzip file (RFC 1952). Throws WeftValueError where it is damaged or too large. */
export async function gunzip(source: BytesLike, options: GunzipOptions = {}): Promise<Uint8Array> {
  const bytes = bytesFrom("gunzip", source);
  const fail: Fail = (problem) => formatError("gzip file", 0, problem);
  if (!isGzip(bytes)) throw fail("it does not begin with 1f 8b");
  return through(bytes, new DecompressionStream("gzip"), options.maxBytes ?? 2 ** 31 - 1, fail);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

/** The checksum of zip and gzip (ISO 3309). */
export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = CRC_TABLE[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
