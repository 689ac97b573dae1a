"""`archc verify`: whether a model file still is the network of its manifest."""

import argparse

from archc.cli.arguments import UsageError, shared_arguments

SUMMARY = "check that a model file matches its manifest"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "manifest", metavar="MANIFEST", help="the `NAME.manifest.json` of a compile, or a spec"
    )
    parser.add_argument("model", metavar="MODEL", help="a `.tflite`, `.keras` or `.h5` file")
    parser.add_argument("--arch", help="the arch of the spec to compare with")
    parser.set_defaults(set=[], name=None)
    shared_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from archc.cli.session import Session, show
    from archc.diagnostics.model import Rejected
    from archc.files import load_bytes
    from archc.models.verify import SUFFIXES, WANTED, verify
    from archc.models.verify.document import load_manifest
    from archc.models.verify.show import plain, text

    if options.manifest.lower().endswith(SUFFIXES):
        raise UsageError(f"`{options.manifest}` is a model: write `archc verify MANIFEST MODEL`")
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
