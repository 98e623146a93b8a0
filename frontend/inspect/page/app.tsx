/** The whole page: its head with the views and the search, the view, and the value that is followed. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { PageContext } from "./context.ts";
import type { Report } from "./data.ts";
import { DiffView } from "./diff-view.tsx";
import { bytes, plural } from "./format.ts";
import { GraphView } from "./graph-view.tsx";
import { KernelsView } from "./kernels-view.tsx";
import { MemoryView } from "./memory-view.tsx";
import { PassesView } from "./passes-view.tsx";
import { hrefOf, useRoute, VIEWS, type ViewName } from "./route.ts";
import { SearchBox } from "./search-box.tsx";
import { ValuePanel } from "./value-panel.tsx";

const TITLES: Readonly<Record<ViewName, string>> = {
  passes: "Passes",
  diff: "Side by side",
  graph: "Fusion graph",
  kernels: "Kernels",
  memory: "Memory",
};

const SHOWN: Readonly<Record<ViewName, () => JSX.Element>> = {
  passes: PassesView,
  diff: DiffView,
  graph: GraphView,
  kernels: KernelsView,
  memory: MemoryView,
};

export function App({ report }: { readonly report: Report }): JSX.Element {
  const route = useRoute();
  const page = useMemo(() => ({ report, route }), [report, route]);
  const { name, inputs, outputs, wasmBytes, weft, kernels } = report.data;
  const View = SHOWN[route.view];
  return (
    <PageContext.Provider value={page}>
      <header class="head">
        <div class="heading">
          <h1>{name}</h1>
          <p class="note signature">
            ({inputs.join(", ")}) → ({outputs.join(", ")})
          </p>
        </div>
        <SearchBox />
        <nav>
          {VIEWS.map((view) => (
            <a
              key={view}
              href={hrefOf({ view, rest: [], value: route.value })}
              aria-current={view === route.view ? "page" : undefined}
            >
              {TITLES[view]}
            </a>
          ))}
        </nav>
      </header>
      <div class={route.value === null ? "body" : "body with-panel"}>
        <main>
          <View />
          <footer class="note">
            Weft {weft}: {plural(kernels.length, "kernel")}, {bytes(wasmBytes.simd)} of WebAssembly (
            {bytes(wasmBytes.relaxed)} with relaxed SIMD)
          </footer>
        </main>
        {route.value !== null && <ValuePanel key={route.value} value={route.value} />}
      </div>
    </PageContext.Provider>
  );
}
