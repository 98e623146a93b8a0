/** The gallery: a card for each sample, with its plot and the way to its report. */
import { escapeHtml, inlineHtml } from "../report/html.ts";
import { htmlPage } from "../report/page.ts";
import type { Finished } from "./run-all.ts";

const STYLE = `
main.gallery { max-width: 76rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(21rem, 100%), 1fr)); gap: 1.25rem; }
.card { display: flex; flex-direction: column; background: var(--card); border: 1px solid var(--rule); border-radius: 12px; overflow: hidden; color: inherit; text-decoration: none; }
a.card:hover, a.card:focus-visible { border-color: var(--accent); outline: none; }
.thumbnail { padding: 0.9rem 0.9rem 0.5rem; border-bottom: 1px solid var(--rule); }
.thumbnail svg { display: block; width: 100%; height: auto; aspect-ratio: 16 / 9; }
.gallery .intro code { white-space: nowrap; }
.card .text { padding: 0.9rem 1.1rem 1rem; display: flex; flex-direction: column; flex: 1; }
.card h2 { margin: 0 0 0.3rem; font-size: 1.12rem; }
.card p { margin: 0 0 0.8rem; font-size: 0.95rem; line-height: 1.5; }
.card .facts { margin: auto 0 0; color: var(--quiet); font-size: 0.86rem; }
.failed { color: var(--series2); }
`;

/** @param finished all samples; reports are named relative to the page: `NAME/report.html` */
export function galleryPage(finished: readonly Finished[]): string {
  const body = `<main class="gallery">
<header>
<h1>Samples of Weft</h1>
<p class="subtitle">Models of the documents, each with its report</p>
<div class="intro"><p>Those that need no files of this machine also run in the browser: <code>npm run samples -- --serve</code>, or <a href="live/">live</a> where this page is served by it.</p></div>
</header>
<div class="cards">
${finished.map(card).join("\n")}
</div>
</main>`;
  return htmlPage("Samples of Weft", body, `<style>${STYLE}</style>`);
}

function card({ name, about, outcome }: Finished): string {
  const text = `<h2>${about.number}. ${inlineHtml(about.title)}</h2>\n<p>${inlineHtml(about.summary)}</p>`;
  if (outcome === null) {
    const facts = `<p class="facts failed">failed: run it by itself to see why</p>`;
    return `<div class="card"><div class="thumbnail"></div><div class="text">${text}\n${facts}</div></div>`;
  }
  const facts = [
    name,
    `document ${about.document}`,
    outcome.device === "wasm" ? "WebAssembly" : "WebGPU",
    `${outcome.seconds.toFixed(1)} s${outcome.quick ? ", shortened" : ""}`,
  ];
  return `<a class="card" href="${encodeURIComponent(name)}/report.html">
<div class="thumbnail">${outcome.thumbnail ?? ""}</div>
<div class="text">${text}
<p class="facts">${escapeHtml(facts.join(" · "))}</p></div>
</a>`;
}
