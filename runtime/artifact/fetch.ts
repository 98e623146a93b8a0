/** Bytes of an artifact's files, wherever they are: over the network, on a disk, within the module as base64. */

/** A URL, base64 text, bytes, or a promise of bytes. */
export type FileSource = URL | string | BufferSource | Promise<BufferSource>;

/** The bytes of a source. Rejects where it cannot be read. */
export async function readSource(source: FileSource): Promise<Uint8Array> {
  if (!(source instanceof URL)) return bytesOfSource(await source);
  // Node's `fetch` reads no files, and its modules cannot be imported by name: bundlers for browsers would go looking.
  const { process: host } = globalThis as Host;
  const fs = source.protocol === "file:" && host?.getBuiltinModule?.("node:fs");
  // At once: a promise of a small file takes several milliseconds of a new process, more than all the rest of loading.
  if (fs) return new Uint8Array(fs.readFileSync(source));
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source.href}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** What Node, Deno and Bun have; browsers have none of it, and where it is missing `fetch` has to do. */
interface Host {
  readonly process?: {
    getBuiltinModule?(name: "node:fs"): { readFileSync(file: URL): Uint8Array } | undefined;
  };
}

/** The bytes of a source that is at hand. */
export function bytesOfSource(source: string | BufferSource): Uint8Array {
  if (typeof source === "string") {
    // Ten times as fast as Uint8Array.from, which calls a function for each character.
    const text = atob(source);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}
