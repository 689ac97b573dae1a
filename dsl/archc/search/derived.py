"""The best networks of a search as a spec: each a derived arch of the one that was searched."""

from collections.abc import Sequence

from archc.driver import Compilation, compile_spec
from archc.files import Loader
from archc.search.cost import network_digest
from archc.search.problem import Problem
from archc.search.results import Trained
from archc.space.engine import Difference, Space

WRITTEN = "# Written by `archc search`"
"""What the first line of its specs begins with."""


def specs(
    space: Space, problem: Problem, found: Sequence[Trained], compilation: Compilation
) -> tuple[str, dict[str, str]]:
    """The spec of some networks, and copies of what it uses.

    Args:
        space: they are of.
        problem: what they are the best of.
        found: the networks.
        compilation: of any variant, for the sources.

    Returns:
        The name of the spec, and texts by name: its own, and those of the files it uses.
    """
    arch = space.spec.declared.name.text
    texts = {}
    spec, *others = [module.file.source for module in compilation.modules]
    for source in (spec, *others):
        if ":" not in source.name:  # the library comes with archc, `-I` is given again
            texts[source.name] = f"{WRITTEN}: a copy of what was searched.\n{source.text}"
    name = f"{arch}_front.arch"
    while name in texts:
        name = f"_{name}"
    uses = [spec.name]
    if space.grid.choices:  # their values may name what the spec has from elsewhere
        uses += [use.path for use in compilation.modules[0].file.uses]
    lines = [f"{WRITTEN}: the front of `{arch}`, the best by {problem.objectives[0].name} first."]
    lines += [f'use "{path}"' for path in uses]
    taken = {each.name.text for module in compilation.modules for each in module.file.archs}
    for one in found:
        said = ", ".join(
            f"{each.name} {value:.6g}"
            for each, value in zip(problem.objectives, one.values, strict=True)
        )
        settings = ", ".join(f"{key} = {text}" for key, text in space.grid.settings(one.row))
        lines += ["", f'"""Trial {one.number}: {said}."""']
        lines += [f"arch {arch_name(arch, one, taken)} = {arch}({settings})"]
    texts[name] = "\n".join(lines) + "\n"
    return name, texts


def arch_name(arch: str, one: Trained, taken: set[str]) -> str:
    """The name of a network, unlike those of others."""
    name = f"{arch}_t{one.number}"
    while name in taken:
        name += "_"
    return name


def verify(path: str, space: Space, found: Sequence[Trained], include: Sequence[str]) -> None:
    """Compile a spec of ours, and see that its networks are those that were trained.

    Raises:
        Difference: they are not, which is a bug in archc.
    """
    folder = path.rpartition("/")[0]
    loader = Loader(folder, include, space.options.limits)
    options = space.options._replace(arch=None, settings=())
    made = compile_spec(loader, loader.load(path), options)
    digests = [network_digest(network.graph) for network in made.networks]
    if digests != [one.digest for one in found]:
        raise Difference(f"`{path}` has other networks than were trained")
