"""The targets that come with archc, from the TOML files beside this one.

A wheel carries their records as Python (`archc.prebuilt`), which `target` reads from TOML.
"""

from archc.analysis.latency.model import Band, Constant, Timing
from archc.diagnostics.codes import TARGET
from archc.diagnostics.model import Rejected, reject
from archc.prebuilt import Stamp, carried, text
from archc.source import Source, Span
from archc.targets.included import builtin_names, builtin_source
from archc.targets.model import Board, Demanded, Pool, Reference, Rule, Target, Tier

__all__ = ["builtin", "builtin_names", "prebuilt"]

_RECORDS = (Band, Board, Constant, Demanded, Pool, Reference, Rule, Target, Tier, Timing)
_CLASSES = (Source, *_RECORDS)

_known: dict[str, Target] = {}


def builtin(name: str, span: Span | None = None) -> Target:
    """A target that comes with archc.

    Raises:
        Rejected: there is none of this name; ``span`` is where it was named.
    """
    if name not in _known:
        names = builtin_names()
        if name not in names:
            raise _unknown(name, span, names)
        _known[name] = _carried(name) or _parsed(name)
    return _known[name]


def _unknown(name: str, span: Span | None, names: tuple[str, ...]) -> Rejected:
    """The rejection of a target that does not come with archc. `stm32h7` is another chip, for which
    the rules of a known one are not proposed."""
    from archc.diagnostics.nearest import distance, propose

    near = propose(name, span, names)
    slip = [one for one in names if distance(one, name.lower()) == 1 or sorted(one) == sorted(name)]
    family = next((one for one in names if name.lower().startswith(one)), None)
    help, edits = near.help, near.edits
    if not edits and family is not None:
        help = f"if it is a chip of that family, write `{family}`"
    elif not edits and not slip:
        help = None
    listed = " and ".join(f"`{one}`" for one in names)
    return reject(
        TARGET,
        f"there is no target `{name}`",
        span,
        notes=[f"archc comes with the rules of {listed} alone"],
        help=help
        or "leave it out to compile without the rules of a device, or give a target file "
        "of your own: `--target FILE`",
        edits=edits,
    )


def _parsed(name: str) -> Target:
    from archc.targets.target import parse_target

    return parse_target(builtin_source(name))


def _carried(name: str) -> Target | None:
    found = carried("targets", stamp())
    made: Target | None = getattr(found, name)(*_CLASSES) if found else None
    return made


def stamp() -> Stamp:
    """The texts of all targets, and the fields of what is made of them."""
    forms = (f"{record.__name__} {' '.join(record._fields)}" for record in _RECORDS)
    return (*(builtin_source(name).text for name in builtin_names()), *forms)


def prebuilt() -> str:
    """The text of the generated module: a function for each target, which is given the classes."""
    classes = ", ".join(one.__name__ for one in _CLASSES)
    makers = (
        f"\n\ndef {name}({classes}):\n    return {_literal(_parsed(name))}\n"
        for name in builtin_names()
    )
    return text(stamp(), "".join(makers))


def _literal(value: object) -> str:
    """A record as the Python that makes it; the same each time, whatever the order of sets."""
    if isinstance(value, frozenset):
        return f"frozenset({_literal(tuple(sorted(value)))})"
    if isinstance(value, tuple):
        name = type(value).__name__ if hasattr(value, "_fields") else ""
        return f"{name}({''.join(f'{_literal(part)}, ' for part in value)})"
    if isinstance(value, Source):
        return f"Source({value.name!r}, {value.text!r})"
    if isinstance(value, dict):
        return f"{{{''.join(f'{key!r}: {_literal(part)}, ' for key, part in value.items())}}}"
    return repr(value)
