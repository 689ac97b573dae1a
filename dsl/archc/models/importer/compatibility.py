"""Imported models checked against a target: its rules, and what a Keras model can do wrong that a
spec cannot."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from archc.compiler import (
    BORDERS,
    KERNELS,
    Deployed,
    Node,
    Peak,
    Report,
    Request,
    Rule,
    Step,
    Target,
    allowable,
    check_target,
    lower,
    never_allowed,
    peak,
    permission,
    permitted,
)
from archc.diagnostics.codes import TARGET
from archc.diagnostics.model import Level, reject
from archc.diagnostics.nearest import did_you_mean
from archc.models.deployed.verdict import Finding, found
from archc.models.importer.foreign import Foreign
from archc.models.importer.imported import Imported, ImportedLayer, Unseen

BLIND = "what it reads is not known"
"""Why a layer after one without a shape is not seen."""


class Judgement(NamedTuple):
    """What the target's own rules say of the sketch of a model."""

    target: Target
    report: Report
    deployed: Deployed
    peak: Peak

    def supported(self, imported: Imported, layer: ImportedLayer) -> bool | None:
        """Whether a layer passes both halves of the gate; None where it is not known."""
        if layer.class_name == "InputLayer":
            return True if layer.output_shape is not None else None
        # Only what is said of operators that are known counts.
        known = (self.report.unsupported & imported.seen_nodes) - self.folded(imported)
        tier = self.target.class_tier(layer.class_name)
        if not known.isdisjoint(layer.nodes) or (tier is not None and not tier.allowed):
            return False
        return True if imported.seen_nodes.issuperset(layer.nodes) else None

    def folded(self, imported: Imported) -> set[int]:
        """The rescalings of which nothing is left but the kernels that they folded into."""
        left = {
            index
            for index, node in enumerate(imported.sketch.nodes)
            if index and node.op.keyword == "rescaling"
        }
        for op in self.deployed.operators:
            if op.operator not in KERNELS:
                left.difference_update(op.layers)
        return left


def judged(imported: Imported, target: Target, request: Request) -> Judgement:
    """A model by the rules that specs are held to."""
    deployed = lower(imported.sketch, request.io)
    live = peak(deployed)
    report = check_target(target, request, imported.sketch, deployed, live)
    return Judgement(target, report, deployed, live)


def findings(imported: Imported, target: Target, request: Request) -> list[Finding]:
    """Everything there is against a model, notes included: first by the rules of the target in
    their order, then what is not seen, then what the way of converting does."""
    judgement = judged(imported, target, request)
    paths = {node: layer.path for layer in imported.layers for node in layer.nodes}
    everything: list[Finding] = []
    exotic, folded = _rule(target, "exotic_layer"), judgement.folded(imported)
    for breach in judgement.report.findings:
        if breach.node is not None and breach.node not in imported.seen_nodes:
            continue  # a stand-in, of which something else is said
        if breach.code == f"{target.name}/open_batch":
            continue  # below, by the batch the model has
        if exotic and breach.code == f"{target.name}/{exotic.name}" and breach.node in folded:
            continue
        path = None if breach.node is None else paths.get(breach.node, breach.layer or "")
        everything.append(found(breach, path))
    everything.extend(_failures(judgement, paths))
    everything.extend(_unseen(imported, request, target))
    everything.extend(_batch(imported, judgement))
    # Calls of one layer, and operators of one layer that the language has not, say the same.
    once: dict[tuple[str, str | None, str], Finding] = {}
    for finding in everything:
        once.setdefault((finding.code, finding.layer, _subject(finding)), finding)
    return together(once.values())


def together(findings: Iterable[Finding]) -> list[Finding]:
    """What is said of several layers in the same words, once, at the place of the first."""
    said: dict[Finding, list[str]] = {}
    for finding in findings:
        layers = said.setdefault(finding._replace(layer=None), [])
        if finding.layer is not None:
            layers.append(finding.layer)
    return [
        finding._replace(layer=layers[0], layers=tuple(dict.fromkeys(layers)))
        if layers
        else finding
        for finding, layers in said.items()
    ]


def _failures(judgement: Judgement, paths: dict[int, str]) -> Iterator[Finding]:
    """Where the converter is known to fail."""
    for failure in judgement.deployed.failures:
        yield _finding(
            judgement.target,
            "conversion",
            "error",
            paths.get(failure.layers[-1]),
            f"the int8 converter fails here: {failure.reason}",
            failure.remedy,
            _rule(judgement.target, "unknown_lowering"),  # of the same source
        )


def _subject(finding: Finding) -> str:
    """What tells findings of one rule on one layer apart: what they quote first."""
    return finding.message.split("`")[1] if finding.message.count("`") > 1 else finding.message


# --- what is not seen ---------------------------------------------------------------------------


def _unseen(imported: Imported, request: Request, target: Target) -> Iterator[Finding]:
    unmapped = _rule(target, "unmapped_layer")
    blind = [layer for layer in imported.unseen if layer.reason == BLIND]
    for layer in imported.unseen:
        if "operators" not in layer.unknown and layer.class_name != "InputLayer":
            continue
        tier = target.class_tier(layer.class_name)
        if layer.reason == BLIND:
            if layer is blind[0]:
                yield _blind(layer, len(blind), target, request)
        elif layer.class_name == "InputLayer":
            rule = _rule(target, "by_construction")
            yield _finding(
                target,
                rule.name if rule else "static",
                "error",
                layer.layer,
                f"its shape is not static: {layer.reason}",
                "build the model with fixed extents",
                rule,
            )
        elif tier is not None and not tier.allowed:
            yield Finding(
                f"{target.name}/{unmapped.name if unmapped else tier.name}",
                "error",
                layer.layer,
                f"`{layer.class_name}` {tier.meaning}; it cannot be allowed",
                tier.instead,
                tier.source.text,
                tier.source.confidence,
            )
        else:
            allowed = layer.class_name in request.allow
            taken: Level = "note" if allowed else "warning"
            level: Level = "warning" if allowed else "error"
            yield _finding(
                target,
                "unknown_layer",
                taken if request.as_is else level,
                layer.layer,
                f"whether this `{layer.class_name}` runs is not known: {layer.reason}"
                + (f"; {permitted(request)}" if allowed else ""),
                f"confirm with `{target.analyzer}`"
                if allowed
                else "use layers of Keras that are known, or "
                f"{permission(layer.class_name, request.model)} and confirm with "
                f"`{target.analyzer}`",
                None,
            )._replace(allowed=allowed or request.as_is)


def _blind(first: Unseen, count: int, target: Target, request: Request) -> Finding:
    more = f", and {count - 1:,} more layers" if count > 1 else ""
    return _finding(
        target,
        "unknown_layer",
        "warning" if request.as_is else "error",
        first.layer,
        f"whether this `{first.class_name}`{more} run is not known: {BLIND}"
        if more
        else f"whether this `{first.class_name}` runs is not known: {BLIND}",
        "make known the shape of what is before it",
        None,
    )._replace(allowed=request.as_is)


def blind_model(name: str, reason: str, target: Target) -> Finding:
    """What is said of a model that cannot be seen into."""
    return _finding(
        target,
        "unknown_layer",
        "error",
        None,
        f"whether the model `{name}` runs is not known: {reason}",
        "build it as a functional model: `keras.Model(inputs, outputs)`",
        None,
    )


# --- the batch ----------------------------------------------------------------------------------


def _batch(imported: Imported, judgement: Judgement) -> Iterator[Finding]:
    """What the batch of the model does to the file, if it is converted as it is
    (`docs/lowering.md`, "How to convert")."""
    target = judgement.target
    rule = next((one for one in target.rules if one.name == "open_batch"), None)
    if imported.batch is None:
        for layer in imported.layers:
            left = _left_behind(imported, layer, judgement.deployed)
            if left is not None:
                tier = target.tier(left[0][0])
                nothing_runs = f"; {left[0][0]} {tier.meaning}" if tier else ""
                yield _finding(
                    target,
                    "open_batch",
                    "warning",
                    layer.path,
                    f"the batch is open, and converted like this the {layer.class_name} leaves "
                    f"{', '.join(left[0][:-1])} and {left[0][-1]} behind{left[1]}{nothing_runs}",
                    "convert with batch 1, as `archc quantize` does: rebuild with "
                    "`keras.Input(shape, batch_size=1)`",
                    rule,
                )
        return
    if imported.batch != 1:
        static = _rule(target, "by_construction")
        yield _finding(
            target,
            static.name if static else "static",
            "error",
            imported.inputs[0],
            f"the batch is {imported.batch:,}, where it has to be 1",
            "rebuild with `keras.Input(shape, batch_size=1)`",
            static,
        )
        return
    for layer in imported.layers:
        for node, steps in _seen(imported, layer, judgement.deployed):
            reshaped = any(step.operator == "RESHAPE" for step in steps)
            if reshaped and _keyword(node) == "add":
                yield _finding(
                    target,
                    "batch_one_add",
                    "warning",
                    layer.path,
                    "with batch 1 the second of the tensors added, which has only ones before "
                    "its channels, is taken for a bias: a RESHAPE is left before the ADD",
                    "let the smaller tensor be the first of the two",
                    rule,
                )


def _seen(
    imported: Imported, layer: ImportedLayer, deployed: Deployed
) -> Iterator[tuple[Node, tuple[Step, ...]]]:
    """The nodes of a layer that are known, with what each becomes by itself."""
    for index in layer.nodes:
        if index in imported.seen_nodes:
            yield imported.sketch.nodes[index], deployed.lowered[index]


def _keyword(node: Node) -> str:
    return node.op.keyword if node.inputs else "input"


def _left_behind(
    imported: Imported, layer: ImportedLayer, deployed: Deployed
) -> tuple[tuple[str, ...], str] | None:
    """The operators that an open batch leaves of a layer beside those of batch 1, and what else is
    to be said of them."""
    for node, steps in _seen(imported, layer, deployed):
        keyword = _keyword(node)
        if keyword in ("reshape", "flatten", "conv_transpose") or (
            keyword == "upsample" and any(step.operator == "TILE" for step in steps)
        ):
            return ("SHAPE", "STRIDED_SLICE", "PACK"), ""
        if keyword == "dense" and len(node.shape) > 1:
            return ("SHAPE", "GATHER", "REDUCE_PROD", "CONCATENATION", "PACK"), ""
        for step in steps:
            if step.window is not None and max(step.window.dilation) > 1:
                unfolded = ", with its bias or batch normalisation unfolded"
                return ("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"), unfolded
    return None


# --- parts --------------------------------------------------------------------------------------


def _rule(target: Target, predicate: str) -> Rule | None:
    return next((rule for rule in target.rules if rule.check == predicate), None)


def _finding(
    target: Target,
    code: str,
    level: Level,
    layer: str | None,
    message: str,
    remedy: str,
    rule: Rule | None,
) -> Finding:
    source = rule.source if rule is not None else target.demanded.source
    return Finding(
        f"{target.name}/{code}", level, layer, message, remedy, source.text, source.confidence
    )


def request(
    imported: Imported | None,
    target: Target,
    allow: Iterable[str],
    io: str,
    board: str | None,
    form: str = "python",
) -> Request:
    """What is asked of a target, by plain names; ``form`` is how permission is given
    (`Request.model`).

    Raises:
        Rejected: one is not known.
    """
    own: set[str] = set()
    if imported is not None:
        own |= {unseen.class_name for unseen in imported.unseen}
        own |= {node.op.keyword for node in imported.sketch.nodes if isinstance(node.op, Foreign)}
    names = (*allowable(target), *sorted(own))
    if isinstance(allow, str):
        raise reject(TARGET, "`allow` takes a list of names", help=f'write `allow=["{allow}"]`')
    chosen = tuple(dict.fromkeys(allow))
    for name in chosen:
        if name not in names and imported is not None:
            why = never_allowed(target, name)
            raise reject(
                TARGET,
                why
                or f"`{name}` is neither an operator nor a rule of {target.name}, nor in the model",
                help=did_you_mean(name, names)
                or f"`archc targets {target.name}` lists what can be allowed",
            )
    boards = [known.name for known in target.boards]
    for what, asked, options in (("border", io, list(BORDERS)), ("board", board, boards)):
        if asked is not None and asked not in options:
            raise reject(
                TARGET,
                f"there is no {what} `{asked}`",
                help=did_you_mean(str(asked), options)
                or (f"the {what}s are {', '.join(options)}" if options else "there are none"),
            )
    return Request(target.name, chosen, io, board, model=form)
