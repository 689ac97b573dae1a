"""The page of the targets: what they demand, their rules and memories, from what judges."""

from collections.abc import Iterator

from archc.diagnostics.model import LEVELS
from archc.explain import anchor
from archc.manual.markdown import HEADER, code, listed, reflowed, table
from archc.ops.base import OPERATORS
from archc.targets.builtin import builtin, builtin_names
from archc.targets.model import Reference, Rule, Target, show_limit
from archc.targets.support import lies, support_json

INTRODUCTION = """\
A spec names its target with `target NAME(allow = [...], io = ..., board = ..., build = ...)`. A
target lists the operators that need no permission; any other is an error unless `allow` names it.
So is a broken rule, unless `allow` names the rule and the rule can be overruled. `io` is the type
at the border of the deployed model (`float32`, the default, `int8` or `uint8`), `board` chooses
the memories, `build` the build of TensorFlow Lite Micro that [the arena](arena.md) is given for.
`archc targets NAME` prints these tables, `--target FILE` checks against [your own target
file](target-files.md), which extends one of these and says what differs.

A network is *compatible* where nothing was allowed, *conditional* where something was: confirm
that with the vendor's tool. Facts name their source and its confidence: *required* is what archc
requires whatever the chip could run, A the vendor's own page or file, B a real report of the
vendor's tool, C a third party's distillation or measurement, D a claim that is unconfirmed or
contradicted."""

LAYERS = {
    "demanded": "no permission needed",
    "vanish": "no permission needed: nothing is left of them on the device",
    "by allow": "only where `allow` names them",
    "never": "refused, whatever `allow` says",
}


def page() -> str:
    """All targets that come with archc."""
    lines = [HEADER, "# Targets", "", INTRODUCTION]
    for name in builtin_names():
        lines += _target(builtin(name))
    return reflowed("\n".join(lines) + "\n")


def _target(target: Target) -> Iterator[str]:
    demanded = target.demanded
    found = support_json(target)
    yield from ("", f"## {target.name}", "", f"{target.title}. Confirm with `{target.analyzer}`.")
    yield from ("", "### Operators of the language", "")
    yield table(
        ("", "operators"),
        ((LAYERS[group], listed(names)) for group, names in found["layers"].items()),
    )
    yield ""
    yield f"In the int8 file: {listed(sorted(demanded.operators))}; at its border also"
    yield f"{listed(sorted(demanded.border))}. Source: {_source(demanded.source)}."
    yield from ("", "### How the device treats operators", "")
    yield table(
        ("it", "TFLite operators, layers", "source"),
        (
            (
                tier.says,
                listed(
                    (*tier.operators, *(k for k in tier.layers if k in OPERATORS), *tier.classes)
                ),
                _source(tier.source),
            )
            for tier in target.tiers
        ),
    )
    yield from ("", "### Rules", "")
    rules = [rule for level in LEVELS for rule in target.rules if rule.level == level]
    yield table(
        ("rule", "level", "may be allowed", "what"),
        (
            (
                f"[`{rule.name}`](#{anchor(rule.name)})",
                rule.level,
                _allowed(rule),
                target.filled(rule, rule.statement),
            )
            for rule in rules
        ),
    )
    for rule in rules:
        yield from _rule(target, rule)
    yield from ("", "### Boards", "")
    yield "Memories, and what a model may put there. The first board is the default."
    for board in target.boards:
        total = sum(pool.bytes for pool in board.activations(external=False))
        yield from ("", f"**{board.name}**: {board.title}. Source: {_source(board.source)}.", "")
        yield table(
            ("pool", "KiB", "address", "where", "holds"),
            (
                (
                    code(pool.name),
                    f"{pool.bytes // 1024:,}",
                    f"`0x{pool.base:08X}`",
                    "external" if pool.external else "on chip",
                    pool.holds,
                )
                for pool in board.pools
            ),
            numbers=[1],
        )
        yield ""
        yield f"On chip for activations: {total // 1024:,} KiB ({total:,} bytes)."
        if board.fill:
            yield f"Filled in the order {listed(board.fill)}."
        if board.areas:
            yield f"A buffer fits within {lies(board)}."
    for holds, estimate in target.estimates.items():
        yield from ("", f"How good the estimate of {holds} is: {estimate}.")


def _allowed(rule: Rule) -> str:
    """Whether a spec may allow a breach, in a word."""
    if rule.level != "error":
        return "-"
    if rule.by_operator:
        return "by the operator's name"
    return "yes" if rule.overrule else "no"


def _rule(target: Target, rule: Rule) -> Iterator[str]:
    yield from ("", f"#### {rule.name}", "")
    statement = target.filled(rule, rule.statement)
    yield f"{rule.level.capitalize()}. {statement[0].upper()}{statement[1:]}."
    yield ""
    if rule.limits:
        limits = ", ".join(f"`{k}` = {show_limit(v)}" for k, v in rule.limits.items())
        yield f"- Limits: {limits}"
    yield f'- It says: "{target.filled(rule, rule.message)}"'
    if rule.remedy:
        yield f"- What to do: {target.filled(rule, rule.remedy)}"
    yield f"- Source: {_source(rule.source)}"
    if rule.fails:
        full = f"{target.name}/{rule.name}"
        yield f"- Example: [`{full}`](codes.md#{anchor(full)})"


def _source(source: Reference) -> str:
    text = f"[{source.text}](n6.md#{source.see})" if source.see else source.text
    return f"{text} ({source.confidence})"
