"""Variables for wiring: named by their part in it, and right whatever the wiring."""

from hypothesis import given
from hypothesis import strategies as st

from archc.emit.variables import Plan, Wire, plan


def shown(wires: list[Wire], output: int | None = None, entry: str = "x") -> list[str]:
    chosen = plan(wires, len(wires) if output is None else output, entry)
    lines = []
    for target, statement, operands in chosen.moves:
        value = operands[0] if statement is None else f"f{statement}({', '.join(operands)})"
        lines.append(f"{target} = {value}")
    return [*lines, f"return {chosen.result}"]


def test_a_chain_stays_in_one_variable() -> None:
    assert shown([Wire((0,)), Wire((1,))]) == ["x = f0(x)", "x = f1(x)", "return x"]


def test_a_skip_keeps_its_input_as_the_shortcut() -> None:
    assert shown([Wire((0,)), Wire((1,)), Wire((0, 2), "Add")]) == [
        "shortcut = x",
        "x = f0(x)",
        "x = f1(x)",
        "x = f2(shortcut, x)",
        "return x",
    ]


def test_a_variable_that_is_not_overwritten_is_not_copied() -> None:
    assert shown([Wire((0,)), Wire((0, 1), "Add")], entry="inputs") == [
        "x = f0(inputs)",
        "x = f1(inputs, x)",
        "return x",
    ]


def test_a_projection_after_the_body_is_the_shortcut() -> None:
    wires = [Wire((0,)), Wire((1,)), Wire((0,)), Wire((3, 2), "Add")]
    assert shown(wires) == [
        "shortcut = x",
        "x = f0(x)",
        "x = f1(x)",
        "shortcut = f2(shortcut)",
        "x = f3(shortcut, x)",
        "return x",
    ]


def test_a_gate_leaves_the_main_path_alone() -> None:
    assert shown([Wire((0,)), Wire((1,)), Wire((0, 2), "Multiply")]) == [
        "gate = f0(x)",
        "gate = f1(gate)",
        "x = f2(x, gate)",
        "return x",
    ]


def test_branches_are_numbered_also_within_one_another() -> None:
    wires = [
        Wire((0,)),
        Wire((1,)),
        Wire((1,)),
        Wire((2, 3), "Concatenate"),
        Wire((0,)),
        Wire((4, 5, 0), "Concatenate"),
    ]
    assert shown(wires) == [
        "branch_1 = f0(x)",
        "branch_1_1 = f1(branch_1)",
        "branch_1_2 = f2(branch_1)",
        "branch_1 = f3(branch_1_1, branch_1_2)",
        "branch_2 = f4(x)",
        "x = f5(branch_1, branch_2, x)",
        "return x",
    ]


def test_skips_within_skips_have_shortcuts_of_their_own() -> None:
    wires = [Wire((0,)), Wire((1,)), Wire((1, 2), "Add"), Wire((0, 3), "Add")]
    assert shown(wires) == [
        "shortcut = x",
        "x = f0(x)",
        "shortcut_2 = x",
        "x = f1(x)",
        "x = f2(shortcut_2, x)",
        "x = f3(shortcut, x)",
        "return x",
    ]


def test_a_value_may_meet_itself() -> None:
    assert shown([Wire((0, 0), "Add")]) == ["x = f0(x, x)", "return x"]


@st.composite
def graphs(draw: st.DrawFn) -> list[Wire]:
    """Any acyclic wiring, far beyond what the language can say."""
    wires: list[Wire] = []
    for index in range(draw(st.integers(1, 25))):
        reads = draw(st.lists(st.integers(0, index), min_size=1, max_size=4))
        merge = draw(st.sampled_from(("Add", "Multiply", "Concatenate"))) if reads[1:] else ""
        wires.append(Wire(tuple(reads), merge, draw(st.integers(1, 9))))
    return wires


def values(chosen: Plan, entry: str) -> dict[int, tuple[int, ...]]:
    """Run a plan: which values every statement read."""
    holds = {entry: 0}
    read: dict[int, tuple[int, ...]] = {}
    for target, statement, operands in chosen.moves:
        if statement is None:
            holds[target] = holds[operands[0]]
        else:
            read[statement] = tuple(holds[operand] for operand in operands)
            holds[target] = statement + 1
    read[-1] = (holds[chosen.result],)
    return read


@given(graphs(), st.data())
def test_every_statement_reads_what_it_should(wires: list[Wire], data: st.DataObject) -> None:
    output = data.draw(st.integers(0, len(wires)))
    read = values(plan(wires, output, "inputs"), "inputs")
    assert read == {**{i: wire.inputs for i, wire in enumerate(wires)}, -1: (output,)}
