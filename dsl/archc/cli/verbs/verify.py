"""`archc verify`: whether a model file still is the network of its manifest."""

import argparse
from typing import TYPE_CHECKING, Any

from archc.cli.arguments import UsageError, model_arguments, shared_arguments
from archc.formats import format_of, listed

if TYPE_CHECKING:
    from archc.cli.session import Session
    from archc.limits import Limits

SUMMARY = "check that a model file matches its manifest"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "manifest",
        metavar="MANIFEST",
        help="the `NAME.manifest.json` of a compile, a spec, or a Keras model that MODEL should be",
    )
    parser.add_argument("model", metavar="MODEL", help=f"a {listed()} file")
    parser.add_argument("--arch", help="the arch of the spec to compare with")
    parser.set_defaults(set=[], name=None)
    model_arguments(parser)
    shared_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from archc.cli.session import Session, show
    from archc.diagnostics.model import Rejected
    from archc.files import load_bytes
    from archc.models.verify import WANTED, verify
    from archc.models.verify.document import load_manifest
    from archc.models.verify.show import plain, text

    given = format_of(options.manifest)
    if given is not None and given.deployed:
        raise UsageError(
            f"`{options.manifest}` is a deployed file, which does not say what network it should "
            "be: `archc diff A B` compares two, and `archc verify MANIFEST MODEL` checks one"
        )
    spec = options.manifest.endswith(".arch")
    options.specs = [options.manifest] if spec else []
    session = Session(options)
    result = None
    try:
        if spec:
            session.compile()
            if not session.failed and len(session.networks) != 1:
                raise UsageError(
                    f"`{options.manifest}` declares several archs: choose one with `--arch NAME`"
                )
            manifest = None if session.failed else session.networks[0].manifest
        elif given is not None:
            options.io = options.io or border_of(options.model, session.limits)
            manifest = network_of(session, options.manifest)
        else:
            manifest = load_manifest(options.manifest, session.limits)
        if manifest is not None:
            data = load_bytes(options.model, session.limits.model_bytes, "model_bytes", WANTED)
            result = verify(manifest, options.model, data, limits=session.limits)
            session.diagnostics.extend(found.diagnostic for found in result.differences)
    except Rejected as rejected:
        session.diagnostics.append(rejected.diagnostic)
    if options.format == "json":
        session.json(verification=plain(result) if result else None)
        return session.code
    noted = [found.diagnostic for found in result.differences] if result else []
    session.show(("error",), noted)
    if result is not None:
        show(text(result))
    return session.code


def border_of(path: str, bounds: "Limits") -> str | None:
    """The border of the file that is checked, which that of a Keras model is taken to be; None
    where it has none that could be, or cannot be read."""
    from archc.compiler import BORDERS
    from archc.diagnostics.model import Rejected
    from archc.models.deployed import FileGraph
    from archc.models.front import load

    if (format := format_of(path)) is None or not format.deployed:
        return None
    try:
        content = load(path, bounds).content
    except Rejected:
        return None  # which `verify` says
    assert isinstance(content, FileGraph)
    return content.io if content.io in BORDERS else None


def network_of(session: "Session", path: str) -> dict[str, Any]:
    """The manifest of a Keras model that another file should be.

    Raises:
        Rejected: it cannot be read, or not all of it is known.
    """
    from archc.diagnostics.codes import MODEL_FILE
    from archc.diagnostics.model import reject

    document = session.model(path).document
    for gap in document["gaps"]:
        of = f" of `{gap['operator']}`" if gap["operator"] else ""
        raise reject(
            MODEL_FILE,
            f"what `{path}` should become is not known: {gap['figure']}{of}: {gap['reason']}",
            help="`archc diff` compares what is known of two models",
        )
    return document
