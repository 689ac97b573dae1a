"""Networks for the tests of manifests and tables, compiled from text."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from archc.analysis.budgets import Budget, budgets
from archc.analysis.lowering import lower_both
from archc.analysis.memory import memory
from archc.analysis.profile import Profile, profile
from archc.analysis.tflite_micro import micro
from archc.diagnostics.model import Diagnostic, Reporter
from archc.emit.manifest import Identity, Judgement, manifest, parameter_text, source_digest
from archc.files import Loader
from archc.ir.graph import Graph
from archc.limits import DEFAULT_LIMITS
from archc.sema.check import check
from archc.sema.expand import expand
from archc.sema.load import Program
from archc.sema.resolve import resolve
from archc.source import Source


class Compiled(NamedTuple):
    """A network with all its figures."""

    graph: Graph
    profile: Profile
    budgets: tuple[Budget, ...]
    diagnostics: tuple[Diagnostic, ...]
    identity: Identity

    def manifest(self, judgement: Judgement | None = None) -> dict[str, Any]:
        return manifest(self.identity, self.graph, self.profile, judgement, self.budgets)


def compiled(text: str) -> Compiled:
    """The last arch of a spec."""
    reporter = Reporter()
    program = Program(Loader(), DEFAULT_LIMITS, reporter)
    source = Source("spec.arch", text)
    module = program.load(source)
    check(module, DEFAULT_LIMITS, reporter)
    model = resolve(module, module.file.archs[-1], (), DEFAULT_LIMITS, reporter)
    assert model is not None, reporter.diagnostics
    graph = expand(model, reporter)
    assert graph is not None, reporter.diagnostics
    both = lower_both(graph)
    figures = profile(graph, *both, memory(both[0]), micro(both[0]), unsupported=set())
    evaluated, diagnostics = budgets(model.budgets, figures)
    texts = tuple((name, parameter_text(given.value)) for name, given in model.parameters)
    identity = Identity(
        model.name, model.base, texts, model.source.name, source_digest(program.sources())
    )
    return Compiled(graph, figures, evaluated, diagnostics, identity)


@pytest.fixture(scope="session")
def compile_spec() -> Callable[[str], Compiled]:
    return compiled
