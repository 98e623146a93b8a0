/** Bytes of an artifact's files, wherever they are: over the network, on a disk, within the module as base64. */

/** A URL, base64 text, bytes, or a promise of bytes. */
export type FileSource = URL | string | BufferSource | Promise<BufferSource>;

/** The bytes of a source. Rejects where it cannot be read. */
export async function readSource(source: FileSource): Promise<Uint8Array> {
  if (!(source instanceof URL)) return bytesOfSource(source instanceof Promise ? await source : source);
  if (source.protocol === "file:" && isNode()) {
    // Named by a variable, so that bundlers for browsers do not go looking for it.
    const name = "node:fs/promises";
    const fs = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as FileSystem;
    return new Uint8Array(await fs.readFile(source));
  }
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source.href}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

interface FileSystem {
  readFile(file: URL): Promise<Uint8Array>;
}

/** Whether this is Node, or a host that is like it: its `fetch` may not read files. */
function isNode(): boolean {
  return typeof process === "object" && typeof process.versions?.node === "string";
}

/** The bytes of a source that is at hand. */
export function bytesOfSource(source: string | BufferSource): Uint8Array {
  if (typeof source === "string") return Uint8Array.from(atob(source), (c) => c.charCodeAt(0));
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}
