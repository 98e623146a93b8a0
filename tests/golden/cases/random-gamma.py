"""The distributions of random that are made of gamma samples, and the discrete ones that are drawn in loops."""

import numpy as np

from golden import *

K = key(42)
ALPHA = array([[0.02, 0.3, 0.9], [1, 2.5, 40]])
for f in ("random.gamma", "random.loggamma"):
    case(f, K, ALPHA, vmap=[1], tol=2e-6, grad_tol=2e-5)
    case(f, key(1), array(3.7), (4,), tol=2e-6, grad_tol=2e-5, vmap=[1])
    case(f, key(2), array([0.5, 3], "float64"), None, dtype="float64", tol=1e-12, grad_tol=1e-9, vmap=False)
    case(f, key(3), array([0.5, 3]), partitionable=False, vmap=False, tol=2e-6)
case("random.gamma", key(4), array(2), (0,), grad=False, vmap=False)
case("random.beta", K, array([0.3, 2, 9]), array([0.5, 3, 0.1]), tol=3e-6, grad_tol=5e-5, vmap=[1, 2])
case("random.beta", key(5), array(2), array(3), (2, 3), tol=3e-6, vmap=False)
case("random.dirichlet", K, array([0.2, 1, 5]), tol=3e-6, grad_tol=5e-5, vmap=[1])
case("random.dirichlet", key(5), array([[0.2, 1, 5], [1, 1, 1]]), (3, 2), tol=3e-6, grad_tol=5e-5, vmap=False)
case("random.chisquare", K, array([0.7, 2, 30]), tol=3e-6, grad_tol=5e-5, vmap=[1])
case("random.t", K, array([0.7, 2, 30]), tol=3e-6, grad_tol=5e-5, vmap=[1])
case("random.t", key(5), array(4.5), (2, 2), tol=3e-6, vmap=False)
case("random.f", K, array([0.7, 2, 30]), array([3, 5, 0.9]), tol=5e-6, grad_tol=1e-4, vmap=[1, 2])
case("random.generalizedNormal", K, 1.5, (3, 2), tol=3e-6, vmap=False)
case("random.generalizedNormal", key(9), 0.7, (4,), tol=3e-6, vmap=False)
for partitionable in (True, False):
    case("random.poisson", K, array([0, 0.3, 3, 9.9, 10, 20, 1000, 1e5, np.nan, -1]), partitionable=partitionable, exact=True, vmap=False)
case("random.poisson", key(6), array(4), (3, 4), exact=True, vmap=False)
case("random.poisson", key(6), array([[2, 30]]), (3, 2), exact=True, vmap=[1])
case("random.poisson", key(6), 2.5, (5,), dtype="int16", exact=True, vmap=False)
case("random.binomial", K, array([5, 50, 200, 1e4, 0, 3]), array([0.3, 0.5, 0.9, 0.01, 0.5, 1]), exact=True, grad=False, vmap=[1, 2])
case("random.binomial", key(7), array([10, -1, np.nan, 10, 10, np.inf]), array([0, 0.5, 0.5, np.nan, -0.5, 0.5]), exact=True, grad=False, vmap=False)
case("random.binomial", key(7), 20, 0.4, (6,), exact=True, grad=False, vmap=False)
case("random.multinomial", K, 20, array([0.2, 0.3, 0.5]), exact=True, grad=False, vmap=False)
case("random.multinomial", key(8), array([20, 100]), array([[0.2, 0.3, 0.5], [0.9, 0.1, 0]]), exact=True, grad=False, vmap=False)
