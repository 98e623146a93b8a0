/** Why Weft is behind where it is: reasons kept by hand in notes.json, by the beginnings of workloads' names. */
import notes from "../notes.json" with { type: "json" };

const REASONS: Readonly<Record<string, string>> = notes;

/** The reason of the longest beginning of the workload's name that has one; empty where none has. */
export function noteOf(workload: string): string {
  const keys = Object.keys(REASONS).filter((key) => workload.startsWith(key));
  const [longest] = keys.sort((a, b) => b.length - a.length);
  return longest === undefined ? "" : REASONS[longest];
}
