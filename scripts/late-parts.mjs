// What the core of pages leaves out, and the files that bring it.

/**
 * Families of primitives that the core leaves out until a page imports `part`: a module that `importer` imports as `path`,
 * and the names for which declarations stand in its `exported` that say which file to import. Where `exported` is one
 * declaration and not a table of them, `single`.
 *
 * @typedef {{ part: Part, importer: string, path: string, exported: string }} Late
 * @type {readonly (Late & { names: readonly string[], single?: boolean })[]}
 */
export const lateFamilies = [
  {
    part: "browser/linalg",
    importer: "compiler/primitives/table.ts",
    path: "./linalg/index.ts",
    exported: "linalgPrimitives",
    names: [
      ...[
        "cholesky",
        "triangular_solve",
        "lu",
        "lu_pivots_to_permutation",
        "geqrf",
        "householder_product",
        "qr",
      ],
      ...["eigh", "jacobi_svd", "svd"],
    ],
  },
  {
    part: "browser/fft",
    importer: "compiler/primitives/table.ts",
    path: "./fft/index.ts",
    exported: "fourierPrimitives",
    names: ["fft", "fft_stages"],
  },
  {
    part: "browser/special",
    importer: "compiler/primitives/table.ts",
    path: "./special/index.ts",
    exported: "specialPrimitives",
    names: [
      ...["lgamma", "digamma", "trigamma", "bessel_i0e", "bessel_i1e", "igamma", "igammac", "igamma_grad_a"],
      ...["random_gamma_grad", "regularized_incomplete_beta", "zeta", "polygamma"],
    ],
  },
  {
    part: "browser/convolution",
    importer: "compiler/primitives/table.ts",
    path: "./window/index.ts",
    exported: "windowPrimitives",
    names: [
      ...["reduce_window_sum", "reduce_window_prod", "reduce_window_max", "reduce_window_min"],
      ...["select_and_scatter_add", "select_and_gather_add"],
    ],
  },
  {
    part: "browser/lax",
    importer: "compiler/primitives/control/index.ts",
    path: "./flow.ts",
    exported: "flowPrimitives",
    names: ["cond", "while", "scan", "linear_solve"],
  },
  {
    part: "browser/transforms",
    importer: "compiler/primitives/control/index.ts",
    path: "./custom-vjp.ts",
    exported: "customVjpPrimitives",
    names: ["custom_vjp_call", "custom_vjp_linear"],
  },
  {
    part: "browser/lax",
    importer: "compiler/primitives/reduction/index.ts",
    path: "./cumulative.ts",
    exported: "cumulativePrimitives",
    names: ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"],
  },
  {
    part: "browser/lax",
    importer: "compiler/primitives/elementwise/index.ts",
    path: "./reduce-precision.ts",
    exported: "reduce_precision",
    names: ["reduce_precision"],
    single: true,
  },
  {
    part: "browser/lax",
    importer: "compiler/primitives/table.ts",
    path: "./sorting/index.ts",
    exported: "sortingPrimitives",
    names: ["sort"],
  },
  {
    part: "browser/convolution",
    importer: "compiler/primitives/contraction/index.ts",
    path: "./conv.ts",
    exported: "convGeneralDilated",
    names: ["conv_general_dilated"],
    single: true,
  },
];

/**
 * What only those families need of other modules: there stands a value until `part` has the real one. `filled`: it is an object
 * that others hold by then, so that it stays and takes over the properties of the real one.
 */
export const lateValues =
  /** @satisfies {readonly (Late & { file: string, until: string, filled?: boolean })[]} */ ([
    {
      part: "browser/special",
      importer: "compiler/math/index.ts",
      path: "./special.ts",
      exported: "specialFunctions",
      file: "compiler/math/special.ts",
      until: "[]",
    },
    {
      part: "browser/convolution",
      importer: "compiler/lowering/contraction/lower-contraction.ts",
      path: "../winograd/lower-winograd.ts",
      exported: "lowerWinograd",
      file: "compiler/lowering/winograd/lower-winograd.ts",
      until: "() => null",
    },
    {
      part: "browser/convolution",
      importer: "compiler/lowering/contraction/lower-contraction.ts",
      path: "./narrow.ts",
      exported: "lowerNarrow",
      file: "compiler/lowering/contraction/narrow.ts",
      until: "() => null",
    },
    {
      part: "browser/convolution",
      importer: "compiler/pipeline.ts",
      path: "./passes/dilated-convolutions.ts",
      exported: "separateDilatedConvolutions",
      file: "compiler/passes/dilated-convolutions.ts",
      until: "{ name: 'dilated_convolutions', run: (graph) => graph }",
      filled: true,
    },
    {
      part: "browser/lax",
      importer: "compiler/pipeline.ts",
      path: "./passes/loop-invariants.ts",
      exported: "hoistLoopInvariants",
      file: "compiler/passes/loop-invariants.ts",
      until: "{ name: 'loop_invariants', run: (graph) => graph }",
      filled: true,
    },
  ]);

/**
 * Modules of functions that are of no use without them: there stand functions that call those once `part` is loaded. `kept`
 * are functions that the module exports from others, and that the core has.
 *
 * @typedef {{ part: Part, file: string, kept?: Readonly<Record<string, readonly string[]>> }} LateModule
 */
export const lateModules = /** @satisfies {readonly LateModule[]} */ ([
  { part: "browser/linalg", file: "frontend/lax/linalg.ts" },
  {
    part: "browser/linalg",
    file: "frontend/numpy/linalg/index.ts",
    kept: {
      "frontend/numpy/linalg.ts": ["matmul", "tensordot", "vecdot"],
      "frontend/numpy/movement.ts": ["matrixTranspose"],
      "frontend/numpy/norms.ts": ["matrixNorm", "norm", "vectorNorm"],
    },
  },
  { part: "browser/linalg", file: "frontend/numpy/polyfit.ts" },
  { part: "browser/linalg", file: "frontend/random/multivariate.ts" },
  { part: "browser/fft", file: "frontend/lax/fft.ts" },
  { part: "browser/fft", file: "frontend/numpy/fft.ts" },
  { part: "browser/special", file: "frontend/lax/special.ts" },
  { part: "browser/special", file: "frontend/random/gamma.ts" },
  { part: "browser/special", file: "frontend/random/poisson.ts" },
  { part: "browser/convolution", file: "frontend/lax/convolution.ts" },
  { part: "browser/convolution", file: "frontend/lax/conv-patches.ts" },
  { part: "browser/convolution", file: "frontend/lax/general-fold.ts" },
  { part: "browser/convolution", file: "frontend/lax/reduce-window.ts" },
  { part: "browser/lax", file: "frontend/lax/conveniences.ts" },
  { part: "browser/lax", file: "frontend/lax/integer-products.ts" },
  { part: "browser/lax", file: "frontend/lax/loops.ts" },
  { part: "browser/lax", file: "frontend/lax/solves.ts" },
  { part: "browser/lax", file: "frontend/lax/sorting.ts" },
  { part: "browser/lax", file: "frontend/control/cond.ts" },
  { part: "browser/lax", file: "frontend/control/scan.ts" },
  { part: "browser/lax", file: "frontend/control/while-loop.ts" },
  { part: "browser/lax", file: "compiler/lowering/lower-cumulative.ts" },
  { part: "browser/numpy", file: "frontend/numpy/apply.ts" },
  { part: "browser/numpy", file: "frontend/numpy/blocks.ts" },
  { part: "browser/numpy", file: "frontend/numpy/buffers.ts" },
  { part: "browser/numpy", file: "frontend/numpy/casting.ts" },
  { part: "browser/numpy", file: "frontend/numpy/calculus.ts" },
  { part: "browser/numpy", file: "frontend/numpy/einsum.ts" },
  { part: "browser/numpy", file: "frontend/numpy/float-parts.ts" },
  { part: "browser/numpy", file: "frontend/numpy/grids.ts" },
  { part: "browser/numpy", file: "frontend/numpy/histograms.ts" },
  { part: "browser/numpy", file: "frontend/numpy/index-tricks.ts" },
  { part: "browser/numpy", file: "frontend/numpy/integers.ts" },
  { part: "browser/numpy", file: "frontend/numpy/interpolation.ts" },
  { part: "browser/numpy", file: "frontend/numpy/multi-index.ts" },
  { part: "browser/numpy", file: "frontend/numpy/nan-reductions.ts" },
  { part: "browser/numpy", file: "frontend/numpy/padding.ts" },
  { part: "browser/numpy", file: "frontend/numpy/polynomials.ts" },
  { part: "browser/numpy", file: "frontend/numpy/products.ts" },
  { part: "browser/numpy", file: "frontend/numpy/sets.ts" },
  { part: "browser/lax", file: "frontend/numpy/sorting.ts" },
  { part: "browser/numpy", file: "frontend/numpy/statistics.ts" },
  { part: "browser/numpy", file: "frontend/numpy/ufunc-loops.ts" },
  { part: "browser/numpy", file: "frontend/numpy/unique.ts" },
  { part: "browser/numpy", file: "frontend/numpy/updates.ts" },
  { part: "browser/numpy", file: "frontend/numpy/window-functions.ts" },
  { part: "gpu", file: "compiler/primitives/indexing/gpu-scatter.ts" },
  { part: "gpu", file: "compiler/primitives/sorting/gpu-sort.ts" },
  { part: "gpu", file: "frontend/config/debug-gpu-backend.ts" },
  { part: "browser/random", file: "frontend/random/discrete.ts" },
  { part: "browser/random", file: "frontend/random/distributions.ts" },
  { part: "browser/transforms", file: "frontend/transforms/custom-vjp.ts" },
  { part: "browser/transforms", file: "frontend/transforms/jacobian.ts" },
  { part: "browser/transforms", file: "frontend/transforms/linear-transpose.ts" },
  { part: "browser/inspect", file: "compiler/analysis/program-cost.ts" },
  { part: "browser/inspect", file: "compiler/assembly/memory-timeline.ts" },
  { part: "browser/inspect", file: "compiler/fusion/print-plan.ts" },
  { part: "browser/inspect", file: "compiler/text/graph-printer.ts" },
  { part: "browser/inspect", file: "compiler/text/jaxpr.ts" },
  { part: "browser/inspect", file: "compiler/text/kernel-accesses.ts" },
  { part: "browser/inspect", file: "compiler/text/kernel-printer.ts" },
  { part: "browser/inspect", file: "compiler/text/program-printer.ts" },
  { part: "browser/inspect", file: "frontend/config/debug-backend.ts" },
  { part: "browser/inspect", file: "frontend/inspect/kernel-program.ts" },
  { part: "browser/inspect", file: "frontend/inspect/stage-text.ts" },
  { part: "browser/inspect", file: "frontend/inspect/wat.ts" },
  { part: "browser/inspect", file: "frontend/transforms/kernel-code.ts" },
]);

/** The files that bring what the core leaves out. */
const parts = {
  "browser/convolution": "frontend/parts/convolution.ts",
  "browser/fft": "frontend/parts/fft.ts",
  "browser/inspect": "frontend/parts/inspect.ts",
  "browser/lax": "frontend/parts/lax.ts",
  "browser/linalg": "frontend/parts/linalg.ts",
  "browser/numpy": "frontend/parts/numpy.ts",
  "browser/random": "frontend/parts/random.ts",
  "browser/special": "frontend/parts/special.ts",
  "browser/transforms": "frontend/parts/transforms.ts",
};

/** What a page with the core loads when it first asks for a GPU. */
export const gpuPart = "frontend/core/gpu-modules.ts";

/** The sources of all parts. */
export const partFiles = { ...parts, gpu: gpuPart };

/** @typedef {keyof typeof partFiles} Part */

/**
 * What other files need of them.
 *
 * @type {Readonly<Record<string, readonly Part[]>>}
 */
export const needs = {
  "frontend/parts/linalg.ts": ["browser/lax", "browser/numpy", "browser/random"],
  "frontend/parts/numpy.ts": ["browser/lax"],
  "frontend/parts/random.ts": ["browser/lax"],
  "frontend/parts/special.ts": ["browser/lax", "browser/random"],
  "frontend/data/index.ts": ["browser/random"],
  "frontend/haiku/index.ts": ["browser/convolution", "browser/lax", "browser/numpy"],
  "frontend/nn/index.ts": ["browser/convolution", "browser/lax", "browser/numpy"],
  "frontend/optim/index.ts": ["browser/lax"],
  "frontend/scipy/index.ts": [
    "browser/fft",
    "browser/lax",
    "browser/linalg",
    "browser/numpy",
    "browser/random",
    "browser/special",
  ],
};

/** Each file that a page imports, and its source. */
export const pageEntries = {
  "weft.browser": "frontend/browser.ts",
  ...parts,
  "browser/aot": "frontend/aot/index.ts",
  "browser/checkify": "frontend/checkify/index.ts",
  "browser/data": "frontend/data/index.ts",
  "browser/flatten-util": "frontend/flatten-util/index.ts",
  "browser/haiku": "frontend/haiku/index.ts",
  "browser/nn": "frontend/nn/index.ts",
  "browser/optim": "frontend/optim/index.ts",
  "browser/profiler": "frontend/profiler/index.ts",
  "browser/scipy": "frontend/scipy/index.ts",
};
