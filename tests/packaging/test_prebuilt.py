"""What a wheel carries ready-made is what is made anew, and is used only where it is."""

import py_compile
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType

import pytest

import archc
from archc import prebuilt
from archc.emit import skeleton
from archc.files import shipped_specs
from archc.prebuilt import MAKERS, carried
from archc.syntax import grammar
from archc.targets import builtin, target


def module(name: str) -> ModuleType:
    """A generated module, as a wheel would have it."""
    made = ModuleType(f"archc.prebuilt.{name}")
    exec(generated(name), made.__dict__)
    return made


@cache
def generated(name: str) -> str:
    text: str = import_module(MAKERS[name]).prebuilt()
    return text


def forget() -> None:
    """Let the next compile read grammar, template and targets again."""
    grammar.driver.cache_clear()
    skeleton.skeleton.cache_clear()
    builtin._known.clear()


@pytest.fixture
def carry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[ModuleType], None]]:
    """Puts generated modules where a wheel has them."""

    def put(made: ModuleType) -> None:
        monkeypatch.setitem(sys.modules, made.__name__, made)
        forget()

    forget()
    yield put
    monkeypatch.undo()
    forget()


def test_tables_are_those_of_the_grammar() -> None:
    assert tuple(grammar.derive(grammar.read_grammar())) == module("tables").TABLES


def test_records_are_those_of_the_targets() -> None:
    made = module("targets")
    for name in builtin.builtin_names():
        ours, anew = getattr(made, name)(*builtin._CLASSES), builtin._parsed(name)
        assert ours._replace(texts=()) == anew._replace(texts=())
        assert [(one.name, one.text) for one in ours.texts] == [
            (one.name, one.text) for one in anew.texts
        ]


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_generated_is_the_same_each_time(name: str) -> None:
    assert import_module(MAKERS[name]).prebuilt() == generated(name)


def test_outputs_are_the_same_with_and_without(carry: Callable[[ModuleType], None]) -> None:
    def outputs() -> list[tuple[str, object]]:
        compiled = [archc.compile_file(path, arch=name) for name, path in specs]
        return [(one.module_source, one.manifest) for one in compiled]

    specs = [(name, path) for name, path in shipped_specs().items() if "families" not in path]
    assert len(specs) > 10
    anew = outputs()
    for name in MAKERS:
        carry(module(name))
    without = dict.fromkeys(("lark", "jinja2", "archc.targets.target"))
    with pytest.MonkeyPatch.context() as patch:
        for name in without:
            patch.setitem(sys.modules, name, None)  # whoever imports it fails
        assert outputs() == anew


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("stamp", [("another text",), None])
def test_what_was_made_of_something_else_is_not_used(
    name: str, stamp: object, carry: Callable[[ModuleType], None]
) -> None:
    made = module(name)
    right = made.STAMP
    carry(made)
    assert carried(name, right) is made
    made.STAMP = stamp
    assert carried(name, right) is None
    assert archc.compile_text(SPEC).name == "one"


SPEC = "arch one { target stm32n6 input image: 8 x 8 x 3 stage s { conv(4, kernel = 1x1) } }"


def test_a_module_without_a_stamp_is_not_used(carry: Callable[[ModuleType], None]) -> None:
    carry(ModuleType("archc.prebuilt.tables"))
    assert carried("tables", ("a",)) is None


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("bytecode", [False, True])
def test_a_damaged_file_is_made_anew(
    name: str, bytecode: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off anywhere, between two statements too, or with a hole in it: as good as absent."""
    stamp = module(name).STAMP
    whole = generated(name).encode()
    if bytecode:
        source = tmp_path / f"{name}.py"
        source.write_bytes(whole)
        whole = Path(
            py_compile.compile(str(source), str(tmp_path / "x"), doraise=True)
        ).read_bytes()
        source.unlink()
    file = tmp_path / f"{name}.py{'c' * bytecode}"
    monkeypatch.setattr(prebuilt, "__path__", [str(tmp_path)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = f"archc.prebuilt.{name}"

    def found(data: bytes) -> ModuleType | None:
        file.write_bytes(data)
        invalidate_caches()
        sys.modules.pop(path, None)
        return carried(name, stamp)

    ends = [whole.rfind(b"\nSTAMP") + 1] if not bytecode else []
    try:
        for end in [0, 1, 12, 17, 100, *(len(whole) * n // 7 for n in range(1, 7)), *ends]:
            assert found(whole[:end]) is None, end
        middle = len(whole) // 2
        if not bytecode:
            assert found(whole[:middle] + bytes(64) + whole[middle + 64 :]) is None
        assert found(whole) is not None
    finally:
        sys.modules.pop(path, None)


def test_stamps_hold_the_form_of_what_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another field of a record is another stamp, though the text is the same."""
    before = builtin.stamp()
    monkeypatch.setattr(target.Rule, "_fields", (*target.Rule._fields, "more"))
    assert builtin.stamp() != before


@pytest.mark.parametrize(
    "template",
    [
        "{{ a }}{% for a in b %}{{ a }}{% endfor %}",
        "{% for a in b %}{{ loop.index }}{% endfor %}",
        "{% for a in b %}{{ loop }}{% endfor %}",
        "{% if a %}b{% else %}c{% endif %}",
        "{{ a | upper }}",
        "{% set a = 1 %}{{ a }}",
        "{% for a in b if a %}{{ a }}{% endfor %}",
    ],
)
def test_a_template_that_is_more_than_a_skeleton_needs_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"line 1 of the template"):
        skeleton.function(template)
