"""The predicates on what only files have: versions of their format, parts left in float."""

from collections.abc import Iterator

from archc.targets.facts import Facts, Limits, Offence, predicate


@predicate("stored", "what", traits="words")
def stored(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Whatever a file has of some traits."""
    names = limits.names("traits")
    for trait in facts.deployed.traits:
        if trait.name in names:
            yield Offence(trait.layer, {"what": trait.what})


@predicate("stored_version", "version", traits="words", above="count")
def stored_version(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Versions of a file that are above one."""
    for trait in facts.deployed.traits:
        if trait.name in limits.names("traits") and trait.number > limits.count("above"):
            yield Offence(trait.layer, {"version": f"{trait.number:,}"})
