"""What operators that are several Keras layers share: all of it follows from their parts."""

from archc.ops.base import Op, Part, Shape, Step, Weight


class Composite(Op):
    """An operator that is always several Keras layers: it declares `parts`, and they the rest."""

    def parts(self, *inputs: Shape) -> tuple[Part, ...]:
        raise NotImplementedError

    def infer(self, *inputs: Shape) -> Shape:
        return run(self.parts(*inputs), inputs[0])[-1][2]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        made = run(self.parts(*inputs), inputs[0])
        return tuple(weight for op, reads, _ in made for weight in op.weights(*reads))

    def macs(self, output: Shape, *inputs: Shape) -> int:
        return sum(op.macs(o, *reads) for op, reads, o in run(self.parts(*inputs), inputs[0]))

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        made = run(self.parts(*inputs), inputs[0])
        return sum(op.stedgeai_macc(shape, *reads) for op, reads, shape in made)

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        steps: list[Step] = []
        results: list[int] = []
        """Where the result of each part is among the steps; -1 is what the whole reads."""
        parts = self.parts(*inputs)
        for part, (op, reads, shape) in zip(parts, run(parts, inputs[0]), strict=True):
            sources = [results[place] if place >= 0 else -1 for place in part.inputs]
            start = len(steps)
            for step in op.device(shape, *reads):
                at = tuple(start + i if i >= 0 else sources[-1 - i] for i in step.inputs)
                steps.append(step._replace(inputs=at))
            results.append(len(steps) - 1 if len(steps) > start else sources[0])
        return tuple(steps)


def run(parts: tuple[Part, ...], entering: Shape) -> list[tuple[Op, tuple[Shape, ...], Shape]]:
    """Of each part the operator, the shapes that it reads, and that of its result."""
    made: list[tuple[Op, tuple[Shape, ...], Shape]] = []
    for part in parts:
        reads = tuple(made[place][2] if place >= 0 else entering for place in part.inputs)
        made.append((part.op, reads, part.op.infer(*reads)))
    return made


def chain(*ops: Op) -> tuple[Part, ...]:
    """Parts of which each reads the one before it."""
    return tuple(Part(op, (place - 1,)) for place, op in enumerate(ops))
