"""Hypothesis profiles: `quick` by default, `ci` and `long` by `HYPOTHESIS_PROFILE=NAME` or
`--hypothesis-profile NAME`. A test scales the number of examples with `support.profiles`."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from support.profiles import figures

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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the property tests were given."""
    for line in figures():
        terminalreporter.write_line(line)
