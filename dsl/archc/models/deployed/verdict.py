"""What a target has against a model or a file, and the verdict that follows."""

from collections.abc import Sequence
from typing import NamedTuple

from archc.compiler import TargetFinding
from archc.diagnostics.model import Level


class Finding(NamedTuple):
    """One thing that a target has against a model, with the keys of a finding in the manifest."""

    code: str
    """`TARGET/RULE`."""
    level: Level
    layer: str | None
    """Path of the layer, or name of the operator of a file: the first where there are several;
    None of the model as a whole."""
    message: str
    remedy: str | None
    source: str
    confidence: str
    layers: tuple[str, ...] = ()
    """All the layers or operators of which it is said, each once."""
    operator: str | None = None
    """As the format of a file calls the first."""
    tensor: str | None = None
    """The name of its result in a file."""
    allowed: bool = False
    """Whether a model is taken with it: it makes a verdict conditional."""


def found(breach: TargetFinding, layer: str | None) -> Finding:
    """What the target's own rules say, of a layer that the model calls so."""
    return Finding(
        breach.code,
        breach.level,
        layer,
        breach.message,
        breach.remedy,
        breach.source,
        breach.confidence,
        allowed=breach.allowed,
    )


def verdict(said: Sequence[Finding]) -> str:
    """The verdict over all findings: those of the model itself count like those of the rules."""
    if any(finding.level == "error" for finding in said):
        return "incompatible"
    return "conditional" if any(finding.allowed for finding in said) else "compatible"
