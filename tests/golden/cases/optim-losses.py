"""Losses: values, derivatives, edges; functions of trees; projections."""

import re

from golden import *

losses = optax.losses

# ---------------------------------------------------------------------------------------------- numbers and classes
for dtype in ("float32", "float64", "float16"):
    second = dtype == "float32"
    tol = {"float16": 8e-3, "float32": 4e-6, "float64": 1e-12}[dtype]
    x, y = normal((3, 5), 1, dtype, 2), normal((3, 5), 2, dtype, 2)
    labels = uniform((3, 5), 3, dtype=dtype)
    given = dict(second=second, tol=tol)
    case("optim.squaredError", x, y, **given)
    case("optim.l2Loss", x, y, **given)
    # In float16 an error is rounded to delta in one way here and in another there.
    huber = {**given, "grad": dtype != "float16"}
    case("optim.huberLoss", x, y, options={"delta": 0.7}, **huber)
    case("optim.huberLoss", x, y, **huber)
    case("optim.logCosh", x, y, **given)
    case("optim.hingeLoss", x, np.where(y > 0, 1, -1).astype(dtype), **given)
    case("optim.sigmoidBinaryCrossEntropy", x * 3, labels, **given)
    case("optim.softmaxCrossEntropy", x, labels / labels.sum(-1, keepdims=True), **given)
    case("optim.softmaxCrossEntropyWithIntegerLabels", x, array([0, 4, 2], "int32"), **given)
    case("optim.klDivergence", np.log(labels), labels[::-1] / labels[::-1].sum(-1, keepdims=True), **given)
    case("optim.smoothLabels", np.eye(3, dtype=dtype), 0.1, **given)
    case("optim.cosineSimilarity", x, y, **given)
    case("optim.cosineDistance", x, y, **given)
    case("optim.squaredError", x[0], **given)
    case("optim.globalNorm", {"w": x, "b": [y, labels]}, **given)
for axis in (0, 1, 2):
    z = normal((2, 3, 4), 4)
    case("optim.softmaxCrossEntropyWithIntegerLabels", z, integers(np.delete(z.shape, axis), 5, 0, 2), axis=axis, tol=4e-6)
    case("optim.softmaxCrossEntropy", z, uniform(z.shape, 6), axis=axis, tol=4e-6)
# By the targets optax's derivative is NaN where they are 0.
case("optim.klDivergence", normal((4,), 7), array([0, 0.5, 0.5, 0]), tol=4e-6, grad=[0])
case("optim.sigmoidBinaryCrossEntropy", array([-1000, -100, 0, 100, 1000]), array([0, 1, 0.5, 0, 1]))
case("optim.softmaxCrossEntropyWithIntegerLabels", array([[1000, 0], [-1000, 0]]), array([1, 0], "int32"))
case("optim.incrementalUpdate", {"w": normal((3,), 8)}, {"w": normal((3,), 9)}, 0.1, second=True)
case("optim.applyUpdates", {"w": normal((3,), 8), "b": normal((2, 2), 9)}, {"w": normal((3,), 1), "b": normal((2, 2), 2)})

# By rows, columns and both; parts that count.
MASK = array([[1, 1, 0, 1, 1], [0, 0, 0, 0, 1], [1, 1, 1, 1, 1]], "bool")
for shape, seed in (((3, 5), 11), ((2, 3, 4), 12)):
    x, y = normal(shape, seed, scale=2), normal(shape, seed + 1, scale=2)
    p = uniform(shape, seed + 2, 0.05, 1)
    for axis in (0, 1, -1, (0, 1)):
        case("optim.cosineSimilarity", x, y, axis=axis, tol=4e-6)
        case("optim.cosineDistance", x, y, axis=axis, epsilon=30.0, tol=4e-6)
        case("optim.softmaxCrossEntropy", x, p, axis=axis, tol=4e-6)
        case("optim.klDivergence", np.log(p), p[::-1], axis=axis, tol=4e-6)
        case("optim.klDivergenceWithLogTargets", x, y, axis=axis, tol=4e-6, jax=losses.kl_divergence_with_log_targets)
        case("optim.generalizedKlDivergence", x, p, axis=axis, tol=4e-6)
        case("optim.polyLossCrossEntropy", x, p, axis=axis, epsilon=1.5, tol=4e-6, jax=losses.poly_loss_cross_entropy)
        case("optim.smoothLabels", p, 0.2, axis=axis, tol=4e-6)
x, y, p = normal((3, 5), 14, scale=2), normal((3, 5), 15, scale=2), uniform((3, 5), 16, 0.05, 1)
case("optim.cosineSimilarity", x, y, where=MASK, tol=4e-6, vmap=[0, 1])
case("optim.softmaxCrossEntropy", x, p, where=MASK, tol=4e-6, vmap=[0, 1], grad=False)
case("optim.klDivergence", x, p, where=MASK, tol=4e-6, vmap=[0, 1])
case("optim.smoothLabels", p, 0.2, where=MASK, tol=4e-6, vmap=[0])
case("optim.softmaxCrossEntropyWithIntegerLabels", x, array([0, 4, 2], "int32"), where=MASK, tol=4e-6, vmap=[0])
case("optim.softmaxCrossEntropyWithIntegerLabels", x, array([0, 4, 2], "int32"), tol=4e-6, vmap=[0],
     where=array([1, 0, 1], "bool"))
case("optim.softmaxCrossEntropyWithIntegerLabels", normal((2, 3, 4), 17), array([5, 11], "int32"), axis=(1, 2), tol=4e-6)
case("optim.softmaxCrossEntropyWithIntegerLabels", normal((2, 3, 4), 17), array([1, 7, 0], "int32"), axis=(2, 0), tol=4e-6)
case("optim.polyLossCrossEntropy", x, p, jax=losses.poly_loss_cross_entropy, tol=4e-6, second=True)
case("optim.convexKlDivergence", x, p, jax=losses.generalized_kl_divergence, tol=4e-6)

for dtype in ("float32", "float64"):
    tol = {"float32": 4e-6, "float64": 1e-12}[dtype]
    x, labels = normal((4, 3), 18, dtype, 2), integers((4,), 19, 0, 3)
    binary, signs = booleans((4, 3), 20), np.where(booleans((4, 3), 21), 1, -1).astype(dtype)
    given = dict(tol=tol)
    case("optim.sigmoidFocalLoss", x, binary.astype(dtype), second=True, **given)
    case("optim.sigmoidFocalLoss", x, uniform((4, 3), 22, dtype=dtype), alpha=0.25, gamma=1.5, **given)
    case("optim.perceptronLoss", x, signs, jax=losses.perceptron_loss, **given)
    case("optim.sparsemaxLoss", x, binary, jax=losses.sparsemax_loss, second=True, **given)
    case("optim.multiclassHingeLoss", x, labels, jax=losses.multiclass_hinge_loss, **given)
    case("optim.multiclassPerceptronLoss", x, labels, jax=losses.multiclass_perceptron_loss, **given)
    case("optim.multiclassSparsemaxLoss", x * 0.4, labels, jax=losses.multiclass_sparsemax_loss, **given)
    case("optim.safeSoftmaxCrossEntropy", x, uniform((4, 3), 23, dtype=dtype), second=True, **given)
    case("optim.fenchelYoung", x, uniform((4, 3), 24, dtype=dtype), weft="fenchelYoung", **given,
         jax=losses.make_fenchel_young_loss(jax.nn.logsumexp))
    case("optim.tripletMarginLoss", x, normal((4, 3), 25, dtype), normal((4, 3), 26, dtype), **given,
         jax=losses.triplet_margin_loss)
    case("optim.tripletMarginLoss", x, normal((4, 3), 25, dtype), normal((4, 3), 26, dtype), **given,
         options={"axis": 0, "norm_degree": 4, "margin": 0.5, "eps": 1e-3}, jax=losses.triplet_margin_loss)
    case("optim.ntxent", normal((6, 4), 27, dtype), array([0, 1, 0, 2, 1, 0], "int32"), jax=losses.ntxent,
         tol=tol * 4)
    case("optim.ntxent", normal((6, 4), 27, dtype), array([0, 1, 0, 2, 1, 0], "int32"), 0.5, jax=losses.ntxent,
         tol=tol * 4)
    case("optim.rankingSoftmaxLoss", x, uniform((4, 3), 28, dtype=dtype), **given,
         jax=losses.ranking_softmax_loss)
    items = array([[1, 1, 0], [0, 0, 0], [1, 1, 1], [0, 1, 0]], "bool")
    case("optim.ranking", x, uniform((4, 3), 28, dtype=dtype), items, uniform((4, 3), 29, dtype=dtype), weft="ranking",
         grad=False, vmap=False, **given,
         jax=lambda x, y, items, w: [
             losses.ranking_softmax_loss(x, y, where=items, weights=w),
             losses.ranking_softmax_loss(x, y, where=items, reduce_fn=jnp.sum),
             losses.ranking_softmax_loss(x, y, where=items, reduce_fn=None),
             losses.ranking_softmax_loss(x, y, where=jnp.zeros_like(items)),
         ])
    volumes, masks = normal((2, 4, 3, 3), 30, dtype), jax.nn.one_hot(integers((2, 4, 3), 31, 0, 3), 3)
    masks = np.asarray(masks, dtype)
    for options in ({}, {"smooth": 0.1, "alpha": 0.3, "beta": 0.7, "reduction": "none"}, {"ignore_background": True},
                    {"reduction": "sum", "class_weights": array([1, 2, 0.5], dtype)}):
        case("optim.diceLoss", volumes, masks, options=options, jax=losses.dice_loss, vmap=[0, 1], **given)
    case("optim.diceLoss", np.asarray(jax.nn.softmax(volumes), dtype), masks, jax=losses.dice_loss, apply_softmax=False,
         jit=False, grad=False, vmap=False, **given)
    case("optim.multiclassGeneralizedDiceLoss", volumes, masks, jax=losses.multiclass_generalized_dice_loss, grad=[0], **given)
    case("optim.binaryDiceLoss", volumes[..., 0], masks[..., 0], jax=losses.binary_dice_loss, **given)
    case("optim.binaryDiceLoss", volumes[..., :1], masks[..., :1], smooth=0.5, jax=losses.binary_dice_loss, **given)

    logits = normal((3, 7, 5), 32, dtype, 2)
    logit_paddings = array([[0] * 7, [0] * 5 + [1] * 2, [0] * 4 + [1] * 3], dtype)
    # A label twice in a row needs a blank between; paddings; no label at all.
    labels, label_paddings = array([[1, 2, 2], [3, 1, 0], [0, 0, 0]], "int32"), array([[0, 0, 0], [0, 0, 1], [1, 1, 1]], dtype)
    case("optim.ctcLoss", logits, logit_paddings, labels, label_paddings, grad=[0], vmap=[0], second=True, **given)
    case("optim.ctcLoss", logits, logit_paddings, labels + 1, label_paddings, grad=[0], vmap=[0], **given,
         options={"blank_id": 2, "log_epsilon": -1e4})
    case("optim.ctcLossWithForwardProbs", logits, logit_paddings, labels, label_paddings, grad=[0], vmap=[0], **given)

# Edges: infinities where they may be, ties, zeros, one class.
INF = np.inf
case("optim.safeSoftmaxCrossEntropy", array([[1, -INF, 2], [0, -INF, -INF]]), array([[0.5, 0, 0.5], [1, 0, 0]]), grad=[0])
case("optim.softmaxCrossEntropy", array([[1000, 0], [-1000, 0]]), array([[1, 0], [0.5, 0.5]]))
case("optim.sigmoidFocalLoss", array([-100, -1, 0, 1, 100]), array([1, 0, 1, 0, 1]), grad=[0])
case("optim.hingeLoss", array([1, -1, 0, 2, -2]), array([1, -1, 1, 1, 1]), grad=False)
case("optim.huberLoss", array([1, -1, 0, 1e10, -1e10]), grad=[0])
case("optim.logCosh", array([0, 1e-4, 50, -500, 1e10]), grad=[0])
case("optim.cosineSimilarity", array([[0, 0], [3, 4]]), array([[1, 2], [4, 3]]), epsilon=1e-6)
case("optim.klDivergence", array([[0.0, -1, -2]]), array([[1, 0, 0]]), grad=[0])
case("optim.sigmoidBinaryCrossEntropy", array([-INF, INF]), array([0.0, 1.0]), grad=False)
case("optim.multiclassHingeLoss", array([[1, 1, 1], [0, 0, 5]]), array([1, 2], "int32"), jax=losses.multiclass_hinge_loss,
     grad=False)
case("optim.softmaxCrossEntropyWithIntegerLabels", normal((0, 3), 1), array([], "int32"), grad=False, vmap=False)
case("optim.softmaxCrossEntropyWithIntegerLabels", normal((4, 1), 1), array([0, 0, 0, 0], "int32"))

# --------------------------------------------------------------------------------------------------------- projections
tree = {"w": normal((4,), 33, scale=2), "b": [normal((2, 2), 34), normal((), 35)]}
same = {"w": normal((4,), 36), "b": [normal((2, 2), 37), normal((), 38)]}
project = optax.projections
for name, args in {
    "NonNegative": [], "Simplex": [1.0], "L1Sphere": [1.0], "L1Ball": [1.0], "L2Sphere": [1.5],
    "L2Ball": [1.5], "LinfBall": [0.5],
}.items():
    function = getattr(project, "projection_" + re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower())
    case(f"optim.projections.projection{name}", tree, *args, jax=function, tol=4e-6, grad=[0])
for scale in (0.3, 100.0):
    case("optim.projections.projectionL1Ball", tree, scale, jax=project.projection_l1_ball, tol=4e-6, grad=[0])
    case("optim.projections.projectionL2Ball", tree, scale, jax=project.projection_l2_ball, tol=4e-6, grad=[0])
    case("optim.projections.projectionSimplex", tree, scale, jax=project.projection_simplex, tol=4e-6, grad=[0])
case("optim.projections.projectionBox", tree, -0.5, 0.25, tol=4e-6, grad=[0],
     jax=lambda t, low, high: jax.tree.map(lambda x: jnp.clip(x, low, high), t))
case("optim.projections.projectionBox", tree, jax.tree.map(lambda x: np.asarray(-abs(x) / 2, "float32"), same),
     jax.tree.map(lambda x: np.asarray(abs(x), "float32"), same), jax=project.projection_box, tol=4e-6)
case("optim.projections.projectionVector", tree, same, jax=project.projection_vector, tol=4e-6)
case("optim.projections.projectionHyperplane", tree, same, 0.5, jax=project.projection_hyperplane, tol=4e-6)
# optax takes a number for the bounds of single arrays only.
case("optim.projections.projectionHypercube", tree, 0.7, tol=4e-6, grad=[0],
     jax=lambda t, scale: jax.tree.map(lambda x: project.projection_hypercube(x, scale), t))
for b in (-3.0, 3.0):
    case("optim.projections.projectionHalfspace", tree, same, b, jax=project.projection_halfspace, tol=4e-6)

# -------------------------------------------------------------------------------------------------------------- trees
trees = optax.tree
case("optim.tree.add", tree, same, tree, jax=trees.add)
case("optim.tree.sub", tree, same, jax=trees.sub)
case("optim.tree.mul", tree, same, jax=trees.mul)
case("optim.tree.div", tree, same, jax=trees.div)
case("optim.tree.scale", 0.3, tree, jax=trees.scale)
case("optim.tree.addScale", tree, 0.3, same, jax=trees.add_scale)
case("optim.tree.vdot", tree, same, jax=trees.vdot, tol=2e-6)
case("optim.tree.sum", tree, jax=trees.sum, tol=2e-6)
case("optim.tree.max", tree, jax=trees.max)
case("optim.tree.min", tree, jax=trees.min)
case("optim.tree.size", tree, jax=trees.size, jit=False, vmap=False)
for options in ({}, {"squared": True}, {"ord": 1}, {"ord": 1, "squared": True}, {"ord": np.inf}):
    case("optim.tree.norm", tree, options=options, jax=trees.norm, tol=2e-6)
case("optim.tree.clip", tree, -0.5, 0.25, jax=trees.clip)
case("optim.tree.where", array(True, "bool"), tree, same, jax=trees.where)
case("optim.tree.batchShape", tree, (2, 3), jax=trees.batch_shape)
case("optim.tree.zerosLike", tree, jax=trees.zeros_like, grad=False)
case("optim.tree.onesLike", tree, jax=trees.ones_like, grad=False)
case("optim.tree.fullLike", tree, 0.3, jax=trees.full_like, grad=False)
case("optim.tree.allclose", tree, same, jax=trees.allclose)
case("optim.tree.biasCorrection", tree, 0.9, array(3, "int32"), jax=trees.bias_correction, tol=1e-6)
case("optim.tree.updateMoment", tree, same, 0.9, 2, jax=trees.update_moment, grad=[0, 1])
case("optim.tree.updateInfinityMoment", tree, same, 0.9, 1e-3, jax=trees.update_infinity_moment, grad=[0, 1])
case("optim.tree.randomLike", key(3), tree, jax=trees.random_like, grad=False, vmap=False, tol=1e-6)
case("optim.periodicUpdate", tree, same, array(6, "int32"), 3)
case("optim.periodicUpdate", tree, same, array(7, "int32"), 3)

# ------------------------------------------------------------------------------------------------- second derivatives
second = optax.second_order


def cost(params, inputs, targets):
    return jnp.sum(jnp.tanh(inputs @ params["w"] + params["b"]) * targets) ** 2


for name in ("hvp", "hessian_diag", "fisher_diag"):
    flat = normal((4,), 40)
    params, given = {"w": normal((3,), 41), "b": normal((), 42)}, (normal((5, 3), 43), normal((5,), 44))
    args = (flat, params, *given) if name == "hvp" else (params, *given)
    # As one vector, which optax's hvp gives as a tree.
    case(f"optim.{camel(name)}", *args, weft=camel(name), tol=4e-6, grad=False, vmap=False,
         jax=lambda *args, f=getattr(second, name): jax.flatten_util.ravel_pytree(f(cost, *args))[0])
