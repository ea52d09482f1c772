"""How many groups there are: what several ways to ask the same points agree on.

People divide a field of questions neither by density nor by distance alone, and each single way is far off for some data. The
mean of ways that err differently is seldom off by more than a half.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import gammaln

from monitoring.clusters import clearness
from monitoring.clusters.trees import Labels, Tree, Vectors

# Among so many neighbours, of whom many are of the same group: a fixed number would find groups of one size only.
_FEWEST_NEIGHBOURS, _MOST_NEIGHBOURS = 10, 40
MOST_NEIGHBOURS = 2 * _MOST_NEIGHBOURS
_SHARE_OF_GROUP = 0.25
# Groups that stand apart as clearly as this need no vote (Kaufman and Rousseeuw's reading of the silhouette).
_CLEAR = 0.5
# Cutting on and on goes on gaining a little: the first count that is nearly as good as the best.
_NEARLY = 0.95
_STEP = 1.07
_FEWEST_IN_GROUP = 5


def best_count(tree: Tree, points: Vectors, masses: NDArray[np.float32], nearest: Labels) -> int:
    """Return into how many groups the points fall; `nearest` holds the neighbours of each, the nearest first."""
    counts = _candidates(tree.size)
    if len(counts) < 2:
        return counts[0] if counts else 1
    cuts = [tree.cut(count) for count in counts]
    clear = np.array([clearness.of_all(points, masses, cut) for cut in cuts])
    if clear.max() >= _CLEAR:
        return counts[int(clear.argmax())]
    found = [counts[int(np.argmax(clear >= _NEARLY * clear.max()))]]
    # A narrow look errs towards many groups, a wide one towards few.
    width = round(min(_MOST_NEIGHBOURS, max(_FEWEST_NEIGHBOURS, _SHARE_OF_GROUP * tree.size / found[0])))
    for some in (width, 2 * width):
        graph = _graph(nearest[:, :some])
        found.append(counts[int(np.argmin([description_length(graph, cut) for cut in cuts]))])
    return round(float(np.exp(np.log(found).mean())))


def _candidates(size: int) -> list[int]:
    most = size // _FEWEST_IN_GROUP
    steps = np.arange(0, 400)
    return [count for count in sorted({round(2 * _STEP**step) for step in steps.tolist()}) if count <= most]


def _graph(nearest: Labels) -> csr_array:
    """Return who is among whose neighbours, in either direction."""
    size, width = nearest.shape
    rows = np.repeat(np.arange(size), width)
    graph = csr_array((np.ones(size * width), (rows, nearest.ravel())), shape=(size, size))
    return (graph + graph.T > 0).astype(np.float64)


def description_length(graph: csr_array, labels: Labels) -> float:
    """Return how long it takes to tell the graph when the groups are told first: a model of planted groups.

    Fewer groups are told sooner, more groups explain more of the edges: the shortest is the best of both.
    """
    size, count = len(labels), int(labels.max()) + 1
    member = csr_array((np.ones(size), (np.arange(size), labels)), shape=(size, count))
    between = member.T @ graph @ member
    degrees = np.asarray(between.sum(axis=1)).ravel()
    edges = degrees.sum() / 2
    inside = between.diagonal().sum() / 2
    chances = (degrees**2).sum() / 2
    told = -_times_log(inside, chances) - _times_log(edges - inside, 2 * edges**2 - chances)
    sizes = np.bincount(labels, minlength=count)
    divided = gammaln(size + 1) - gammaln(sizes + 1).sum()
    chosen = gammaln(size) - gammaln(count) - gammaln(size - count + 1)
    return float(told + divided + chosen)


def _times_log(edges: float, chances: float) -> float:
    return edges * np.log(edges / chances) if edges > 0 and chances > 0 else 0.0
