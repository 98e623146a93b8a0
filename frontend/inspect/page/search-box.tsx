/** The search: a field, and its hits below. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { find } from "./find.ts";

export function SearchBox(): JSX.Element {
  const { report, route } = usePage();
  const [query, setQuery] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const hits = find(report, query, route);
  useEffect(() => {
    // As in most pages of code.
    const focus = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (event.key !== "/" || typing) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  return (
    <search class="search">
      <input
        ref={field}
        type="search"
        placeholder="search values, kernels, passes ( / )"
        aria-label="search"
        value={query}
        onInput={(event) => setQuery(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setQuery("");
          if (event.key === "Enter" && hits.length > 0) {
            location.hash = hits[0].href;
            setQuery("");
          }
        }}
      />
      {query.trim() !== "" && (
        <ul class="hits">
          {hits.length === 0 && <li class="note">nothing found</li>}
          {hits.map((hit) => (
            <li key={hit.kind + hit.title + hit.href}>
              <a href={hit.href} onClick={() => setQuery("")}>
                <span class="kind">{hit.kind}</span> <strong>{hit.title}</strong>{" "}
                <span class="note">{hit.detail}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </search>
  );
}
