"""Where reports of ST's tool are: those we wrote, and real ones where they are at hand."""

import os
from pathlib import Path

import pytest

WRITTEN = Path(__file__).parents[1] / "stedgeai" / "data"
"""Reports written by us in the layouts of real ones."""

VARIABLE = "ARCHC_ST_REPORTS"
"""Environment variable with the folder of the real reports."""
REAL = Path(
    os.environ.get(VARIABLE) or Path(__file__).parents[3] / "shared" / "n6" / "reports"
).resolve()
"""Real reports are not ours to ship: beside the checkout, or where the variable says."""

real = pytest.mark.skipif(
    not REAL.is_dir(),
    reason=f"the real reports are not here: they are looked for in `{VARIABLE}`, else in "
    "`../shared/n6/reports` beside the checkout",
)
