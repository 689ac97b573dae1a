"""Targets from TOML: those that come with archc (`builtin`), and the user's own."""

from collections.abc import Callable

from archc.analysis.tflite_micro import BUILDS, DEFAULT
from archc.diagnostics.model import LEVELS
from archc.diagnostics.nearest import did_you_mean
from archc.ops.base import OPERATORS
from archc.source import Source
from archc.targets.extending import Document, extend
from archc.targets.included import SUFFIX, builtin_names, builtin_source
from archc.targets.model import Board, Demanded, Limit, Pool, Reference, Rule, Target, Tier, fields
from archc.targets.predicates import COMMON_FIELDS, PREDICATES, Predicate
from archc.targets.timing import read_timing, slow_pools
from archc.targets.toml import Table, is_name, parse_toml, plain

_CHAIN = 8
"""Target files that extend one another at most."""

Load = Callable[[Source, str], Source]
"""Reads the file that a target file extends: who extends it, and the path as it is written there.
Raises Rejected where it cannot be read."""

HOLDS = ("activations", "weights")
"""What a pool can be for."""
ESTIMATED = ("peak", *HOLDS)
"""What a target can say how well it is estimated."""


def parse_target(source: Source, load: Load | None = None) -> Target:
    """The target that a TOML text describes.

    Args:
        source: the text.
        load: reads the files that it extends; without it, only targets that come with archc can
            be extended.

    Raises:
        Rejected: it is not valid TOML, a key is missing, unknown or of the wrong kind, or what it
            extends is not known; the message names the key and what is expected.
    """
    return _parse(source, load, ())[0]


def _parse(source: Source, load: Load | None, above: tuple[Source, ...]) -> tuple[Target, Document]:
    """A target and its whole document; ``above`` are the files that extend it, the last of them
    directly."""
    document = parse_toml(source)
    texts: tuple[Source, ...] = (source,)
    if "extends" in document:
        top = Table(source, "", document)
        base_source = _extended(top, load, (*above, source))
        base, below = _parse(base_source, load, (*above, source))
        if document.get("name") in (None, base.name):
            raise top.error(
                f"`name` is missing or that of the target it extends, `{base.name}`",
                "give it one of its own, which codes and manifests show",
            )
        document.pop("extends")
        document.pop("remove", None)
        document = extend(below, document, top)
        texts += base.texts
    target = _Reader(source).target(document)
    return target._replace(texts=texts), document


def _extended(top: Table, load: Load | None, chain: tuple[Source, ...]) -> Source:
    """The text of the target that a file extends: one that comes with archc, or a file beside it.

    Raises:
        Rejected: there is no such target, or it extends this one.
    """
    base, names = top.text("extends"), builtin_names()
    if len(chain) >= _CHAIN:
        raise top.error(f"more than {_CHAIN} target files extend one another")
    if not base.endswith(SUFFIX) or load is None:
        if base not in names:
            raise top.error(
                f"`extends` names `{plain(base)}`, which is not a target",
                did_you_mean(base, names)
                or f"targets that come with archc are {', '.join(names)}; a file of your own is "
                'named by its path, such as `extends = "base.toml"`',
            )
        return builtin_source(base)
    source = load(top.source, base)
    if source in chain:
        circle = " extends ".join(
            f"`{one.name}`" for one in (*chain[chain.index(source) :], source)
        )
        raise top.error(f"it extends itself: {circle}", "let one of them extend none of these")
    return source


class _Reader:
    """Turns the document into records, in the order of the file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.references: dict[str, Reference] = {}

    def target(self, document: object) -> Target:
        top = Table(self.source, "", document)
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
        timing = None
        if "latency" in top.values:
            section = top.table("latency")
            timing = read_timing(section, self.reference)
            slow_pools(timing, boards, section)
        top.done(
            *("name", "title", "analyzer", "default_board", "sources", "demanded", "tiers"),
            *("rules", "boards", "estimates", "instead", "default_build", "latency"),
        )
        for what, names in (
            ("tiers", [tier.name for tier in tiers]),
            ("rules", [rule.name for rule in rules]),
        ):
            for twice in (one for one in names if names.count(one) > 1):
                raise top.error(f"`{what}.{twice}` appears twice")
        names = [rule.name for rule in rules]
        for tier in tiers:
            if tier.rule is not None and tier.rule not in names:
                raise top.error(
                    f"`tiers.{tier.name}.rule` takes the name of a rule, not `{plain(tier.rule)}`",
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
            timing=timing,
        )

    def build(self, top: Table) -> str:
        if "default_build" not in top.values:
            return DEFAULT
        build = top.name("default_build")
        if build not in BUILDS:
            raise top.error(
                f"`default_build` takes a build of TensorFlow Lite Micro: {', '.join(BUILDS)}",
                did_you_mean(build, BUILDS),
            )
        return build

    def estimates(self, top: Table) -> dict[str, str]:
        if "estimates" not in top.values:
            return {}
        table = top.table("estimates")
        found = {what: table.text(what) for what in ESTIMATED if what in table.values}
        table.done(*ESTIMATED)
        return found

    def instead(self, top: Table) -> dict[str, str]:
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

    def sources(self, table: Table) -> dict[str, Reference]:
        found = {}
        for name in list(table.values):
            one = table.table(name)
            see = one.optional_text("see")
            found[name] = Reference(one.text("text"), one.text("confidence"), see)
            one.done("text", "confidence", "see")
        return found

    def reference(self, table: Table) -> Reference:
        name = table.text("source")
        if name not in self.references:
            raise table.error(
                f"`{table.key('source')}` takes the name of one of `sources`, not `{name}`",
                did_you_mean(name, self.references),
            )
        return self.references[name]

    def operators(
        self, table: Table, key: str, default: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """Operators by our names, each of which has to exist."""
        names = table.texts(key, default)
        for name in names:
            if name not in OPERATORS:
                raise table.error(
                    f"`{table.key(key)}` takes operators of the language, not `{plain(name)}`",
                    did_you_mean(name, OPERATORS),
                )
        return names

    def demanded(self, table: Table) -> Demanded:
        demanded = Demanded(
            frozenset(self.operators(table, "layers")),
            frozenset(table.texts("operators")),
            frozenset(table.texts("border")),
            self.reference(table),
        )
        table.done("layers", "operators", "border", "source")
        return demanded

    def tier(self, table: Table) -> Tier:
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
            table.texts("classes", ()),
            table.optional_text("instead"),
        )
        if (tier.rule is None) != (tier.otherwise is None):
            raise table.error(f"`{table.path}` has `rule` and `otherwise` together, or neither")
        table.done(*Tier._fields)
        return tier

    def rule(self, table: Table) -> Rule:
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
            table.optional_text("model_remedy"),
            table.optional_text("as_is"),
            table.optional_text("as_is_remedy"),
        )
        common = COMMON_FIELDS.union(limits)
        self.known_fields(table, "statement", rule.statement, common - {"board"})
        for key in ("message", "remedy", "model_remedy", "as_is", "as_is_remedy"):
            text, known = getattr(rule, key) or "", common.union(predicate.fields)
            self.known_fields(table, key, text, known)
        table.done(*Rule._fields)
        return rule

    def known_fields(
        self, table: Table, key: str, template: str, known: set[str] | frozenset[str]
    ) -> None:
        for field in fields(template):
            if field not in known:
                raise table.error(
                    f"`{table.key(key)}` has no field `{plain(field)}`",
                    did_you_mean(field, known) or f"there is {', '.join(sorted(known))}",
                )

    def limits(self, table: Table, predicate: Predicate) -> dict[str, Limit]:
        given = table.table("limits") if "limits" in table.values else None
        if given is None:
            if predicate.limits:
                table.take("limits", f"a table with {', '.join(predicate.limits)}")
            return {}
        limits = {name: self.limit(given, name, kind) for name, kind in predicate.limits.items()}
        given.done(*predicate.limits)
        return limits

    def limit(self, table: Table, name: str, kind: str) -> Limit:
        if kind == "count":
            return table.count(name)
        if kind == "ratio":
            value = table.take(name, "a number above 0")
            if type(value) not in (int, float) or not 0 < value < 1e9:
                raise table.wrong(name, "a number above 0", value)
            return float(value)
        if kind == "names":
            return self.operators(table, name)
        if kind == "words":
            return table.texts(name)
        values = table.take(name, "a list of whole numbers")
        if (
            not isinstance(values, list)
            or not values
            or any(type(one) is not int for one in values)
        ):
            raise table.wrong(name, "a list of whole numbers", values)
        return tuple(values)

    def boards(self, table: Table) -> dict[str, Board]:
        found = {}
        for name in list(table.values):
            if not is_name(name):
                raise table.error(
                    f"`{table.key(name)}` is not the name of a board: letters, digits, _"
                )
            one = table.table(name)
            pools = tuple(self.pool(pool) for pool in one.tables("pools"))
            names = [pool.name for pool in pools]
            for twice in (pool for pool in names if names.count(pool) > 1):
                raise one.error(f"`{one.key('pools')}.{plain(twice)}` appears twice")
            fill = one.texts("fill", ())
            for pool in fill:
                if pool not in names or fill.count(pool) > 1:
                    raise one.error(
                        f"`{one.key('fill')}` takes pools of the board, each once: "
                        f"{', '.join(names)}; not `{plain(pool)}`",
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

    def areas(self, table: Table, pools: tuple[Pool, ...]) -> tuple[tuple[str, ...], ...]:
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

    def pool(self, table: Table) -> Pool:
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
