"""What NumPy's RandomState and the used pieces of scikit-learn give, for several seeds and arguments."""

import warnings

from _write import write

import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, classification_report, precision_recall_fscore_support
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

warnings.simplefilter("ignore")


def random_state(seed):
    """A row of calls, so that each also shows that the one before took as many bits."""
    r = np.random.RandomState(seed)
    weights = np.array([0.1, 0, 0.4, 0.2, 0.3])
    return {
        "seed": seed,
        "randomSample": r.random_sample(5),
        "standardNormal": r.standard_normal(7),
        "uniform": r.uniform(-2, 5, 4),
        "randint": [int(r.randint(n)) for n in (1, 2, 3, 10, 1000, 2**31 - 1)],
        "randints": r.randint(-5, 12, 9),
        "normal": r.normal(3, 0.5, 4),
        "permutation": r.permutation(17),
        "shuffled": (lambda x: (r.shuffle(x), x)[1])(np.arange(10, 19)),
        "choice": r.choice(7, 12),
        "choiceWithout": r.choice(20, 6, replace=False),
        "choiceWeighted": r.choice(5, 15, p=weights),
        "choiceWeightedWithout": r.choice(5, 4, replace=False, p=weights),
        "rest": r.random_sample(3000)[-3:],
    }


CLASSIFICATIONS = [
    dict(n_samples=30, random_state=0),
    dict(n_samples=25, random_state=123456789),
    dict(n_samples=23, n_features=5, n_informative=3, n_redundant=1, n_repeated=1, n_classes=3, random_state=7),
    dict(n_samples=20, n_features=4, n_informative=2, n_redundant=0, n_clusters_per_class=1, random_state=42),
    dict(n_samples=20, n_features=6, weights=[0.8], flip_y=0.3, class_sep=2.5, random_state=5),
    dict(n_samples=20, n_features=6, weights=[0.3, 0.7], flip_y=0, hypercube=False, random_state=6),
    dict(n_samples=18, n_features=6, shift=None, scale=None, random_state=8),
    dict(n_samples=18, n_features=4, shift=0.5, scale=[1.0, 2.0, 3.0, 4.0], shuffle=False, random_state=9),
    dict(n_samples=12, n_features=40, n_informative=34, n_redundant=3, n_repeated=2, random_state=10),
    dict(n_samples=16, n_features=8, n_informative=7, n_redundant=1, n_clusters_per_class=1, random_state=11),
    dict(n_samples=40, n_features=5, n_informative=4, n_redundant=0, n_classes=4, n_clusters_per_class=4,
         random_state=12),
]


def classification(options):
    X, y = make_classification(**options)
    return {"options": options, "x": X, "y": y}


def document_sized():
    X, y = make_classification(n_classes=2, n_samples=500, random_state=0)
    rows = [0, 1, 250, 499]
    return {"rows": rows, "x": X[rows], "y": y, "sums": X.sum(axis=0)}


SPLITS = [
    (20, dict(random_state=0)),
    (500, dict(random_state=1)),
    (21, dict(test_size=0.33, random_state=42)),
    (21, dict(test_size=5, random_state=3)),
    (21, dict(train_size=0.5, random_state=4)),
    (21, dict(train_size=7, test_size=0.2, random_state=5)),
    (10, dict(shuffle=False)),
    (30, dict(stratify=True, random_state=6)),
    (31, dict(stratify=True, test_size=0.4, random_state=7)),
    (33, dict(stratify=True, test_size=7, train_size=11, random_state=8)),
]


def split(n, options):
    options = dict(options)
    classes = (np.arange(n) * 7 % 10 // 4).tolist()
    given = dict(options)
    if options.pop("stratify", False):
        options["stratify"] = classes
        given["stratify"] = classes
    train, test = train_test_split(np.arange(n), **options)
    return {"n": n, "options": given, "train": train, "test": test}


def scaler(X, **options):
    s = StandardScaler(**options).fit(X)
    missing = lambda a: [None if np.isnan(v) else v for v in np.asarray(a).ravel().tolist()]
    Z = s.transform(X)
    return {
        "options": options,
        "columns": X.shape[1],
        "x": missing(X),
        "mean": s.mean_ if options.get("with_mean", True) or options.get("with_std", True) else None,
        "var": s.var_ if options.get("with_std", True) else None,
        "scale": s.scale_ if options.get("with_std", True) else None,
        "transformed": missing(Z),
        "inverse": missing(s.inverse_transform(Z)),
    }


def scalers():
    r = np.random.RandomState(3)
    X = r.standard_normal((13, 4)) * [1, 100, 1e-3, 7] + [0, 5, -2, 1000]
    constant = X.copy()
    constant[:, 1] = 0.1
    holes = X.copy()
    holes[2, 0] = holes[5, 3] = np.nan
    return [
        scaler(X),
        scaler(X, with_mean=False),
        scaler(X, with_std=False),
        scaler(constant),
        scaler(holes),
        scaler(r.standard_normal((300, 1)) + 4),
        scaler(r.standard_normal((5, 1)) + 4),
    ]


REPORTS = [
    ([0, 1, 2, 2, 2], [0, 0, 2, 2, 1], dict()),
    ([0, 1, 2, 2, 2], [0, 0, 2, 2, 1], dict(target_names=["class 0", "class 1", "class 2"])),
    ([1, 1, 1], [1, 1, 0], dict(labels=[1, 2, 3])),
    ([1, 1, 1], [1, 1, 0], dict(labels=[1, 2, 3], zero_division=1)),
    ([0, 1, 2, 2, 0], [0, 0, 2, 2, 1], dict(zero_division=float("nan"), labels=[0, 1, 2, 5])),
    # Halves: 0.625 and 0.125 are 0.62 and 0.12.
    ([0] * 8 + [1] * 8, [0] * 5 + [1] * 3 + [0] * 3 + [1] * 5, dict()),
    ([0] * 8 + [1] * 8, [0] * 1 + [1] * 7 + [0] * 3 + [1] * 5, dict(digits=2)),
    ([0, 1, 1, 0, 1], [0, 1, 0, 0, 1], dict(digits=4)),
    ([0, 1, 1, 0, 1], [0, 1, 0, 0, 1], dict(digits=0)),
    ([0, 1, 1, 0, 1], [0, 1, 0, 0, 1], dict(sample_weight=[1.0, 0.5, 2.0, 0.25, 1.0])),
    ([-1, 1, 1, -1, 10], [-1, 1, 10, -1, 1], dict(target_names=["a name longer than the others", "b", "ç"])),
    ([0, 1, 1, 0], [0, 1, 1, 1], dict(labels=[1, 0])),
    ([0, 0, 0], [0, 0, 0], dict()),
]


def report(y_true, y_pred, options):
    weight = options.get("sample_weight")
    json_options = {k: ("nan" if isinstance(v, float) and np.isnan(v) else v) for k, v in options.items()}
    averages = {
        kind: precision_recall_fscore_support(y_true, y_pred, average=kind, sample_weight=weight)[:3]
        for kind in ("micro", "macro", "weighted")
    }
    return {
        "yTrue": y_true,
        "yPred": y_pred,
        "options": json_options,
        "text": classification_report(y_true, y_pred, **options),
        "accuracy": accuracy_score(y_true, y_pred, sample_weight=weight),
        "correct": accuracy_score(y_true, y_pred, sample_weight=weight, normalize=False),
        "averages": averages,
    }


values = [0.125, 0.375, 0.625, 0.875, 2.5, 0.5, 1.5, -0.125, -0.0, 0.005, 1.005, 1e21, 123456.789, 5e-324, 1 / 3]

write(
    __file__,
    ["scikit-learn", "numpy"],
    {
        "randomStates": [random_state(seed) for seed in (0, 1, 42, 123456789, 2**32 - 1)],
        "classifications": [classification(options) for options in CLASSIFICATIONS],
        "documentSized": document_sized(),
        "splits": [split(n, options) for n, options in SPLITS],
        "scalers": scalers(),
        "reports": [report(*each) for each in REPORTS],
        "formatted": [{"x": x, "text": [f"{x:.{d}f}" for d in range(4)]} for x in values],
    },
)
