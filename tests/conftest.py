"""Hypothesis profiles: `quick` by default, `ci` and `long` by `HYPOTHESIS_PROFILE=NAME` or
`--hypothesis-profile NAME`. A test scales the number of examples with `support.profiles`."""

import gc
import os
import signal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from support.carried import carried
from support.profiles import figures

signal.signal(signal.SIGINT, signal.default_int_handler)
"""What a shell runs in the background ignores Ctrl-C, and so would all that tests interrupt."""

os.environ["ARCHC_CACHE"] = ""  # no test leaves or finds notes of builds (`archc.cli.unchanged`)

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
_NO_REUSE = (Phase.explicit, Phase.generate, Phase.target, Phase.shrink)

for _name, _examples, _repeatable in (("quick", 100, True), ("ci", 1_000, False),
                                      ("long", 20_000, False)):  # fmt: skip
    settings.register_profile(
        _name,
        max_examples=_examples,
        derandomize=_repeatable,
        database=None,
        deadline=None,
        print_blob=True,
        phases=_NO_REUSE,
        suppress_health_check=_SLOW,
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


MOST_PROCESSES = 4
"""TensorFlow takes a gigabyte in each."""

_told: list[str] = []
"""What the property tests were given in other processes."""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """The whole suite runs in a process for each processor (pytest-xdist), files that are named in
    this one. `-n 0` and `-n 3` say otherwise."""
    if not {"PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST"}.isdisjoint(os.environ):
        return  # one of those processes, or a run within a test: neither starts any more
    options = config.option
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if whole and getattr(options, "numprocesses", 0) is None and not options.usepdb:
        options.numprocesses = min(len(os.sched_getaffinity(0)), MOST_PROCESSES)
        options.dist = "worksteal"  # else the process that has the slow tests is waited for


def pytest_configure(config: pytest.Config) -> None:
    """What starts of the command need is made once, by the process that has the others."""
    if {"PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST"}.isdisjoint(os.environ):
        made = carried()
        made.__enter__()
        config.add_cleanup(lambda: made.__exit__(None, None, None))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not look through it while tests run, which
    is a seventh of their time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["figures"] = list(figures())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _told.extend(getattr(node, "workeroutput", {}).get("figures", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the property tests were given."""
    for line in (*figures(), *_told):
        terminalreporter.write_line(line)
