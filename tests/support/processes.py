"""Processes that tests ask about."""

import os
import time
from pathlib import Path


def ended(pid: int) -> bool:
    """Whether a process ends within a while; one that nobody waited for has ended too."""
    for _ in range(600):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
