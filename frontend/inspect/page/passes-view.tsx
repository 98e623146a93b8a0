/** The passes in their order: the time of each, and what it did to the number of equations. */
import type { JSX } from "preact";
import type { PassInfo } from "../report-data.ts";
import { useLinks, usePage } from "./context.ts";
import { time } from "./format.ts";

export function PassesView(): JSX.Element {
  const { report } = usePage();
  const { passes } = report.data;
  const total = passes.reduce((sum, pass) => sum + pass.milliseconds, 0);
  let before = 0;
  const bars = passes.map((pass) => {
    const start = before;
    before += pass.milliseconds;
    return { pass, start: start / total, width: pass.milliseconds / total };
  });
  return (
    <section>
      <h2>Passes</h2>
      <p class="note">
        {time(total)} in all. Passes that changed nothing are grey. A pass opens what it was given beside what
        it made.
      </p>
      <div class="scroll">
        <table class="passes">
          <thead>
            <tr>
              <th class="right">#</th>
              <th>pass</th>
              <th class="right">time</th>
              <th class="timeline">when</th>
              <th class="right">equations</th>
              <th class="right">change</th>
            </tr>
          </thead>
          <tbody>
            {bars.map(({ pass, start, width }) => (
              <PassRow key={pass.index} pass={pass} start={start} width={width} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function PassRow({
  pass,
  start,
  width,
}: {
  readonly pass: PassInfo;
  readonly start: number;
  readonly width: number;
}): JSX.Element {
  const { to } = useLinks();
  const { index, name, milliseconds, changed, equations } = pass;
  const delta = equations === null ? 0 : equations.after - equations.before;
  const sides = index === 0 ? ["0", "0"] : [String(index - 1), String(index)];
  return (
    <tr class={changed ? "" : "unchanged"}>
      <td class="right">{index}</td>
      <td>
        <a href={to("diff", ...sides)}>{name}</a>
      </td>
      <td class="right">{index === 0 ? "" : time(milliseconds)}</td>
      <td class="timeline">
        <span class="bar" style={{ marginLeft: `${100 * start}%`, width: `max(2px, ${100 * width}%)` }} />
      </td>
      <td class="right">{equations?.after ?? ""}</td>
      <td class={`right ${delta < 0 ? "fewer" : delta > 0 ? "more" : ""}`}>
        {delta === 0
          ? changed && index > 0 && equations !== null
            ? "±0"
            : ""
          : delta > 0
            ? `+${delta}`
            : `−${-delta}`}
      </td>
    </tr>
  );
}
