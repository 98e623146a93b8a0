/** Counts what any system in this page asks of WebGPU. Imported before them. */

export interface Counters {
  dispatches: number;
  submits: number;
  bytes: number;
}
export const counters: Counters = { dispatches: 0, submits: 0, bytes: 0 };

const groupBytes = new WeakMap<GPUBindGroup, number>();
const bound = new WeakMap<GPUComputePassEncoder, Map<number, number>>();
const seen: { queue: GPUQueue | null } = { queue: null };

/** The queue that was last submitted to. */
export function lastQueue(): GPUQueue {
  if (seen.queue === null) throw new Error("nothing was submitted");
  return seen.queue;
}

const { createBindGroup } = GPUDevice.prototype;
GPUDevice.prototype.createBindGroup = function (descriptor) {
  const group = createBindGroup.call(this, descriptor);
  let bytes = 0;
  for (const { resource } of descriptor.entries) {
    if (resource instanceof GPUBuffer) bytes += resource.size;
    else if ("buffer" in resource) bytes += resource.size ?? resource.buffer.size;
  }
  groupBytes.set(group, bytes);
  return group;
};

const { setBindGroup, dispatchWorkgroups } = GPUComputePassEncoder.prototype;
GPUComputePassEncoder.prototype.setBindGroup = function (
  this: GPUComputePassEncoder,
  ...args: Parameters<typeof setBindGroup>
) {
  const groups = bound.get(this) ?? new Map<number, number>();
  bound.set(this, groups);
  const [index, group] = args;
  groups.set(index, group ? (groupBytes.get(group) ?? 0) : 0);
  return Reflect.apply(setBindGroup, this, args);
} as typeof setBindGroup;
GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...args) {
  counters.dispatches++;
  for (const bytes of bound.get(this)?.values() ?? []) counters.bytes += bytes;
  return dispatchWorkgroups.apply(this, args);
};

const { submit } = GPUQueue.prototype;
GPUQueue.prototype.submit = function (buffers) {
  counters.submits++;
  seen.queue = this;
  return submit.call(this, buffers);
};
