"""What a search is asked for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from archc.analysis.latency_budget import LATENCY
from archc.space.question import FIGURES, Objective, Question

KNOWN = (*FIGURES, LATENCY)
"""What is known of a network without training, by its name in the manifest."""

FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
"""`package.module:function`"""


class Problem(NamedTuple):
    """A search, its space left aside."""

    function: str
    """The objective, by its dotted path."""
    objectives: tuple[Objective, ...]
    """In the order of the command line."""
    question: Question
    """The conditions, and those objectives that are figures."""
    trials: int
    """Networks to train in all."""
    timeout: float | None
    """Seconds for each of them."""
    sampler: str
    seed: int | None

    @property
    def measured(self) -> tuple[str, ...]:
        """The objectives that training gives, in the order in which the function returns them."""
        return tuple(each.name for each in self.objectives if not is_figure(each.name))

    def values(self, measured: Sequence[float], figures: Mapping[str, Any]) -> list[float]:
        """Of a network that was trained, one for each objective."""
        given = iter(measured)
        return [
            float(figures[each.name]) if is_figure(each.name) else next(given)
            for each in self.objectives
        ]


def is_figure(name: str) -> bool:
    """Whether a name is that of a figure of the manifest, which needs no training."""
    return name in KNOWN
