/** The live page: choose a sample and a backend, run it in a worker, and watch its plots and lines as they come. */
import { samples } from "samples:about";
import { drawSpace } from "../report/draw-space.mjs";
import { inlineHtml } from "../report/html.ts";
import { renderReport } from "../report/page.ts";
import type { Report } from "../report/sections.ts";
import type { DeviceName } from "../run/sample.ts";
import { LivePlots } from "./plots.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { LIVE_STYLE } from "./style.ts";

const BACKENDS: readonly { readonly device: DeviceName; readonly label: string }[] = [
  { device: "wasm", label: "WebAssembly" },
  { device: "webgpu", label: "WebGPU" },
];

/** An element that stands in the page's own markup. */
function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

document.head.insertAdjacentHTML("beforeend", `<style>${LIVE_STYLE}</style>`);
element("live").innerHTML = `
<nav aria-label="Samples">
<p class="brand">Weft, live</p>
<ul>${samples
  .map(({ name, about }) => `<li><a href="#${name}">${about.number}. ${inlineHtml(about.title)}</a></li>`)
  .join("")}</ul>
</nav>
<main>
<header><h1 id="title"></h1><p class="subtitle" id="summary"></p></header>
<form id="controls">
<fieldset><legend>Backend</legend>${BACKENDS.map(
  ({ device, label }, i) =>
    `<label><input type="radio" name="device" value="${device}"${i === 0 ? " checked" : ""}> ${label}</label>`,
).join("")}</fieldset>
<label><input type="checkbox" name="quick"> Fewer steps</label>
<button type="submit" id="run">Run</button>
<button type="button" id="stop" disabled>Stop</button>
<p id="status" role="status"></p>
</form>
<progress id="progress" hidden></progress>
<div id="plots"></div>
<figure class="output" id="lines" hidden><div class="scroll" tabindex="0" role="region" aria-label="output"><pre><samp id="printed"></samp></pre></div></figure>
<article id="report"></article>
</main>`;

const status = element("status");
const progress = element<HTMLProgressElement>("progress");
const printed = element("printed");
const runButton = element<HTMLButtonElement>("run");
const stopButton = element<HTMLButtonElement>("stop");
const plots = new LivePlots(element("plots"));
let worker: Worker | null = null;

if (!("gpu" in navigator)) {
  const input = document.querySelector<HTMLInputElement>('input[value="webgpu"]')!;
  input.disabled = true;
  input.parentElement!.append(" (this browser has none)");
}

/** The sample that the address names; the first one if it names none. */
function chosen() {
  return samples.find(({ name }) => `#${name}` === location.hash) ?? samples[0]!;
}

function showChosen(): void {
  end("");
  clear();
  const { name, about } = chosen();
  element("title").innerHTML = inlineHtml(about.title);
  element("summary").innerHTML = inlineHtml(about.summary);
  document.title = `${about.title.replaceAll("`", "")} · Weft, live`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") !== `#${name}`) {
      link.removeAttribute("aria-current");
      continue;
    }
    link.setAttribute("aria-current", "page");
    // On a narrow screen the list is a row that scrolls.
    link.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

function clear(): void {
  plots.clear();
  printed.textContent = "";
  element("lines").hidden = true;
  const report = element("report");
  report.replaceChildren();
  delete report.dataset.complete;
}

/** Ends the sample that runs, if there is one. */
function end(message: string): void {
  worker?.terminate();
  worker = null;
  status.textContent = message;
  status.classList.remove("failed");
  progress.hidden = true;
  runButton.disabled = false;
  stopButton.disabled = true;
}

function start(): void {
  clear();
  end("running …");
  runButton.disabled = true;
  stopButton.disabled = false;
  const controls = new FormData(element<HTMLFormElement>("controls"));
  const device = controls.get("device") as DeviceName;
  const started = new Worker(new URL("worker.js", location.href), { type: "module" });
  worker = started;
  started.onmessage = ({ data }: MessageEvent<FromWorker>) => void receive(started, data);
  started.onerror = (event) => fail(event.message);
  const quick = controls.has("quick");
  started.postMessage({ kind: "run", name: chosen().name, device, quick } satisfies ToWorker);
}

function fail(message: string): void {
  end(`failed: ${message}`);
  status.classList.add("failed");
}

async function receive(from: Worker, message: FromWorker): Promise<void> {
  switch (message.kind) {
    case "print":
      element("lines").hidden = false;
      printed.append(`${message.line}\n`);
      printed.closest(".scroll")!.scrollTo({ top: Number.MAX_SAFE_INTEGER });
      return;
    case "progress":
      progress.hidden = false;
      progress.max = message.total;
      progress.value = message.done;
      status.textContent = `${message.label}: ${message.done} of ${message.total}${message.note === "" ? "" : `, ${message.note}`}`;
      return;
    case "progress-end":
      progress.hidden = true;
      status.textContent = "running …";
      return;
    case "show":
      await plots.show(message.id, message.plot);
      from.postMessage({ kind: "drawn", number: message.number } satisfies ToWorker);
      return;
    case "done":
      end(`done in ${message.seconds.toFixed(1)} s`);
      await showReport(message.report);
      return;
    case "failed":
      fail(message.message);
      return;
    default:
      return message satisfies never;
  }
}

/** The report takes the place of what was shown while the sample ran. */
async function showReport(report: Report): Promise<void> {
  const place = element("report");
  const html = await renderReport(report, "report-");
  clear();
  place.innerHTML = html;
  // The page has a title already.
  place.querySelector("h1")?.remove();
  place.querySelector(".subtitle")?.remove();
  if (place.querySelector(".space") !== null) {
    const { default: plotly } = await import("plotly.js-gl3d-dist-min");
    drawSpace(plotly, place);
  }
  place.dataset.complete = "";
}

element("controls").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
stopButton.addEventListener("click", () => end("stopped"));
addEventListener("hashchange", showChosen);
showChosen();
