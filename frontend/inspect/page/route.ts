/** Where the page is: `#/kernels/k3?v=12` is the view, what it shows, and the value that is followed. */
import { useEffect, useState } from "preact/hooks";

export const VIEWS = ["passes", "diff", "graph", "kernels", "memory"] as const;

export type ViewName = (typeof VIEWS)[number];

export interface Route {
  readonly view: ViewName;
  readonly rest: readonly string[];
  /** Number of the value that is followed, or null. */
  readonly value: number | null;
}

export function parseRoute(hash: string): Route {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view, ...rest] = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const value = /(?:^|&)v=(\d+)/.exec(query)?.[1];
  return {
    view: VIEWS.find((each) => each === view) ?? "passes",
    rest,
    value: value === undefined ? null : Number(value),
  };
}

export function hrefOf({ view, rest, value }: Route): string {
  const path = [view, ...rest].map(encodeURIComponent).join("/");
  return `#/${path}${value === null ? "" : `?v=${value}`}`;
}

/** What stands behind `kernels` in the address of a kernel's card: kernels for WebGPU have the names of others. */
export function cardPath(kernel: string, device: "wasm" | "webgpu"): string[] {
  return device === "webgpu" ? [device, kernel] : [kernel];
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const change = (): void => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, []);
  return route;
}
