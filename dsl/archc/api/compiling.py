"""Compile a file or a text, look at the result, write it, build it."""

import os
from collections.abc import Sequence
from fractions import Fraction
from numbers import Integral, Real

from archc.diagnostics.model import Diagnostic, Rejected, make
from archc.diagnostics.render import render
from archc.driver import Compilation, Network, Options, compile_spec, outputs
from archc.files import Loader, write
from archc.files.targets import read_target
from archc.garbage import uncollected
from archc.limits import DEFAULT_LIMITS, Limits
from archc.source import Source
from archc.typed import TYPE_CHECKING, Any

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
        self._module: str | None = None
        self.diagnostics = diagnostics
        """Warnings and notes."""

    def __repr__(self) -> str:
        return f"<Compiled {self.name!r}>"

    @property
    def module_source(self) -> str:
        """The text of the Keras builder module."""
        if self._module is None:
            with uncollected():
                self._module = self._network.module
        return self._module

    def write(self, directory: "str | os.PathLike[str]") -> tuple[str, ...]:
        """Write the module, the manifest and the registry; the names of files that changed.

        Raises:
            ArchError: the folder cannot be written, or something there is not ours.
        """
        written = write(os.fspath(directory), outputs([self._network]))
        if written.failed:
            raise ArchError(written.diagnostics)
        return written.written

    def svg(self, detail: str | None = None, *, color: str = "macs", width: int = 1120) -> str:
        """The network as a drawing, as `archc graph` makes it; notebooks show it by themselves.

        Args:
            detail: `stages`, `blocks` or `layers`; by default as much as is easy to read.
            color: what colours show a share of: `macs` or `time`.
            width: pixels to stay within.

        Raises:
            ValueError: there is no such detail or colour, or nothing says how long it takes.
            TooLarge: in this detail it would have too many boxes.
        """
        from archc.emit.drawing import DETAILS, picture, svg, untimed
        from archc.emit.drawing.paint import QUANTITIES

        if detail not in (None, *DETAILS) or color not in QUANTITIES:
            raise ValueError(f"detail is one of {DETAILS}, color one of {QUANTITIES}")
        if color == "time" and (reason := untimed(self.manifest)) is not None:
            raise ValueError(reason)
        network = self._network
        return svg(picture(network.graph, network.manifest, detail, color=color), width=width)

    def _repr_svg_(self) -> str:
        return self.svg()

    def report(self) -> str:
        """The network as one HTML page, as `archc report` makes it."""
        from archc.emit.report import Subject, report

        network = self._network
        return report([Subject(network.manifest, network.graph, network.manifest)])

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
    build: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    **parameters: object,
) -> Compiled:
    """Compile one arch of a spec file.

    Args:
        path: the spec.
        arch: which of its archs, where it declares several.
        use: folders in which `use` may look beside that of the spec, as `-I`.
        target: a target file to judge by, as `--target`.
        build: which build of TensorFlow Lite Micro its arena is given for, as `--build`.
        limits: bounds on the work the spec may cause.
        **parameters: parameters of the arch that are not bound yet: numbers, booleans, or texts
            of the language, such as ``unit="ir(expansion = 4)"``. (`arch`, `use` and `target` are
            words of the language, so no parameter has such a name; `build` and `limits` cannot be
            set so.)

    Raises:
        ArchError: it has errors.
        ValueError: there is no such build.
    """
    shown = os.fspath(path)
    try:
        loader = Loader(os.path.dirname(shown), use, limits)
        source = loader.load(shown)
    except Rejected as rejected:
        raise ArchError([rejected.diagnostic]) from None
    return _compile(loader, source, arch, target, build, limits, parameters)


def compile_text(
    text: str,
    /,
    *,
    arch: str | None = None,
    use: Sequence[str] = (),
    target: str | None = None,
    build: str | None = None,
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
    return _compile(loader, Source("<text>", text), arch, target, build, limits, parameters)


def _compile(
    loader: Loader,
    source: Source,
    arch: str | None,
    target: str | None,
    build: str | None,
    limits: Limits,
    parameters: dict[str, object],
) -> Compiled:
    from archc.analysis.tflite_micro import BUILDS

    if build is not None and build not in BUILDS:
        raise ValueError(
            f"there is no build {build!r} of TensorFlow Lite Micro: {', '.join(BUILDS)}"
        )
    settings = tuple((name, expression_text(value)) for name, value in parameters.items())
    options = Options(settings=settings, arch=arch, limits=limits, build=build)
    try:
        if target is not None:
            options = options._replace(target=read_target(target, loader))
    except Rejected as rejected:
        raise ArchError([rejected.diagnostic]) from None
    with uncollected():
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
