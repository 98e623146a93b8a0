/** What every part of the page needs. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Report } from "./data.ts";
import { hrefOf, type Route, type ViewName } from "./route.ts";

export interface Page {
  readonly report: Report;
  readonly route: Route;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error("outside of the page");
  return page;
}

/** The address of a view, with the value that is followed kept. */
export function useLinks(): {
  to(view: ViewName, ...rest: readonly string[]): string;
  follow(value: number | null): string;
} {
  const { route } = usePage();
  return {
    to: (view, ...rest) => hrefOf({ view, rest, value: route.value }),
    follow: (value) => hrefOf({ ...route, value }),
  };
}
