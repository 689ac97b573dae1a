"""Targets from TOML: the built-in ones beside this file, and the user's own."""

import os
from typing import Any

import archc.targets.flow
import archc.targets.memories
import archc.targets.rules  # noqa: F401  # they declare the predicates
from archc.analysis.tflite_micro import BUILDS, DEFAULT
from archc.diagnostics.codes import TARGET
from archc.diagnostics.model import LEVELS, Rejected, reject
from archc.diagnostics.nearest import did_you_mean, distance, propose
from archc.ops.base import OPERATORS
from archc.source import Source, Span
from archc.targets.facts import COMMON_FIELDS, PREDICATES, Predicate
from archc.targets.model import (
    Board,
    Demanded,
    Limit,
    Pool,
    Reference,
    Rule,
    Target,
    Tier,
    fields,
)

__all__ = ["Target", "builtin", "builtin_names", "parse_target"]

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_SUFFIX = ".toml"
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
_TEXT = 1_000
"""Characters in one text of a target file."""

HOLDS = ("activations", "weights")
"""What a pool can be for."""

_known: dict[str, Target] = {}


def builtin_names() -> tuple[str, ...]:
    """The targets that come with archc, sorted: adding one is adding a file."""
    found = (name for name in os.listdir(_FOLDER) if name.endswith(_SUFFIX))
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found))


def builtin(name: str, span: Span | None = None) -> Target:
    """A target that comes with archc.

    Raises:
        Rejected: there is none of this name; ``span`` is where it was named.
    """
    if name not in _known:
        names = builtin_names()
        if name not in names:
            raise _unknown(name, span, names)
        with open(os.path.join(_FOLDER, name + _SUFFIX), encoding="utf-8") as file:
            _known[name] = parse_target(Source(f"target:{name}", file.read()))
    return _known[name]


def _unknown(name: str, span: Span | None, names: tuple[str, ...]) -> Rejected:
    """The rejection of a target that does not come with archc. `stm32h7` is another chip, for which
    the rules of a known one are not proposed."""
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


def parse_target(source: Source) -> Target:
    """The target that a TOML text describes.

    Raises:
        Rejected: it is no TOML, or a key is missing, unknown or of the wrong kind; the message
            names the key and what is expected.
    """
    import tomllib

    try:
        document = tomllib.loads(source.text)
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError is a ValueError
        said = str(error) or "nested too deeply"
        raise reject(TARGET, f"`{source.name}` is no TOML: {_plain(said)}") from None
    return _Reader(source).target(document)


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:200]


class _Table:
    """A TOML table being read: every key is asked for once, by kind, and none is left over."""

    def __init__(self, source: Source, path: str, values: object) -> None:
        self.source, self.path = source, path
        if not isinstance(values, dict):
            raise self.wrong("", "a table", values)
        self.values: dict[str, Any] = dict(values)

    def key(self, name: str) -> str:
        return ".".join(part for part in (self.path, _plain(name)) if part)

    def error(self, message: str, help: str | None = None) -> Rejected:
        return reject(TARGET, f"`{self.source.name}`: {message}", help=help)

    def wrong(self, name: str, expected: str, value: object) -> Rejected:
        shown = _plain(repr(value)) if isinstance(value, str | int | float) else _kind(value)
        return self.error(f"`{self.key(name) or 'the file'}` takes {expected}, not {shown}")

    def take(self, name: str, expected: str) -> Any:
        if name not in self.values:
            near = did_you_mean(name, self.values)
            raise self.error(f"`{self.key(name)}` is missing: {expected}", near)
        return self.values.pop(name)

    def text(self, name: str) -> str:
        value = self.take(name, "a text")
        if not isinstance(value, str) or not value or len(value) > _TEXT or not value.isprintable():
            raise self.wrong(name, f"a text of one line, up to {_TEXT:,} characters", value)
        return value

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if name in self.values else None

    def example(self, name: str) -> str | None:
        """A text of several lines, which may be left out."""
        value = self.values.pop(name, None)
        if value is not None and (not isinstance(value, str) or len(value) > _TEXT):
            raise self.wrong(name, f"a text of up to {_TEXT:,} characters", value)
        return value

    def name(self, name: str) -> str:
        value = self.text(name)
        if not _is_name(value):
            raise self.wrong(name, "a name of lower-case letters, digits and underscores", value)
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.values.pop(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false", value)
        return value

    def count(self, name: str, low: int = 1) -> int:
        value = self.take(name, f"a whole number from {low}")
        if type(value) is not int or not low <= value < 2**63:
            raise self.wrong(name, f"a whole number from {low}", value)
        return value

    def texts(self, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        if name not in self.values and default is not None:
            return default
        value = self.take(name, "a list of texts")
        if not isinstance(value, list) or not all(
            isinstance(one, str) and one.isprintable() and len(one) <= _TEXT for one in value
        ):
            raise self.wrong(name, "a list of texts", value)
        return tuple(value)

    def table(self, name: str) -> "_Table":
        return _Table(self.source, self.key(name), self.take(name, "a table"))

    def tables(self, name: str, label: str = "name") -> "list[_Table]":
        value = self.take(name, "a list of tables")
        if not isinstance(value, list) or not value:
            raise self.wrong(name, "a list of tables, one at least", value)
        found = []
        for number, one in enumerate(value, 1):
            called = one.get(label) if isinstance(one, dict) else None
            place = called if isinstance(called, str) and _is_name(called) else str(number)
            found.append(_Table(self.source, f"{self.key(name)}.{place}", one))
        return found

    def done(self, *known: str) -> None:
        """Refuse keys that nothing asked for."""
        for name in self.values:
            raise self.error(
                f"`{self.key(name)}` is not a key here",
                did_you_mean(name, known) if known else None,
            )


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else "this"


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 48 and text[0].isalpha() and set(text) <= _NAME


class _Reader:
    """Turns the document into records, in the order of the file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.references: dict[str, Reference] = {}

    def target(self, document: object) -> Target:
        top = _Table(self.source, "", document)
        name, title, analyzer = top.name("name"), top.text("title"), top.text("analyzer")
        default = top.name("default_board")
        self.references = self.sources(top.table("sources"))
        demanded = self.demanded(top.table("demanded"))
        tiers = tuple(self.tier(table) for table in top.tables("tiers"))
        rules = tuple(self.rule(table) for table in top.tables("rules"))
        boards = self.boards(top.table("boards"))
        estimates = self.estimates(top)
        build = self.build(top)
        instead = self.instead(top)
        top.done(
            *("name", "title", "analyzer", "default_board", "sources", "demanded", "tiers"),
            *("rules", "boards", "estimates", "instead", "default_build"),
        )
        for what, names in (
            ("tiers", [tier.name for tier in tiers]),
            ("rules", [rule.name for rule in rules]),
        ):
            for twice in (one for one in names if names.count(one) > 1):
                raise top.error(f"`{what}.{twice}` is there twice")
        names = [rule.name for rule in rules]
        for tier in tiers:
            if tier.rule is not None and tier.rule not in names:
                raise top.error(
                    f"`tiers.{tier.name}.rule` takes the name of a rule, not `{_plain(tier.rule)}`",
                    did_you_mean(tier.rule, names),
                )
        for rule in rules:
            if rule.name in OPERATORS:
                raise top.error(
                    f"`rules.{rule.name}` has the name of an operator, which `allow` could not tell"
                    " from it"
                )
        if default not in boards:
            raise top.error(
                f"`default_board` takes the name of a board: {', '.join(boards)}",
                did_you_mean(default, boards),
            )
        first = boards.pop(default)
        every = (first, *boards.values())
        return Target(
            name,
            title,
            analyzer,
            demanded,
            tiers,
            rules,
            every,
            estimates=estimates,
            instead=instead,
            default_build=build,
        )

    def build(self, top: _Table) -> str:
        if "default_build" not in top.values:
            return DEFAULT
        build = top.name("default_build")
        if build not in BUILDS:
            raise top.error(
                f"`default_build` takes a build of TensorFlow Lite Micro: {', '.join(BUILDS)}",
                did_you_mean(build, BUILDS),
            )
        return build

    def estimates(self, top: _Table) -> dict[str, str]:
        if "estimates" not in top.values:
            return {}
        table = top.table("estimates")
        found = {holds: table.text(holds) for holds in HOLDS if holds in table.values}
        table.done(*HOLDS)
        return found

    def instead(self, top: _Table) -> dict[str, str]:
        if "instead" not in top.values:
            return {}
        table = top.table("instead")
        names = list(table.values)
        for name in names:
            if name not in OPERATORS:
                raise table.error(
                    f"`{table.key(name)}` is not an operator of the language",
                    did_you_mean(name, OPERATORS),
                )
        return {name: table.text(name) for name in names}

    def sources(self, table: _Table) -> dict[str, Reference]:
        found = {}
        for name in list(table.values):
            one = table.table(name)
            see = one.optional_text("see")
            found[name] = Reference(one.text("text"), one.text("confidence"), see)
            one.done("text", "confidence", "see")
        return found

    def reference(self, table: _Table) -> Reference:
        name = table.text("source")
        if name not in self.references:
            raise table.error(
                f"`{table.key('source')}` takes the name of one of `sources`, not `{name}`",
                did_you_mean(name, self.references),
            )
        return self.references[name]

    def operators(
        self, table: _Table, key: str, default: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """Operators by our names, each of which has to exist."""
        names = table.texts(key, default)
        for name in names:
            if name not in OPERATORS:
                raise table.error(
                    f"`{table.key(key)}` takes operators of the language, not `{_plain(name)}`",
                    did_you_mean(name, OPERATORS),
                )
        return names

    def demanded(self, table: _Table) -> Demanded:
        demanded = Demanded(
            frozenset(self.operators(table, "layers")),
            frozenset(table.texts("operators")),
            frozenset(table.texts("border")),
            self.reference(table),
        )
        table.done("layers", "operators", "border", "source")
        return demanded

    def tier(self, table: _Table) -> Tier:
        tier = Tier(
            table.name("name"),
            table.text("meaning"),
            table.texts("operators"),
            self.operators(table, "layers", ()),
            table.flag("software", False),
            table.flag("allowed", True),
            self.reference(table),
            table.optional_text("rule"),
            table.optional_text("otherwise"),
        )
        if (tier.rule is None) != (tier.otherwise is None):
            raise table.error(f"`{table.path}` has `rule` and `otherwise` together, or neither")
        table.done(*Tier._fields)
        return tier

    def rule(self, table: _Table) -> Rule:
        name, check = table.name("name"), table.text("check")
        if check not in PREDICATES:
            raise table.error(
                f"`{table.key('check')}` takes the name of a predicate, not `{check}`",
                did_you_mean(check, PREDICATES) or f"there is {', '.join(sorted(PREDICATES))}",
            )
        predicate = PREDICATES[check]
        level = table.text("level")
        if level not in LEVELS:
            raise table.wrong("level", " or ".join(f"`{one}`" for one in LEVELS), level)
        limits = self.limits(table, predicate)
        rule = Rule(
            name,
            check,
            level,
            table.flag("overrule", False),
            table.flag("aggregate", False),
            limits,
            table.text("statement"),
            table.text("message"),
            table.optional_text("remedy"),
            self.reference(table),
            table.example("fails"),
            table.example("fixed"),
            table.optional_text("doubts"),
        )
        common = COMMON_FIELDS | set(limits)
        self.known_fields(table, "statement", rule.statement, common - {"board"})
        self.known_fields(table, "message", rule.message, common | predicate.fields)
        self.known_fields(table, "remedy", rule.remedy or "", common | predicate.fields)
        table.done(*Rule._fields)
        return rule

    def known_fields(
        self, table: _Table, key: str, template: str, known: set[str] | frozenset[str]
    ) -> None:
        for field in fields(template):
            if field not in known:
                raise table.error(
                    f"`{table.key(key)}` has no field `{_plain(field)}`",
                    did_you_mean(field, known) or f"there is {', '.join(sorted(known))}",
                )

    def limits(self, table: _Table, predicate: Predicate) -> dict[str, Limit]:
        given = table.table("limits") if "limits" in table.values else None
        if given is None:
            if predicate.limits:
                table.take("limits", f"a table with {', '.join(predicate.limits)}")
            return {}
        limits = {name: self.limit(given, name, kind) for name, kind in predicate.limits.items()}
        given.done(*predicate.limits)
        return limits

    def limit(self, table: _Table, name: str, kind: str) -> Limit:
        if kind == "count":
            return table.count(name)
        if kind == "ratio":
            value = table.take(name, "a number above 0")
            if type(value) not in (int, float) or not 0 < value < 1e9:
                raise table.wrong(name, "a number above 0", value)
            return float(value)
        if kind == "names":
            return self.operators(table, name)
        values = table.take(name, "a list of whole numbers")
        if (
            not isinstance(values, list)
            or not values
            or any(type(one) is not int for one in values)
        ):
            raise table.wrong(name, "a list of whole numbers", values)
        return tuple(values)

    def boards(self, table: _Table) -> dict[str, Board]:
        found = {}
        for name in list(table.values):
            if not _is_name(name):
                raise table.error(f"`{table.key(name)}` is no name of a board: letters, digits, _")
            one = table.table(name)
            pools = tuple(self.pool(pool) for pool in one.tables("pools"))
            names = [pool.name for pool in pools]
            fill = one.texts("fill", ())
            for pool in fill:
                if pool not in names or fill.count(pool) > 1:
                    raise one.error(
                        f"`{one.key('fill')}` takes pools of the board, each once: "
                        f"{', '.join(names)}; not `{_plain(pool)}`",
                        did_you_mean(pool, names) if pool not in names else None,
                    )
            areas = self.areas(one, pools)
            reserve = one.count("reserve", 0) if "reserve" in one.values else 0
            title, source = one.text("title"), self.reference(one)
            found[name] = Board(name, title, pools, source, fill, areas, reserve)
            one.done("title", "pools", "source", "fill", "areas", "reserve")
        if not found:
            raise table.error("`boards` takes one board at least")
        return found

    def areas(self, table: _Table, pools: tuple[Pool, ...]) -> tuple[tuple[str, ...], ...]:
        """Lists of pools on chip for activations, which hold each of them once."""
        if "areas" not in table.values:
            return ()
        value = table.take("areas", "a list of lists of pools")
        wanted = [pool.name for pool in pools if pool.holds == HOLDS[0] and not pool.external]
        listed = isinstance(value, list) and all(isinstance(one, list) and one for one in value)
        found = [name for one in value for name in one] if listed else []
        if not all(isinstance(name, str) for name in found) or sorted(found) != sorted(wanted):
            raise table.error(
                f"`{table.key('areas')}` takes lists that hold each pool on chip once: "
                f"{', '.join(wanted)}"
            )
        return tuple(map(tuple, value))

    def pool(self, table: _Table) -> Pool:
        holds = table.text("holds")
        if holds not in HOLDS:
            raise table.wrong("holds", " or ".join(f"`{one}`" for one in HOLDS), holds)
        pool = Pool(
            table.text("name"),
            table.count("kib") * 1024,
            table.count("base", 0),
            holds,
            table.flag("external", False),
        )
        table.done("name", "kib", "base", "holds", "external")
        return pool
