"""`archc diff A B`: what changed between two networks, and what it costs."""

import argparse
import os
import tempfile
from typing import TYPE_CHECKING, Any

from archc.cli.arguments import UsageError, model_arguments, shared_arguments
from archc.formats import format_of, listed

if TYPE_CHECKING:
    from archc.cli.session import Session

SUMMARY = "show what changed between two networks, and its cost"


def arguments(parser: argparse.ArgumentParser) -> None:
    described = (
        f"a spec, a model ({listed()}), a manifest, or REVISION:PATH of a spec as git has it"
    )
    parser.add_argument("before", metavar="A", help=described)
    parser.add_argument("after", metavar="B", help=described)
    parser.add_argument("--arch", help="the arch of both specs, where they declare several")
    parser.add_argument("--markdown", action="store_true", help="for a pull request")
    parser.add_argument(
        "--fail-on",
        action="append",
        default=[],
        metavar="CONDITION",
        help="exit 1 where it is met: 'peak_activation_bytes > +5 %%', 'params > +10 k', "
        "'weight_bytes > 300 KiB'; the names are those that `require` takes",
    )
    parser.set_defaults(set=[], name=None, specs=[])
    model_arguments(parser)
    shared_arguments(parser)


def run(options: argparse.Namespace) -> int:
    import sys

    from archc.cli.session import FAILURE, Session, show, terminal_width, unicode
    from archc.diagnostics.model import Rejected
    from archc.diagnostics.nearest import did_you_mean
    from archc.emit import changes
    from archc.emit import difference as differ

    try:
        conditions = [differ.parse_condition(text) for text in options.fail_on]
    except ValueError as error:
        raise UsageError(str(error)) from None
    session = Session(options)
    manifests: list[dict[str, Any]] = []
    for subject in (options.before, options.after):
        try:
            manifests.extend(manifest(session, subject))
        except Rejected as rejected:
            session.diagnostics += rejected.diagnostics
    if session.failed or len(manifests) != 2:
        if options.format == "json":
            session.json()
        else:
            session.show(("error",))
        return FAILURE
    found = differ.difference(*manifests)
    names = [change.name for change in found.quantities]
    for condition in conditions:
        if condition.name not in names:
            hint = did_you_mean(condition.name, names) or f"they are {', '.join(names)}"
            raise UsageError(f"`{condition.name}` is not a quantity of a manifest: {hint}")
    broken = [condition.text for condition in conditions if condition.holds(found)]
    if options.format == "json":
        session.json(**changes.data(found), failed=broken)
    elif options.markdown:
        show(changes.markdown(found))
    else:
        show(changes.text(found, unicode=unicode(sys.stdout), width=terminal_width()))
    for text in broken:
        print(f"archc diff: {text}", file=sys.stderr)
    return FAILURE if broken or session.failed else session.code


def manifest(session: "Session", subject: str) -> list[dict[str, Any]]:
    """The manifest of a spec, of a model, of a manifest file, or of a spec at a revision.

    Raises:
        Rejected: it cannot be read.
        UsageError: a spec declares several archs and none is chosen.
    """
    if subject.endswith(".json"):
        return [read(session, subject)]
    if format_of(subject) is not None:
        return [session.model(subject).document]
    revision, colon, path = subject.rpartition(":")
    if colon and not os.path.exists(subject) and len(revision) > 1:
        return compiled_at(session, revision, path)
    return compiled(session, subject)


def compiled(session: "Session", path: str) -> list[dict[str, Any]]:
    at = len(session.networks)
    session.compile_one(os.path.normpath(path), None)
    networks = session.networks[at:]
    if len(networks) > 1:
        names = ", ".join(network.name for network in networks)
        raise UsageError(f"`{path}` declares {names}: choose one with `--arch NAME`")
    return [network.manifest for network in networks]


def compiled_at(session: "Session", revision: str, path: str) -> list[dict[str, Any]]:
    """The manifests of a spec as a revision of its git repository has it, `use`d files included."""
    import subprocess
    import tarfile
    from io import BytesIO

    from archc.diagnostics.codes import FILE_MISSING, FILE_UNREADABLE
    from archc.diagnostics.model import reject

    folder, name = os.path.split(os.path.abspath(path))
    # `git archive` in a folder packs what is at and below it: all that a `use` can reach.
    command = ["git", "-C", folder, "archive", "--format=tar", revision]
    try:
        if revision.startswith("-"):
            raise UsageError(f"`{revision}` is not a revision")
        packed = subprocess.run(command, capture_output=True, check=True)
    except FileNotFoundError:
        raise reject(FILE_UNREADABLE, "`git` is not installed, which knows revisions") from None
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode(errors="replace").strip().splitlines()
        why = told[-1].removeprefix("fatal: ") if told else "git failed"
        raise reject(FILE_UNREADABLE, f"`{revision}:{path}` cannot be read: {why}") from None
    with tempfile.TemporaryDirectory(prefix="archc-") as place:
        with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
            specs = [one for one in archive if one.isfile() and one.name.endswith(".arch")]
            archive.extractall(place, members=specs, filter="data")
        there = os.path.join(place, name)
        if not os.path.exists(there):
            raise reject(FILE_MISSING, f"`{revision}` has no `{path}`")
        return compiled(session, there)


def read(session: "Session", path: str) -> dict[str, Any]:
    """A manifest file.

    Raises:
        Rejected: it is none, or of a form this version does not know.
    """
    from archc.files import load_bytes
    from archc.models.verify.document import WANTED, read_manifest

    data = load_bytes(path, session.limits.model_bytes, "model_bytes", f"a spec, or {WANTED}")
    return read_manifest(path, data, session.limits)
