import { formatFixed } from "../format.ts";
import { Confusion, type ScoreOptions, type Scores } from "./scores.ts";

export interface ReportOptions extends ScoreOptions {
  /** The classes to report, in this order. By default all that occur, ascending. */
  readonly labels?: readonly number[];
  /** What the classes are called, in the order of `labels`. */
  readonly targetNames?: readonly string[];
  readonly digits?: number;
}

const HEADERS = ["precision", "recall", "f1-score", "support"];

/** `sklearn.metrics.classification_report`: the same text, to the last blank. */
export function classificationReport(
  yTrue: ArrayLike<number>,
  yPred: ArrayLike<number>,
  { labels, targetNames, digits = 2, ...options }: ReportOptions = {},
): string {
  const occurring = [...new Set([...Array.from(yTrue), ...Array.from(yPred)])].sort((a, b) => a - b);
  const reported = labels ?? occurring;
  if (targetNames !== undefined && targetNames.length !== reported.length && labels === undefined) {
    throw new RangeError(
      `Number of classes, ${reported.length}, does not match size of target_names, ${targetNames.length}. Try ` +
        "specifying the labels parameter",
    );
  }
  const names = targetNames ?? reported.map(String);
  const confusion = new Confusion(yTrue, yPred, reported, options);
  const classes = confusion.byClass();
  // As many rows as both have: scikit-learn warns and zips.
  const shown = classes.slice(0, names.length);
  const weighted = options.sampleWeight !== undefined;
  const total = classes.reduce((sum, each) => sum + each.support, 0);

  const width = Math.max(...names.map((name) => [...name].length), "weighted avg".length, digits);
  const line = (name: string, cells: readonly string[]): string =>
    `${padStart(name, width)} ${cells.map((cell) => ` ${cell.padStart(9)}`).join("")}`;
  const support = (value: number): string => (weighted ? pythonFloat(value) : String(value));
  const scores = ({ precision, recall, f1 }: Scores): string[] =>
    [precision, recall, f1].map((score) => formatFixed(score, digits));

  const lines = [line("", HEADERS), ""];
  shown.forEach((each, i) => {
    lines.push(line(names[i]!, [...scores(each), support(each.support)]));
  });
  lines.push("");
  const micro = confusion.average("micro");
  if (occurring.every((label) => reported.includes(label))) {
    // Of all classes together precision, recall and F1 are the same number, the accuracy.
    lines.push(line("accuracy", ["", "", formatFixed(micro.f1, digits), support(total)]));
  } else {
    lines.push(line("micro avg", [...scores(micro), support(total)]));
  }
  for (const kind of ["macro", "weighted"] as const) {
    lines.push(line(`${kind} avg`, [...scores(confusion.average(kind)), support(total)]));
  }
  return `${lines.join("\n")}\n`;
}

/** Python counts code points. */
function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - [...text].length)) + text;
}

/** `str` of a float: whole ones have a point. */
function pythonFloat(x: number): string {
  return Number.isInteger(x) ? `${x}.0` : String(x);
}
