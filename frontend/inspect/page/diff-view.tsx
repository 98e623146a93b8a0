/** What two passes left, side by side. */
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { PassInfo } from "../report-data.ts";
import { CodeLine, type Names } from "./code.tsx";
import { useLinks, usePage } from "./context.ts";
import { type DiffRow, diffRows, unmatchedRows, withContext } from "./diff-rows.ts";
import { plural } from "./format.ts";

const CONTEXT = 3;
/** Rows that are drawn at first, and with each click more. */
const PORTION = 5000;

export function DiffView(): JSX.Element {
  const { report, route } = usePage();
  const { passes } = report.data;
  const [a = "0", b = String(passes.findLastIndex((pass) => pass.level === "graph"))] = route.rest;
  const [left, right] = [a, b].map((text) => Math.min(Math.max(0, Number(text) || 0), passes.length - 1));
  const [whole, setWhole] = useState(false);
  const [portions, setPortions] = useState(1);
  useEffect(() => setPortions(1), [left, right, whole]);
  const texts = [report.linesAfter(left), report.linesAfter(right)] as const;
  const matched = useMemo(() => diffRows(...texts), texts);
  const rows = useMemo(() => matched ?? unmatchedRows(...texts), [matched, ...texts]);
  const changes = rows.filter((row) => row.kind !== "same").length;
  const all = whole || changes === 0 ? rows : withContext(rows, CONTEXT);
  const shown = all.slice(0, portions * PORTION);
  return (
    <section>
      <h2>Stages side by side</h2>
      <div class="controls">
        <PassChoice label="left" chosen={left} other={right} first />
        <PassChoice label="right" chosen={right} other={left} first={false} />
        <label>
          <input
            type="checkbox"
            checked={whole}
            onChange={(event) => setWhole(event.currentTarget.checked)}
          />{" "}
          all lines
        </label>
        <span class="note">
          {matched === null
            ? "hardly a line is in both: they stand as they come"
            : changes === 0
              ? "no difference"
              : `${plural(changes, "row")} differ`}
        </span>
      </div>
      <p class="note">
        Values have one name in all stages: a line that defines the same value stands in one row.
      </p>
      <div class="diff">
        {shown.map((row, i) =>
          "hidden" in row ? (
            <div key={i} class="row hidden">
              … {plural(row.hidden, "line")} alike
            </div>
          ) : (
            <Row key={i} row={row} left={texts[0]} right={texts[1]} names={(n) => report.byName.get(n)} />
          ),
        )}
      </div>
      {all.length > shown.length && (
        <div class="controls">
          <button type="button" onClick={() => setPortions(portions + 1)}>
            more
          </button>
          <span class="note">{plural(all.length - shown.length, "row")} below</span>
        </div>
      )}
    </section>
  );
}

function Row({
  row,
  left,
  right,
  names,
}: {
  readonly row: DiffRow;
  readonly left: readonly string[];
  readonly right: readonly string[];
  readonly names: Names;
}): JSX.Element {
  return (
    <div class={`row ${row.kind}`}>
      <div class="side">{row.left !== null && <CodeLine text={left[row.left]} names={names} />}</div>
      <div class="side">{row.right !== null && <CodeLine text={right[row.right]} names={names} />}</div>
    </div>
  );
}

function PassChoice({
  label,
  chosen,
  other,
  first,
}: {
  readonly label: string;
  readonly chosen: number;
  readonly other: number;
  readonly first: boolean;
}): JSX.Element {
  const { report } = usePage();
  const { to } = useLinks();
  return (
    <label>
      {label}{" "}
      <select
        value={String(chosen)}
        onChange={(event) => {
          const { value } = event.currentTarget;
          location.hash = first ? to("diff", value, String(other)) : to("diff", String(other), value);
        }}
      >
        {report.data.passes.map((pass) => (
          <option key={pass.index} value={String(pass.index)}>
            {titleOf(pass)}
          </option>
        ))}
      </select>
    </label>
  );
}

function titleOf({ index, name, changed }: PassInfo): string {
  return `${index} ${name}${changed ? "" : " (no change)"}`;
}
