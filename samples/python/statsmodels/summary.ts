/** `results.summary()` of an OLS fit, character by character as statsmodels prints it. */
import { center, formatFixed, formatGeneral } from "../format.ts";
import { durbinWatson, jarqueBera, kurtosis, omnibusTest, skew } from "../scipy/normality.ts";
import type { OLSResults } from "./ols.ts";

/** A label with its value; several of them stand below one another on each side of a table. */
type Entry = readonly [label: string, value: string];

/** @param now what is printed as date and time */
export function summary(results: OLSResults, now = new Date()): string {
  const uncentered = results.hasConstant ? "" : " (uncentered)";
  const general = (x: number, precision: number): string => formatGeneral(x, precision, { alternate: true });
  const left: Entry[] = [
    ["Dep. Variable:", results.endogName],
    ["Model:", "OLS"],
    ["Method:", "Least Squares"],
    ["Date:", dateText(now)],
    ["Time:", timeText(now)],
    ["No. Observations:", String(results.nobs)],
    ["Df Residuals:", String(results.dfResid)],
    ["Df Model:", String(results.dfModel)],
    ["Covariance Type:", "nonrobust"],
  ];
  const right: Entry[] = [
    [`R-squared${uncentered}:`, formatFixed(results.rsquared, 3)],
    [`Adj. R-squared${uncentered}:`, formatFixed(results.rsquaredAdj, 3)],
    ["F-statistic:", general(results.fvalue, 4)],
    ["Prob (F-statistic):", general(results.fPvalue, 3)],
    ["Log-Likelihood:", general(results.llf, 5)],
    ["AIC:", general(results.aic, 4)],
    ["BIC:", general(results.bic, 4)],
  ];
  const { residuals } = results;
  const omnibus = omnibusTest(residuals);
  const normality = jarqueBera(residuals);
  const diagnosticsLeft: Entry[] = [
    ["Omnibus:", formatFixed(omnibus.statistic, 3)],
    ["Prob(Omnibus):", formatFixed(omnibus.pvalue, 3)],
    ["Skew:", formatFixed(skew(residuals), 3)],
    ["Kurtosis:", formatFixed(kurtosis(residuals), 3)],
  ];
  const diagnosticsRight: Entry[] = [
    ["Durbin-Watson:", formatFixed(durbinWatson(residuals), 3)],
    ["Jarque-Bera (JB):", formatFixed(normality.statistic, 3)],
    ["Prob(JB):", general(normality.pvalue, 3)],
    ["Cond. No.", general(results.conditionNumber, 3)],
  ];
  const top = twoColumns(left, right);
  const width = top[0]!.length;
  return [
    center("OLS Regression Results", width),
    rule("=", width),
    ...top,
    ...parameterTable(results),
    ...ruled(twoColumns(diagnosticsLeft, diagnosticsRight)),
    "",
    "Notes:",
    ...notes(results).map((note, i) => `[${i + 1}] ${note}`),
  ].join("\n");
}

function twoColumns(left: readonly Entry[], right: readonly Entry[]): string[] {
  // The right half is filled up with blanks to the length of the left.
  const filled = left.map((_, i): Entry => right[i] ?? [" ", " "]);
  const widths = [
    widest(
      left.map(([label]) => label),
      18,
    ),
    widest(
      left.map(([, value]) => value),
      18,
    ),
    widest(
      filled.map(([label]) => `  ${label}`),
      21,
    ),
    widest(
      filled.map(([, value]) => value),
      18,
    ),
  ] as const;
  return left.map(([label, value], i) => {
    const [otherLabel, otherValue] = filled[i]!;
    return [
      label.padEnd(widths[0]),
      value.padStart(widths[1]),
      `  ${otherLabel}`.padEnd(widths[2]),
      otherValue.padStart(widths[3]),
    ].join(" ");
  });
}

function parameterTable(results: OLSResults): string[] {
  const intervals = results.confInt();
  const rows = results.exogNames.map((name, i) => [
    name,
    shortest(results.params[i]!, 4),
    shortest(results.bse[i]!, 3),
    shortest(results.tvalues[i]!, 3),
    formatFixed(results.pvalues[i]!, 3),
    ...intervals[i]!.map((bound) => shortest(bound, 3)),
  ]);
  const header = ["", "coef", "std err", "t", "P>|t|", "[0.025", "0.975]"];
  const widths = header.map((_, i) =>
    widest(
      [header, ...rows].map((row) => row[i]!),
      i > 4 ? 11 : 10,
    ),
  );
  const lineOf = (row: readonly string[]): string =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join(" ");
  const width = lineOf(header).length;
  return [rule("=", width), lineOf(header), rule("-", width), ...rows.map(lineOf)];
}

/** `forg`: fixed decimals where they suffice, else three or four significant digits. */
function shortest(x: number, precision: 3 | 4): string {
  const fits = Math.abs(x) < 1e4 && Math.abs(x) >= 1e-4;
  return fits ? formatFixed(x, precision) : formatGeneral(x, precision);
}

function notes(results: OLSResults): string[] {
  const texts: string[] = [];
  if (!results.hasConstant) {
    texts.push("R² is computed without centering (uncentered) since the model does not contain a constant.");
  }
  texts.push("Standard Errors assume that the covariance matrix of the errors is correctly specified.");
  if (results.nobs < results.exogNames.length) {
    texts.push("The input rank is higher than the number of observations.");
  }
  const small = results.smallestEigenvalue;
  if (small < 1e-10) {
    texts.push(
      `The smallest eigenvalue is ${formatGeneral(small, 3).padStart(6)}. This might indicate that there are\n` +
        "strong multicollinearity problems or that the design matrix is singular.",
    );
  } else if (results.conditionNumber > 1000) {
    texts.push(
      `The condition number is large, ${formatGeneral(results.conditionNumber, 3).padStart(6)}. This might indicate that there are\n` +
        "strong multicollinearity or other numerical problems.",
    );
  }
  return texts;
}

function ruled(lines: readonly string[]): string[] {
  const line = rule("=", lines[0]!.length);
  return [line, ...lines, line];
}

function rule(character: string, width: number): string {
  return character.repeat(width);
}

function widest(texts: readonly string[], least: number): number {
  return Math.max(least, ...texts.map((text) => text.length));
}

function dateText(now: Date): string {
  const part = (options: Intl.DateTimeFormatOptions): string => now.toLocaleDateString("en-US", options);
  const day = part({ day: "2-digit" });
  return `${part({ weekday: "short" })}, ${day} ${part({ month: "short" })} ${now.getFullYear()}`;
}

function timeText(now: Date): string {
  return now.toTimeString().slice(0, 8);
}
