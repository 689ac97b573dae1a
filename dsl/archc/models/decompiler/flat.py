"""One statement for each layer, in the model's order: what can always be written."""

from archc.compiler import Rounding
from archc.models.decompiler.names import Names, plain
from archc.models.decompiler.network import Network, Operation
from archc.models.decompiler.writing import bias, input_text, statement

_STANDS_IN = ("input", "input_layer", "keras_tensor")
"""What Keras calls an input by itself, with a number."""


def input_names(network: Network, names: Names) -> list[str]:
    """What the inputs are called: as in the model, or after what they hold."""
    made = []
    for operation in network.operations[: network.entries]:
        kind = "image" if len(operation.shape) == 3 else "features"
        own = plain(operation.layer)
        unnamed = own.rstrip("0123456789_").endswith(_STANDS_IN) or own.endswith("CLONE")
        made.append(names.fresh(kind if unnamed else own, kind))
    return made


def output_names(network: Network, names: Names) -> list[str]:
    """What the results are called, where there are several."""
    ends = network.ends
    own = network.names or tuple(network.operations[end].layer for end in ends)
    return [names.fresh(name, "result") for name in own] if several(network) else []


def several(network: Network) -> bool:
    """Whether the results need names."""
    return len(network.ends) > 1 or bool(network.names)


def flat(network: Network, name: str) -> str:
    """The text of a spec with one statement for each operation, not laid out."""
    names = Names([name, "body"])
    writer = _Writer(network, input_names(network, names), output_names(network, names), names)
    operations = network.operations
    lines = [f"arch {name} {{"]
    if any(_odd(operation) for operation in operations):
        lines.append("rounding(divisor = 1)")
    for text, operation in zip(writer.inputs, operations, strict=False):
        lines.append(input_text(text, operation.shape))
    body = writer.statements()
    if writer.outputs:
        lines += ["stage body {", *body, "}"]
        lines += [
            f"output {text} {{ {writer.maps[end]} }}"
            for text, end in zip(writer.outputs, network.ends, strict=True)
        ]
    else:
        lines += ["head {", *body, "}"]
    return "\n".join([*lines, "}"]) + "\n"


def _odd(operation: Operation) -> bool:
    """Whether a width would be rounded."""
    op = operation.op
    return any(arg.rounds and op.values[key] % 8 for key, arg in op.args.items())


class _Writer:
    def __init__(
        self, network: Network, inputs: list[str], outputs: list[str], names: Names
    ) -> None:
        self.network, self.inputs, self.outputs = network, inputs, outputs
        self.names = names
        self.maps: dict[int, str] = dict(enumerate(inputs))
        self.users = network.users()

    def statements(self) -> list[str]:
        """A statement a line; a map is named where it is not read by the next one alone."""
        operations = self.network.operations
        current = 0 if len(self.inputs) == 1 else None
        lines = []
        for index in range(len(self.inputs), len(operations)):
            operation = operations[index]
            line = self.one(index, operation, current)
            current = index
            ends = bool(self.outputs) and index in self.network.ends
            if ends or set(self.users[index]) - {index + 1}:
                self.maps[index] = self.names.fresh(operation.layer.rpartition("/")[2], "map")
                line += f" as {self.maps[index]}"
            lines.append(line)
        return lines

    def one(self, index: int, operation: Operation, current: int | None) -> str:
        reads = operation.inputs
        if operation.op.bodies:
            bodies = ("{ }" if i == current else f"{{ {self.maps[i]} }}" for i in reads)
            return f"{operation.keyword} {' '.join(bodies)}"
        given = {}
        if "bias" in operation.op.args and operation.keyword != "dense":
            given["bias"] = bias(self.network, index, self.users[index])
        text = statement(operation.op, Rounding(1), given)
        return text if reads[0] == current else f"{self.maps[reads[0]]} {text}"
