/** A server on loopback for pages under test. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

/** Contents by path: `{ "/": "<!doctype html>…", "/model.js": "export …" }`. */
export type Routes = Readonly<Record<string, string | Uint8Array>>;

export interface Server {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".wgsl": "text/plain; charset=utf-8",
};

export interface ServeOptions {
  /** Whether pages are cross-origin isolated (COOP and COEP), so that SharedArrayBuffer is there. Default true. */
  readonly isolated?: boolean;
}

const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};

/** Serves a folder, or routes. `/` is `index.html`; `favicon.ico`, which browsers ask for by themselves, is empty. */
export async function serve(site: string | Routes, { isolated = true }: ServeOptions = {}): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    contents(site, decodeURIComponent(pathname)).then(
      ({ type, body }) => {
        response.writeHead(200, {
          "content-type": type,
          "cache-control": "no-store",
          ...(isolated ? ISOLATION : {}),
        });
        response.end(body);
      },
      () => {
        response.writeHead(404, { "content-type": "text/plain" });
        response.end(`no ${pathname} here`);
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function contents(
  site: string | Routes,
  pathname: string,
): Promise<{ type: string; body: string | Uint8Array }> {
  const type = TYPES[path.extname(pathname === "/" ? "index.html" : pathname)] ?? "application/octet-stream";
  if (typeof site !== "string") {
    const body = site[pathname] ?? (pathname === "/favicon.ico" ? "" : undefined);
    if (body === undefined) throw new Error("no such route");
    return { type, body };
  }
  if (pathname === "/favicon.ico") return { type, body: "" };
  const folder = path.resolve(site);
  const file = path.join(folder, pathname === "/" ? "index.html" : pathname);
  if (!file.startsWith(folder + path.sep)) throw new Error("outside of the folder");
  return { type, body: await readFile(file) };
}
