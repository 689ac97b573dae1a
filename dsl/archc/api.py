"""The Python interface: compile a file or a text, look at the result, write it, build it."""

import os
from collections.abc import Sequence
from fractions import Fraction
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from archc.diagnostics.model import Diagnostic, Rejected, make
from archc.diagnostics.render import render
from archc.driver import Compilation, Network, Options, compile_spec, judged_by, outputs
from archc.files import Loader, write
from archc.limits import DEFAULT_LIMITS, Limits
from archc.source import Source

if TYPE_CHECKING:
    import keras


class ArchError(Exception):
    """A spec has errors. ``diagnostics`` holds them all, warnings and notes included."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        errors = [found for found in self.diagnostics if found.level == "error"]
        super().__init__("\n\n".join(render(found, color=False) for found in errors))


class Compiled:
    """One compiled network."""

    def __init__(self, network: Network, diagnostics: tuple[Diagnostic, ...]) -> None:
        self._network = network
        self.name = network.name
        self.manifest: dict[str, Any] = network.manifest
        """The profile, as the JSON file has it."""
        self.module_source = network.module
        """The text of the Keras builder module."""
        self.diagnostics = diagnostics
        """Warnings and notes."""

    def __repr__(self) -> str:
        return f"<Compiled {self.name!r}>"

    def write(self, directory: "str | os.PathLike[str]") -> tuple[str, ...]:
        """Write the module, the manifest and the registry; the names of files that changed.

        Raises:
            ArchError: the folder cannot be written, or something there is not ours.
        """
        written = write(os.fspath(directory), outputs([self._network]))
        if written.failed:
            raise ArchError(written.diagnostics)
        return written.written

    def build_model(self, **knobs: Any) -> "keras.Model":
        """The Keras model, freshly initialised. Needs the `tensorflow` extra.

        Keyword arguments are those of the generated `build_model`: ``dropout``,
        ``weight_decay``, ``name``.

        Raises:
            ImportError: Keras is not installed.
        """
        try:
            import keras  # noqa: F401  # only to say how to get it
        except ImportError:
            raise ImportError(
                "building a model needs Keras: pip install 'archc-dsl[tensorflow]'"
            ) from None
        namespace: dict[str, Any] = {"__name__": f"archc.generated.{self.name}"}
        code = compile(self.module_source, f"<{self.name}.py>", "exec")
        exec(code, namespace)  # our own text: no part of a spec but names and literals is in it
        return namespace["build_model"](**knobs)


def compile_file(
    path: "str | os.PathLike[str]",
    /,
    *,
    arch: str | None = None,
    use: Sequence[str] = (),
    target: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    **parameters: object,
) -> Compiled:
    """Compile one arch of a spec file.

    Args:
        path: the spec.
        arch: which of its archs, where it declares several.
        use: folders in which `use` may look beside that of the spec, as `-I`.
        target: a target file to judge by, as `--target`.
        limits: bounds on the work the spec may cause.
        **parameters: parameters of the arch that are not bound yet: numbers, booleans, or texts
            of the language, such as ``unit="ir(expansion = 4)"``. (`arch`, `use` and `target` are
            words of the language, so no parameter has such a name; `limits` cannot be set so.)

    Raises:
        ArchError: it has errors.
    """
    shown = os.fspath(path)
    try:
        loader = Loader(os.path.dirname(shown), use, limits)
        source = loader.load(shown)
    except Rejected as rejected:
        raise ArchError([rejected.diagnostic]) from None
    return _compile(loader, source, arch, target, limits, parameters)


def compile_text(
    text: str,
    /,
    *,
    arch: str | None = None,
    use: Sequence[str] = (),
    target: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    **parameters: object,
) -> Compiled:
    """Compile one arch of a text, as `compile_file`; `use` looks in the working folder.

    Raises:
        ArchError: it has errors.
    """
    try:
        loader = Loader("", use, limits)
    except Rejected as rejected:
        raise ArchError([rejected.diagnostic]) from None
    return _compile(loader, Source("<text>", text), arch, target, limits, parameters)


def _compile(
    loader: Loader,
    source: Source,
    arch: str | None,
    target: str | None,
    limits: Limits,
    parameters: dict[str, object],
) -> Compiled:
    settings = tuple((name, expression_text(value)) for name, value in parameters.items())
    options = Options(settings=settings, arch=arch, limits=limits)
    try:
        if target is not None:
            options = judged_by(options, loader.target(target))
    except Rejected as rejected:
        raise ArchError([rejected.diagnostic]) from None
    compilation: Compilation = compile_spec(loader, source, options)
    if compilation.failed or len(compilation.networks) != 1:
        diagnostics = compilation.diagnostics
        if not compilation.failed:
            diagnostics = (*diagnostics, _several(source, compilation))
        raise ArchError(diagnostics)
    return Compiled(compilation.networks[0], compilation.diagnostics)


def _several(source: Source, compilation: Compilation) -> Diagnostic:
    from archc.diagnostics.codes import NO_ARCH

    names = ", ".join(f"`{network.name}`" for network in compilation.networks)
    return make(
        NO_ARCH,
        f"`{source.name}` declares {len(compilation.networks)} archs: {names}",
        help="choose one: `compile_file(path, arch=NAME)`",
    )


def expression_text(value: object) -> str:
    """A Python value as an expression of the language.

    Raises:
        TypeError: it has no counterpart there.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, Fraction):
        return f"({value.numerator}) / {value.denominator}"
    if isinstance(value, Integral):  # NumPy's numbers too, which have a `repr` of their own
        return str(int(value))
    if isinstance(value, Real):
        return repr(float(value))
    if isinstance(value, tuple):
        return " x ".join(f"({expression_text(extent)})" for extent in value)
    raise TypeError(f"a parameter is a number, a boolean, a size or a text, not {value!r}")
