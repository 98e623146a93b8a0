/** Fusion cut off after a number of choices: what bisection moves. */
import type { FusionChoice, FusionPolicy } from "../../../compiler/fusion/policy.ts";

/** Lets the first `limit` choices to fuse stand and forbids those after them; counts and remembers them. */
export class FusionLimit {
  /** Choices to fuse that were come to. */
  count = 0;
  /** The last one that was let stand. */
  last: FusionChoice | null = null;

  constructor(
    readonly limit: number,
    private readonly base: FusionPolicy,
  ) {}

  readonly policy: FusionPolicy = (choice) => {
    const verdict = this.base(choice);
    if (verdict.decision === "forbid") return verdict;
    if (this.count >= this.limit) return { decision: "forbid", reason: "beyond the limit" };
    this.count++;
    this.last = { ...choice, ...verdict };
    return verdict;
  };
}
