"""AHP hierarchies: criteria above sub-criteria above alternatives, distributive synthesis (Saaty 1980).

A node is the pairwise matrix of its children; a node without children compares the alternatives. Weights multiply
down the tree, and an alternative's score is the weighted sum of its local priorities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .ahp import Judgement, judge
from .checks import Array, BadProblem, kind_of, matrix, sequence

DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Node:
    """A judged node. `path` counts children from 1 ("2.1"), "" is the root; `weight` is global, root 1.

    `priorities` are the alternatives' priorities under this node, sum 1.
    """

    path: str
    weight: float
    judgement: Judgement
    priorities: Array
    children: tuple[Node, ...]

    def walk(self) -> list[Node]:
        """This node and all below it, depth first."""
        return [self, *(node for child in self.children for node in child.walk())]


def judge_tree(tree: object, alternatives: int | None = None) -> Node:
    """Judge a whole hierarchy given as nested {"matrix": …, "children": […]}."""
    root = _node(tree, "", 1.0, alternatives)
    sizes = {len(leaf.judgement.weights) for leaf in root.walk() if not leaf.children}
    if len(sizes) > 1:
        raise BadProblem(
            f"The lowest matrices compare different numbers of alternatives: {', '.join(map(str, sorted(sizes)))}."
        )
    return root


def _node(tree: object, path: str, weight: float, alternatives: int | None) -> Node:
    name = f"Node {path}" if path else "The root"
    if not isinstance(tree, Mapping):
        raise BadProblem(f"{name} of the tree must be an object with a matrix, not {kind_of(tree)}.")
    if path.count(".") >= DEEPEST:
        raise BadProblem(f"The tree is deeper than {DEEPEST} levels.")
    below = tree.get("children")
    size = alternatives if not below else len(sequence(below, f"{name}, children"))
    table = matrix(tree.get("matrix"), f"{name}, matrix", size, None, missing=True)
    judgement = judge(table, f"{name}, matrix")
    if not below:
        return Node(path, weight, judgement, judgement.weights, ())
    children = tuple(
        _node(
            child, f"{path}.{i}" if path else str(i), weight * float(judgement.weights[i - 1]), alternatives
        )
        for i, child in enumerate(sequence(below, f"{name}, children"), 1)
    )
    if len({len(child.priorities) for child in children}) > 1:
        raise BadProblem(f"{name}: the matrices below compare different numbers of alternatives.")
    priorities = judgement.weights @ np.array([child.priorities for child in children])
    return Node(path, weight, judgement, np.asarray(priorities), children)
