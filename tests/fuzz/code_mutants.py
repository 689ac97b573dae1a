"""Mutants of the compiler's own core against the tests that need no TensorFlow, once:

    pip install cosmic-ray coverage
    python tests/fuzz/code_mutants.py [--count N] [--seed N] [--seconds N] [TEST_PATH ...]

Cosmic Ray says where which change can be made: a comparison turned, a number moved by one, `and`
for `or`, `not` put in or left out, a loop skipped. A sample of these is drawn. All tests run once
on the code as it is, so that it is known which of them reach which line, and how long each takes.
Then each mutant runs in a process of its own, forked when the tests are collected: the tests that
reach its line, those that keep whole answers first, of the others the shortest first, until one
fails or those of `--budget` seconds have passed. A test that starts `archc` as a process sees the
code as it is, so it kills none.

Left out are changes that mean the same, by rule: what stands in annotations, decorators,
`__slots__`, `__repr__` or below `if TYPE_CHECKING`; `==` as `is` and `!=` as `is not`, which differ
by what the interpreter keeps; a length compared with 0 as if it could be below (`len(x) > 0` as
`len(x) != 0`). All else counts, equivalent or not.
"""

import argparse
import ast
import functools
import gc
import importlib
import itertools
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import coverage
import pytest
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests")]
CORE = ("sema", "analysis/lowering", "analysis/memory.py", "targets")
TESTS = ("diagnostics/test_errors.py", "sema", "targets", "models", "analysis",
         "foreign/test_said.py", "foreign/test_faults.py", "importer/test_configs.py",
         "emit/test_manifest.py", "emit/test_keras_module.py", "cli/test_show.py",
         "cli/test_bounds.py")  # fmt: skip
"""What can kill them: tests that run the compiler in their own process."""
WHOLE = ("sema/test_said.py", "analysis/test_kept.py", "analysis/test_confirmed.py",
         "targets/test_judged.py", "targets/test_documents.py")  # fmt: skip
"""Those that keep all that is said of many inputs: of what lives here most lives everywhere."""
SLOW = "not ten_thousand and not time_grows and not no_key"
SAME = ("RemoveDecorator", "ComparisonOperator_Eq_Is", "ComparisonOperator_NotEq_IsNot")
NEVER_NEGATIVE = ("Eq_LtE", "LtE_Eq", "NotEq_Gt", "Gt_NotEq")
"""The same of a length compared with 0."""
CACHED = type(functools.cache(len))
APART = ("archc.syntax", "archc.ops", "archc.files")
"""What these keep does not depend on the core."""
IMPORTED = 10
"""Seconds more for a mutant of what runs when its module is imported."""


class Mutant(NamedTuple):
    """A change of a file."""

    path: Path
    operator: str
    occurrence: int
    line: int

    def text(self) -> str:
        """The file with the change. Once in a process: the tree of the file is changed."""
        visitor = MutationVisitor(self.occurrence, get_operator(self.operator)())
        return str(visitor.walk(parsed(self.path)).get_code())

    def __str__(self) -> str:
        name = self.operator.removeprefix("core/").removeprefix("Replace")
        return f"{self.path.relative_to(ROOT / 'dsl/archc')}:{self.line} {name}"


parsed = functools.cache(get_ast_from_path)


@functools.cache
def codes(path: Path) -> list[CodeType]:
    """The code objects of a file, in the order of the source."""
    return list(inside(compile(path.read_text("utf-8"), str(path), "exec")))


def places() -> Iterator[Mutant]:
    """Every change that Cosmic Ray knows in the core."""
    names = [
        name
        for name in operator_names()
        if not name.endswith(SAME) and not get_operator(name).arguments()
    ]
    for path in files():
        nodes = list(ast_nodes(parsed(path)))
        idle, lengths = left_out(path.read_text("utf-8"))
        for name in names:
            operator = get_operator(name)()
            found = [start for node in nodes for start, _ in operator.mutation_positions(node)]
            for occurrence, start in enumerate(found):
                if any(first <= start < end for first, end in idle):
                    continue
                if name.endswith(NEVER_NEGATIVE) and any(a <= start < b for a, b in lengths):
                    continue
                yield Mutant(path, name, occurrence, start[0])


def files() -> Iterator[Path]:
    for part in CORE:
        top = ROOT / "dsl/archc" / part
        yield from sorted(top.rglob("*.py")) if top.is_dir() else [top]


Spans = list[tuple[tuple[int, int], tuple[int, int]]]


def left_out(text: str) -> tuple[Spans, Spans]:
    """Where a text has no meaning when it runs, and where it compares a length with 0."""
    idle: list[ast.AST] = []
    lengths: Spans = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            idle += node.decorator_list
        if isinstance(node, ast.FunctionDef):
            every = ast.walk(node.args)
            idle += [a.annotation for a in every if isinstance(a, ast.arg) and a.annotation]
            idle += [node.returns] if node.returns else []
            idle += [node] if node.name == "__repr__" else []
        elif isinstance(node, ast.AnnAssign):
            idle.append(node.annotation)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__slots__":
            idle.append(node)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            idle += node.body
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == "0":
            lengths += [span(node)] if ast.unparse(node.left).startswith("len(") else []
    return [span(node) for node in idle], lengths


def span(node: ast.AST) -> tuple[tuple[int, int], tuple[int, int]]:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)  # type: ignore


def inside(code: CodeType) -> Iterator[CodeType]:
    """A code object and those within."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from inside(constant)


class Loaded:
    """What is there to be changed: the functions of the core and what keeps their results."""

    def __init__(self) -> None:
        for path in files():
            codes(path)
            module = path.relative_to(ROOT / "dsl").with_suffix("")
            importlib.import_module(".".join(module.parts).removesuffix(".__init__"))
        self.functions: dict[CodeType, list[FunctionType]] = {}
        self.caches = []
        gc.unfreeze()  # what was there when tests had been collected: none of it would be listed
        for one in gc.get_objects():
            if isinstance(one, FunctionType) and "archc" in one.__code__.co_filename:
                self.functions.setdefault(one.__code__, []).append(one)
            module_of = str(one.__module__) if isinstance(one, CACHED) else ""
            if module_of.startswith("archc.") and not module_of.startswith(APART):
                self.caches.append(one)

    def swap(self, mutant: Mutant) -> bool:
        """Change functions; False where the change is in what runs on import."""
        was = codes(mutant.path)
        now = list(inside(compile(mutant.text(), str(mutant.path), "exec")))
        if len(was) != len(now):
            return False
        swapped = False
        for old, new in zip(was, now, strict=True):
            for function in self.functions.get(old, ()) if old != new else ():
                function.__code__ = new
                swapped = True
        for one in self.caches:
            one.cache_clear()
        return swapped


def replace_on_import(mutant: Mutant) -> None:
    """Let a module that is not imported yet be the mutant."""
    original = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, name: str) -> Any:
        if self.path == str(mutant.path):
            return compile(mutant.text(), self.path, "exec")
        return original(self, name)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


class Reach:
    """Which tests run what, and how long each takes.

    Args:
        seconds: of processor time, by the test's id.
        lines: places in ``seconds`` of tests, by file and line.
    """

    def __init__(self, seconds: dict[str, float], lines: dict[str, dict[str, list[int]]]) -> None:
        self.seconds, self.lines = seconds, lines
        own = (place for by_line in lines.values() for tests in by_line.values() for place in tests)
        self.breadths = Counter(own)
        """How many lines of the core a test runs."""

    def tests(self, mutant: Mutant, budget: float) -> list[str]:
        """The ids of those that reach a mutant: of `WHOLE` as many as half of the budget allows,
        of the others as many as the rest does; of each file first the one that runs the fewest
        lines, then the second of each. They reach its line, or its function where no line is known
        (a part of a long statement), or its file where it is outside of functions or results are
        kept there, so that a test may not run what it depends on."""
        lines = self.lines.get(str(mutant.path), {})
        reached = set(lines.get(str(mutant.line), ()))
        if caches(mutant.path):
            reached = {test for tests in lines.values() for test in tests}
        if not reached:
            first, last = function(mutant)
            within = (tests for line, tests in lines.items() if first <= int(line) <= last)
            reached = {test for tests in within for test in tests}
        ids = list(self.seconds)
        turns: Counter[str] = Counter()
        whole, rounds = [], []
        for place in sorted(reached, key=lambda one: (self.breadths[one], ids[one])):
            file = ids[place].partition("::")[0]
            turn = (turns[file], self.breadths[place], ids[place])
            (whole if file.endswith(WHOLE) else rounds).append(turn)
            turns[file] += 1
        chosen = self._within(sorted(whole), budget / 2)
        rest = budget - sum(self.seconds[test] for test in chosen)
        return chosen + self._within(sorted(rounds), rest)

    def _within(self, turns: list[tuple[int, int, str]], budget: float) -> list[str]:
        """The first tests that take so many seconds."""
        chosen, spent = [], 0.0
        for _, _, test in turns:
            spent += self.seconds[test]
            if spent > budget:
                break
            chosen.append(test)
        return chosen


def function(mutant: Mutant) -> tuple[int, int]:
    """The first and the last line of the innermost function around a mutant; else of the file."""
    found = (0, 1_000_000)
    for node in ast.walk(ast.parse(mutant.path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
            around = node.lineno <= mutant.line <= node.end_lineno
            if around and node.lineno > found[0]:
                found = (node.lineno, node.end_lineno)
    return found


@functools.cache
def caches(path: Path) -> bool:
    """Whether some function of a file keeps its results."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    return any("cache" in ast.unparse(one) for node in functions for one in node.decorator_list)


class Fork:
    """Runs collected tests for each mutant."""

    def __init__(self, sample: list[Mutant], map: Path, given: argparse.Namespace) -> None:
        self.sample, self.map = sample, map
        self.seconds, self.budget, self.jobs = given.seconds, given.budget, given.jobs
        self.control = given.control
        self.outcome: dict[Mutant, str] = {}
        self.reach = Reach({}, {})

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from support.checking import compiled

        compiled("arch warm { input i: 8 x 8 x 8 head { relu6 } }")  # once, not in every process
        print(f"{len(session.items)} tests, {len(self.sample)} mutants", flush=True)
        if self.map.exists():
            self.reach = Reach(*json.loads(self.map.read_text("utf-8")))
        new = [item for item in session.items if item.nodeid not in self.reach.seconds]
        if new and forked(lambda: self._survey(session, new), 10 * self.seconds):
            raise SystemExit("the tests could not be run on the code as it is: see MUTANT_LOG")
        self.reach = Reach(*json.loads(self.map.read_text("utf-8")))
        items = {item.nodeid: item for item in session.items}
        self.loaded = Loaded()
        gc.freeze()
        works = {
            mutant: functools.partial(self._run, mutant, self._chosen(mutant, items), session)
            for mutant in self.sample
        }
        for mutant, code in together(works, self.seconds, self.jobs):
            if code == LATER:
                continue
            self.outcome[mutant] = "survived" if code == 0 else "killed"
            print(f"{self.outcome[mutant]} {mutant}", flush=True)
        return True

    def _chosen(self, mutant: Mutant, items: dict[str, pytest.Item]) -> list[pytest.Item]:
        return [items[test] for test in self.reach.tests(mutant, self.budget)]

    def _survey(self, session: pytest.Session, new: list[pytest.Item]) -> int:
        """Write which tests reach what: those that are known, and new ones."""
        core = [f"{ROOT}/dsl/archc/{part}" + "/*" * (".py" not in part) for part in CORE]
        measured = coverage.Coverage(data_file=None, include=core)
        measured.start()
        seconds, lines = self.reach.seconds, self.reach.lines
        print(f"{len(new)} tests are run on the code as it is", flush=True)
        for item in new:
            start = time.process_time()
            measured.switch_context(item.nodeid)
            if self._tests(session, [item]):
                print(f"left out, it fails on the code as it is: {item.nodeid}", flush=True)
                session.testsfailed = 0
                continue
            seconds[item.nodeid] = time.process_time() - start
        measured.stop()
        data = measured.get_data()
        numbers = {test: number for number, test in enumerate(seconds)}
        for path in data.measured_files():
            own = lines.setdefault(path, {})
            for line, tests in data.contexts_by_lineno(path).items():
                own.setdefault(str(line), []).extend(numbers[t] for t in tests if t in numbers)
        self.map.write_text(json.dumps([seconds, lines]), "utf-8")
        return 0

    def _run(self, mutant: Mutant, chosen: list[pytest.Item], session: pytest.Session) -> int:
        if self.control:
            return self._tests(session, chosen)
        return self._tests(session, chosen) if self.loaded.swap(mutant) else LATER

    @staticmethod
    def _tests(session: pytest.Session, items: list[pytest.Item]) -> int:
        """Run tests until one fails."""
        for place, item in enumerate(items):
            following = items[place + 1] if place + 1 < len(items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return 1
        return 0


LATER = 9
LOG = os.environ.get("MUTANT_LOG", os.devnull)
"""What the tests of the last mutant say."""


def forked(work: Any, seconds: int) -> int:
    """Exit code of some work in a process of its own, which may take so much processor time."""
    return os.waitstatus_to_exitcode(os.waitpid(begun(work, seconds), 0)[1])


def together(
    works: dict[Mutant, Callable[[], int]], seconds: int, jobs: int
) -> Iterator[tuple[Mutant, int]]:
    """The same of many, so many of them at once."""
    waiting = iter(works.items())
    running: dict[int, Mutant] = {}
    while True:
        for mutant, work in itertools.islice(waiting, jobs - len(running)):
            running[begun(work, seconds)] = mutant
        if not running:
            return
        child, status = os.waitpid(-1, 0)
        yield running.pop(child), os.waitstatus_to_exitcode(status)


def begun(work: Any, seconds: int) -> int:
    """The process that does some work."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            null = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(null, 1)
            os.dup2(null, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
            code = work()
        except BaseException as error:
            print(repr(error), flush=True)
        finally:
            os._exit(code)
    return child


def anew(mutant: Mutant, options: list[str]) -> int:
    """Run the tests where nothing of archc is imported yet."""
    replace_on_import(mutant)
    return int(pytest.main([*options, "-x"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tests", nargs="*")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=100, help="a mutant may take")
    parser.add_argument("--budget", type=float, default=10, help="seconds of tests for a mutant")
    parser.add_argument("--map", type=Path, help="where to keep which test reaches what")
    parser.add_argument("--control", action="store_true", help="change nothing: all must survive")
    parser.add_argument("--within", default="", help="those of the sample in a part: sema,targets")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at once")
    parser.add_argument("--only", help="those that survived, by what an earlier run printed")
    parser.add_argument("--but", help="not those that an earlier run has done")
    given = parser.parse_args()
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    every = sorted(places())
    sample = random.Random(given.seed).sample(every, given.count)
    within = tuple(str(ROOT / "dsl/archc" / part) for part in given.within.split(","))
    sample = [mutant for mutant in sample if str(mutant.path).startswith(within)]
    if given.only:
        wanted = Path(given.only).read_text("utf-8")
        sample = [mutant for mutant in sample if f"survived {mutant}\n" in wanted]
    if given.but:
        done = Path(given.but).read_text("utf-8")
        sample = [mutant for mutant in sample if f"ed {mutant}\n" not in done]
    paths = given.tests or [str(ROOT / "tests" / name) for name in TESTS]
    options = ["-q", "-m", "not keras and not oracles", "-k", SLOW, "--rootdir", str(ROOT)]
    with tempfile.TemporaryDirectory() as folder:
        return score(every, sample, Path(folder) / "map.json", paths, options, given)


def score(
    every: list[Mutant],
    sample: list[Mutant],
    kept: Path,
    paths: list[str],
    options: list[str],
    given: argparse.Namespace,
) -> int:
    """Run the mutants and print the score."""
    fork = Fork(sample, given.map or kept, given)
    outcome = fork.outcome
    loaded = {name for name in sys.modules if name.partition(".")[0] == "archc"}
    assert not loaded, loaded
    child = forked_early(fork, options, paths)
    outcome.update(child)
    counts = Counter(outcome.values())
    print(f"{len(every):,} changes; of {len(outcome)}: {counts['killed']} killed, "
          f"{counts['survived']} survived, {counts['killed'] / len(outcome):.1%}")  # fmt: skip
    return 0


def forked_early(fork: Fork, options: list[str], paths: list[str]) -> dict[Mutant, str]:
    """All mutants; those of what runs on import from here, where nothing is imported yet."""
    sample = fork.sample
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        pytest.main([*options, *paths], plugins=[fork])
        left = [str(sample.index(one)) for one in sample if one not in fork.outcome]
        gone = [f"{sample.index(one)}={said}" for one, said in fork.outcome.items()]
        with os.fdopen(writing, "w") as file:
            file.write(" ".join([*left, *gone]))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        words = file.read().split()
    os.waitpid(child, 0)
    reach = Reach(*json.loads(fork.map.read_text("utf-8")))
    outcome, works = {}, {}
    for word in words:
        number, _, said = word.partition("=")
        mutant = sample[int(number)]
        if said:
            outcome[mutant] = said
            continue
        chosen = [*options, *(f"{ROOT}/{t}" for t in reach.tests(mutant, fork.budget))]
        works[mutant] = functools.partial(anew, mutant, chosen)
    for mutant, code in together(works, fork.seconds + IMPORTED, fork.jobs):
        outcome[mutant] = "survived" if code == 0 else "killed"
        print(f"{outcome[mutant]} {mutant}", flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
