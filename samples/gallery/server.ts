/** Serves the gallery and the live page on loopback. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".csv": "text/csv; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

export interface Served {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a folder. Its pages are cross-origin isolated, so that threads may share memory. A folder without an
 * `index.html` answers with a way to `fallback`.
 *
 * @param port 0 for any that is free
 */
export async function serveFolder(folder: string, port: number, fallback: string): Promise<Served> {
  const root = path.resolve(folder);
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      const name = decodeURIComponent(pathname);
      const file = path.join(root, name.endsWith("/") ? `${name}index.html` : name);
      if (!file.startsWith(root + path.sep)) throw new Error("outside of the folder");
      const body = await readFile(file).catch((error: unknown) => {
        if (name === "/") return null;
        throw error;
      });
      if (body === null) {
        response.writeHead(302, { location: fallback }).end();
        return;
      }
      response.writeHead(200, {
        "content-type": TYPES[path.extname(file)] ?? "application/octet-stream",
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    answer().catch(() => response.writeHead(404, { "content-type": "text/plain" }).end("not here\n"));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
