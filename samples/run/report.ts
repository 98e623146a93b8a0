import type { PlotSection, Report, Section } from "../report/sections.ts";
import { heading, output } from "../report/sections.ts";
import type { About, SampleReport } from "./sample.ts";

/** The whole report: what the sample made, between its title and what it printed. */
export function completeReport(about: About, made: SampleReport, printed: readonly string[]): Report {
  const lines = printed.join("\n").replace(/^\n+|\s+$/g, "");
  const ending: Section[] =
    lines === "" ? [] : [heading("Printed"), output(lines, "What the sample printed.")];
  return {
    title: about.title,
    subtitle: about.summary,
    intro: made.intro,
    sections: [...made.sections, ...ending],
  };
}

/** The plot that stands for the sample in the gallery, if it has any. */
export function thumbnailOf(made: SampleReport): PlotSection | undefined {
  return made.thumbnail ?? made.sections.find((section) => section.kind === "plot");
}
