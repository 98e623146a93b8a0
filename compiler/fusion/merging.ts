/**
 * Third walk, over the groups: what need not be a kernel of its own.
 *
 * 1. A group that reads the same operands as a row kernel, at the same elements, shares its pass: the sums over a
 *    batch that belong to the gradient of a normalisation.
 * 2. Independent groups become parts of one kernel, which runs their loops one after the other: the updates of all
 *    parameters in an optimizer's step. A launch, and on several threads a barrier, costs more than a small update.
 *
 * Groups only ever move past groups they have nothing to do with, so the order stays one of execution.
 */
import type { Equation, Value } from "../graph/graph.ts";
import { GROUP_BUDGET, isContraction, MAX_GROUP_VALUES } from "./cost-model.ts";
import type { OpenGroup } from "./open-group.ts";
import type { FusionPolicy } from "./policy.ts";
import { isCarried, notWorthSharing, tooLong } from "./row-domain.ts";
import type { RowStages } from "./row-stages.ts";
import type { FusionTarget } from "./target.ts";

/** Elements up to which a group is merged with others like it wherever it can be. */
const SMALL = 1 << 12;
/** Elements up to which it is merged if it only makes results of the region, whose memory lives on in any case. */
const SMALL_RESULT = 1 << 20;
/** Parts of one kernel. */
const MAX_PARTS = 64;
/** Batches tried for one group. */
const CANDIDATES = 8;

interface Batch {
  /** Place in the order, which is that of its last member. */
  readonly at: number;
  readonly parts: OpenGroup[];
  /** Members that prepare single numbers for the parts. */
  readonly prologue: OpenGroup[];
  readonly buffers: Set<Value>;
  readonly results: boolean;
}

export class Merging {
  readonly #groups: readonly OpenGroup[];
  /** The first group that reads a value; absent where none does. */
  readonly #firstReader = new Map<Value, number>();
  readonly #groupOf = new Map<Value, OpenGroup>();

  constructor(
    groups: readonly OpenGroup[],
    private readonly target: FusionTarget,
    private readonly policy: FusionPolicy,
  ) {
    this.#groups = groups;
  }

  run(): OpenGroup[] {
    this.#index(this.#groups);
    const shared = this.#sharePasses();
    return this.target.merges ? this.#merge(shared) : shared;
  }

  #index(groups: readonly OpenGroup[]): void {
    this.#firstReader.clear();
    this.#groupOf.clear();
    for (const group of groups) {
      for (const v of group.values) this.#groupOf.set(v, group);
      for (const v of group.leaves) {
        if (!group.values.has(v) && !this.#firstReader.has(v)) this.#firstReader.set(v, group.id);
      }
    }
  }

  /** The place of the first group that reads what this one computes. */
  #firstUse(group: OpenGroup): number {
    let first = Infinity;
    for (const v of group.values) first = Math.min(first, this.#firstReader.get(v) ?? Infinity);
    return first;
  }

  /** The place of the last group that computes what this one reads. */
  #waitsFor(group: OpenGroup): number {
    let last = -1;
    for (const v of group.leaves) {
      const from = this.#groupOf.get(v);
      if (from !== undefined && from !== group) last = Math.max(last, from.id);
    }
    return last;
  }

  // Passes over the same operands

  #sharePasses(): OpenGroup[] {
    const rowGroups = this.#groups.filter((g) => g.kind === "rows");
    if (rowGroups.length === 0) return [...this.#groups];
    const readers = new Map<Value, OpenGroup[]>();
    for (const group of rowGroups) {
      for (const v of new Set([...group.leaves, ...group.values])) {
        const list = readers.get(v);
        if (list === undefined) readers.set(v, [group]);
        else list.push(group);
      }
    }
    const gone = new Set<OpenGroup>();
    for (const group of this.#groups) {
      if (group.kind !== "map" && group.kind !== "reduce") continue;
      for (const host of candidatesFor(group, readers)) {
        if (!this.#share(group, host)) continue;
        gone.add(group);
        break;
      }
    }
    return this.#groups.filter((g) => !gone.has(g));
  }

  /** Gives the group's roots to the host, if it can compute them in its passes and the order allows. */
  #share(group: OpenGroup, host: OpenGroup): boolean {
    const { rows } = host;
    if (rows === null || host.values.size + group.values.size > MAX_GROUP_VALUES) return false;
    if (host.work + group.work > GROUP_BUDGET) return false;
    if (host.id > group.id && this.#firstUse(group) === host.id) return this.#prepend(group, host, rows);
    const earlier = host.id < group.id && this.#waitsFor(group) <= host.id;
    const later = host.id > group.id && this.#firstUse(group) > host.id;
    if (!earlier && !later) return false;
    if (!this.#fewBuffers(host, group)) return false;
    const fork = rows.fork();
    if (!joinAll(group, fork, host, this.target)) return false;
    if (!this.#allows("share", group, host, "the same operands at the same elements")) return false;
    this.#absorb(group, host, fork, [...host.roots, ...group.roots]);
    return true;
  }

  /** Whether one kernel may have the buffers of both. */
  #fewBuffers(host: OpenGroup, group: OpenGroup): boolean {
    return new Set([...buffersOf(host), ...buffersOf(group)]).size <= this.target.buffers;
  }

  /** A group that the host reads: the host computes it row by row, before its own. */
  #prepend(group: OpenGroup, host: OpenGroup, rows: RowStages): boolean {
    if (group.kind !== "map" || !this.#fewBuffers(host, group)) return false;
    const roots = [...group.roots, ...host.roots];
    const rebuilt = rows.rebuild(roots);
    if (rebuilt === null) return false;
    if (!this.#allows("share", group, host, "computed row by row where it is read")) return false;
    this.#absorb(group, host, rebuilt, roots);
    return true;
  }

  #allows(kind: "share" | "merge", group: OpenGroup, host: OpenGroup, reason: string): boolean {
    const choice = {
      kind,
      equation: group.roots[0],
      into: host.roots[0],
      decision: "allow",
      reason,
    } as const;
    return this.policy(choice).decision === "allow";
  }

  #absorb(group: OpenGroup, host: OpenGroup, rows: RowStages, roots: readonly Equation[]): void {
    host.rows = rows;
    host.roots.splice(0, host.roots.length, ...roots);
    host.work += group.work;
    for (const v of group.leaves) host.leaves.add(v);
    for (const v of group.values) {
      host.values.add(v);
      this.#groupOf.set(v, host);
    }
    for (const v of group.leaves) {
      if (host.values.has(v)) continue;
      this.#firstReader.set(v, Math.min(this.#firstReader.get(v) ?? Infinity, host.id));
    }
  }

  // Independent groups

  /** From the last group to the first: when a group's turn comes, it is known where all its readers will be. */
  #merge(groups: readonly OpenGroup[]): OpenGroup[] {
    this.#firstReader.clear();
    const batches: Batch[] = [];
    const merged = new Map<OpenGroup, Batch>();
    for (const group of groups.toReversed()) {
      const batch = this.#batchFor(group, batches);
      if (batch !== null) merged.set(group, batch);
      const at = batch?.at ?? group.id;
      for (const v of group.leaves) {
        if (!group.values.has(v))
          this.#firstReader.set(v, Math.min(this.#firstReader.get(v) ?? Infinity, at));
      }
    }
    const out: OpenGroup[] = [];
    for (const group of groups) {
      const batch = merged.get(group);
      if (batch === undefined || batch.parts.length + batch.prologue.length === 1) out.push(group);
      else if (batch.at === group.id) out.push(mergedGroup(batch));
    }
    return out;
  }

  /** The kernel the group becomes a part of; null where it is not small or not of a kind to be merged. */
  #batchFor(group: OpenGroup, batches: Batch[]): Batch | null {
    if (group.kind !== "map" && group.kind !== "reduce" && group.kind !== "rows") return null;
    const firstUse = this.#firstUse(group);
    const results = firstUse === Infinity;
    if (elementsOf(group) > (results ? SMALL_RESULT : SMALL) || group.roots.some(isContraction)) return null;
    // The nearest batch is the last of the list.
    for (let n = batches.length - 1, tries = 0; n >= 0 && tries < CANDIDATES; n--, tries++) {
      const batch = batches[n];
      if (batch.at > firstUse) break;
      const prepares = batch.at === firstUse;
      if (prepares ? !isNumber(group) : results && !batch.results) continue;
      if (!fits(group, batch, this.target.buffers)) continue;
      if (!this.#allows("merge", group, batch.parts[0], "small, and independent of the others")) continue;
      (prepares ? batch.prologue : batch.parts).unshift(group);
      for (const v of buffersOf(group)) batch.buffers.add(v);
      return batch;
    }
    const batch = { at: group.id, parts: [group], prologue: [], buffers: new Set(buffersOf(group)), results };
    batches.push(batch);
    return batch;
  }
}

function candidatesFor(group: OpenGroup, readers: ReadonlyMap<Value, OpenGroup[]>): OpenGroup[] {
  const found = new Set<OpenGroup>();
  for (const v of buffersOf(group)) for (const host of readers.get(v)?.slice(0, 4) ?? []) found.add(host);
  found.delete(group);
  return [...found];
}

/** Whether every root of the group finds a part to play, at least one of them at elements the host reads anyway. */
function joinAll(group: OpenGroup, rows: RowStages, host: OpenGroup, target: FusionTarget): boolean {
  let shares = false;
  for (const root of group.roots) {
    const result = rows.tryJoin(root);
    if (result.role === null || (isCarried(result.role) && !target.rowsInOrder)) return false;
    if (result.reads.own.size > 0) shares = true;
    if ([...result.reads.aligned].some((v) => host.leaves.has(v))) shares = true;
    const reads = root.inputs[0]?.type ?? root.outputs[0].type;
    if (notWorthSharing(rows.domain) !== null || tooLong(rows.domain, reads) !== null) return false;
    rows.join(root, result.role, result.reads);
  }
  return shares;
}

function elementsOf(group: OpenGroup): number {
  const { rows } = group;
  const walked = rows === null ? 0 : rows.domain.rows * rows.domain.length;
  return Math.max(walked, ...group.roots.flatMap((e) => [...e.inputs, ...e.outputs].map((x) => x.type.size)));
}

function buffersOf(group: OpenGroup): Value[] {
  return [...group.leaves, ...group.values];
}

function fits(group: OpenGroup, batch: Batch, most: number): boolean {
  if (batch.parts.length + batch.prologue.length >= MAX_PARTS) return false;
  let buffers = batch.buffers.size;
  for (const v of buffersOf(group)) if (!batch.buffers.has(v)) buffers++;
  return buffers <= most;
}

/** One number: the parts of a kernel that read it have it computed before them, in the same kernel. */
function isNumber(group: OpenGroup): boolean {
  return group.kind === "map" && group.size === 1;
}

function mergedGroup(batch: Batch): OpenGroup {
  const parts = [...batch.prologue, ...batch.parts];
  return {
    id: batch.at,
    kind: "merged",
    roots: parts.flatMap((g) => g.roots),
    domainKey: "merged",
    size: 0,
    leaves: new Set(parts.flatMap((g) => [...g.leaves])),
    values: new Set(parts.flatMap((g) => [...g.values])),
    work: 0,
    rows: null,
    parts,
  };
}
