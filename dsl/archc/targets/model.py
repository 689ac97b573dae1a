"""What a target is, as records, which `target` reads from TOML."""

from archc.analysis.latency import Timing
from archc.analysis.tflite_micro import DEFAULT
from archc.diagnostics.model import Level
from archc.diagnostics.text import articled, joined
from archc.source import Source
from archc.typed import NamedTuple

Limit = int | float | tuple[int, ...] | tuple[str, ...]


class Reference(NamedTuple):
    """Where a fact is from, and how sure it is."""

    text: str
    confidence: str
    """One of `CONFIDENCE`, or a word of a target file's own."""
    see: str | None = None
    """The section of the target's page of facts, by the anchor of its heading: of the STM32N6
    `docs/n6.md`."""

    def __str__(self) -> str:
        return sourced(self.text, self.confidence)


CONFIDENCE = {
    "required": "a requirement, not a measurement",
    "A": "the vendor's own page or file",
    "B": "a report of the vendor's tool",
    "C": "a third party",
    "D": "unconfirmed",
}
"""What the marks for how sure a source is stand for."""


def sourced(text: str, confidence: str) -> str:
    """A source with how sure it is, in words."""
    meaning = CONFIDENCE.get(confidence)
    mark = f"{confidence}: " if len(confidence) == 1 else ""
    return f"{text} ({mark}{meaning})" if meaning else f"{text} (confidence {confidence})"


class Demanded(NamedTuple):
    """What a network may consist of without further ado."""

    layers: frozenset[str]
    """By our operator names."""
    operators: frozenset[str]
    """By TFLite names."""
    border: frozenset[str]
    """TFLite operators at the network's inputs and outputs besides."""
    source: Reference


class Tier(NamedTuple):
    """How the device treats some operators."""

    name: str
    meaning: str
    """Completes "SOFTMAX ...": `runs on the CPU`."""
    operators: tuple[str, ...]
    """TFLite names."""
    layers: tuple[str, ...]
    """Our names, where an operator of ours is known to be of this tier as a whole."""
    software: bool
    allowed: bool
    """Whether a spec may allow them."""
    source: Reference
    rule: str | None = None
    """The rule that decides, where it is not the operator alone."""
    otherwise: str | None = None
    """What the device does with an operator that breaks that rule, on the CPU: completes it too."""
    classes: tuple[str, ...] = ()
    """Classes of Keras layers of this tier that the language has no operator for."""
    instead: str | None = None
    """What to use instead of those, as an imperative."""

    @property
    def says(self) -> str:
        """Both halves."""
        return f"{self.meaning}, else {self.otherwise}" if self.otherwise else self.meaning


class Rule(NamedTuple):
    """One rule: which predicate, at which limits, and how it speaks."""

    name: str
    check: str
    """The predicate, by its name in `rules`."""
    level: Level
    overrule: bool
    """Whether a spec may allow a breach of it by the rule's name."""
    aggregate: bool
    """Whether all its offences make one finding."""
    limits: dict[str, Limit]
    statement: str
    """The rule itself, for the support table; fields are limits."""
    message: str
    """What breaks it; fields are limits and what the predicate gives."""
    remedy: str | None
    source: Reference
    fails: str | None = None
    """A spec that breaks it, for `archc explain`."""
    fixed: str | None = None
    """The same one fixed."""
    doubts: str | None = None
    """The quantity of which a budget cannot be trusted where this rule is broken."""
    model_remedy: str | None = None
    """The remedy in a Keras model, where that of a spec does not do."""
    as_is: str | None = None
    """What breaks it in a model that is taken as it is: a warning, since there is no one to ask for
    permission. None where it is as bad there."""
    as_is_remedy: str | None = None

    @property
    def by_operator(self) -> bool:
        """Whether breaches of it are allowed by the names of operators."""
        return self.check == "exotic_layer"


class Pool(NamedTuple):
    """A memory of a board."""

    name: str
    bytes: int
    base: int
    holds: str
    """`activations` or `weights`."""
    external: bool


class Board(NamedTuple):
    """The memories that one kind of board gives to a model."""

    name: str
    title: str
    pools: tuple[Pool, ...]
    source: Reference
    fill: tuple[str, ...] = ()
    """Names of pools in the order in which they are filled; those left out follow as listed."""
    areas: tuple[tuple[str, ...], ...] = ()
    """Names of pools on chip that lie side by side: a buffer fits within one of these areas. Empty
    where a buffer may lie anywhere."""
    reserve: int = 0
    """Bytes of each area that the compiler keeps for itself."""

    def activations(self, external: bool) -> tuple[Pool, ...]:
        """The pools for activations, on chip or external."""
        return tuple(p for p in self.pools if p.holds == "activations" and p.external == external)

    @property
    def rooms(self) -> tuple[int, ...]:
        """The bytes of each area for activations on chip, the largest first."""
        pools = {pool.name: pool.bytes for pool in self.activations(external=False)}
        areas = self.areas or (tuple(pools),)
        sizes = (sum(pools[name] for name in area) - self.reserve for area in areas)
        return tuple(sorted(sizes, reverse=True))

    @property
    def weights(self) -> tuple[Pool, ...]:
        return tuple(pool for pool in self.pools if pool.holds == "weights")


class Target(NamedTuple):
    """A device: what it demands, how it treats operators, its rules and its boards."""

    name: str
    title: str
    analyzer: str
    """The command of the vendor's tool that confirms what is estimated here."""
    demanded: Demanded
    tiers: tuple[Tier, ...]
    rules: tuple[Rule, ...]
    boards: tuple[Board, ...]
    """The default one first."""
    estimates: dict[str, str] = {}  # noqa: RUF012  # never changed
    """How good the estimates of the peak and of what pools hold are."""
    default_build: str = DEFAULT
    """Which build of TensorFlow Lite Micro the figures of its arena are of."""
    timing: Timing | None = None
    """What is known of time; None where nothing is."""
    instead: dict[str, str] = {}  # noqa: RUF012
    """What to write instead of an operator of ours that has to be allowed, as an imperative."""
    texts: tuple[Source, ...] = ()
    """What it was read from: its own file, then those it extends, directly or not."""

    def board(self, name: str | None) -> Board:
        """A board by name; the default for None or a name that is not known."""
        return next((board for board in self.boards if board.name == name), self.boards[0])

    def tier(self, operator: str) -> Tier | None:
        """The tier of a TFLite operator: the first that lists it."""
        return next((tier for tier in self.tiers if operator in tier.operators), None)

    def layer_tier(self, keyword: str) -> Tier | None:
        """The tier of an operator of ours as a whole, if one lists it."""
        return next((tier for tier in self.tiers if keyword in tier.layers), None)

    def class_tier(self, name: str) -> Tier | None:
        """The tier of a class of Keras layers that the language has no operator for."""
        return next((tier for tier in self.tiers if name in tier.classes), None)

    def filled(self, rule: Rule, text: str) -> str:
        """A text of a rule with the fields that do not depend on what breaks it."""
        return substitute(text, self.values(rule, "{operator}" if rule.by_operator else None))

    def values(self, rule: Rule, operator: str | None = None, *, model: str = "") -> dict[str, str]:
        """What fills the fields that every text of a rule has.

        Args:
            rule: whose limits are among them.
            operator: what has to be allowed by its own name, if that is the way.
            model: how a model that is judged is given permission (`Request.model`).
        """
        name = operator or rule.name
        if model:
            allow = permission(name, model)
            int8 = f"an int8 border{_BORDERS[model]}"
        else:
            allow, int8 = f"allow `{name}`", f"`target {self.name}(io = int8)`"
            if operator is not None:
                allow = f"allow it with `target {self.name}(allow = [{name}])`"
        return {
            "target": self.name,
            "analyzer": self.analyzer,
            "allow": allow,
            "int8": int8,
            **{limit: show_limit(value) for limit, value in rule.limits.items()},
        }


_BORDERS = {
    "python": ', and pass `io="int8"`',
    "command": ": `--io int8`",
    "file": " when it is converted",
}
"""How a model that is judged gets one (`Request.model`)."""


def permission(name: str, model: str) -> str:
    """How to permit something in a model that is judged, as an imperative (`Request.model`)."""
    return f'pass `allow=["{name}"]`' if model == "python" else f"give `--allow {name}`"


def substitute(template: str, values: dict[str, str]) -> str:
    """A template with its `{name}` fields replaced, and nothing else: no format specification, no
    attribute, no index, so that a user's file cannot reach into the program. Articles are those of
    the values: `an 8x8 pool`."""
    parts = template.split("{")
    text = [parts[0]]
    for part in parts[1:]:
        name, closed, rest = part.partition("}")
        text.append(values[name] + rest if closed and name in values else "{" + part)
    return articled("".join(text))


def fields(template: str) -> list[str]:
    """The names of a template's fields, in order."""
    found = []
    for part in template.split("{")[1:]:
        name, closed, _ = part.partition("}")
        if closed:
            found.append(name)
    return found


def show_limit(value: Limit) -> str:
    """A limit as messages write it: `65,536`, `1.4`, `1, 2 and 4`."""
    if isinstance(value, tuple):
        return joined([f"{one:,}" if isinstance(one, int) else one for one in value])
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").ljust(3, "0") if value != int(value) else f"{value:.1f}"
    return f"{value:,}"
