"""What examples type at a prompt, run in this process: `archc` and a few commands for files.

A line is a command, its redirection to a file, and variables set before it, as in a shell.
"""

import os
import shlex
from pathlib import Path

import pytest

from archc.cli import main


def run(lines: list[str], patch: pytest.MonkeyPatch) -> int:
    """Run commands in the working folder; the exit code of the last `archc` among them."""
    code = 0
    for line in lines:
        words = shlex.split(line)
        target = None
        if ">" in words:
            at = words.index(">")
            target, words = Path(words[at + 1]), words[:at]
        while words and "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            patch.setenv(name, value)
        if not words:
            continue
        command, *rest = words
        if command == "archc":
            code = main(rest)
        elif command in ("echo", "printf"):
            assert target is not None
            if command == "echo":
                target.write_text(" ".join(rest) + "\n")
            else:
                target.write_bytes(rest[0].encode().decode("unicode_escape").encode("latin-1"))
        elif command == "mkdir":
            for folder in rest:
                Path(folder).mkdir()
        elif command == "cp":
            Path(rest[1]).write_bytes(Path(rest[0]).read_bytes())
        elif command == "chmod":
            os.chmod(rest[1], int(rest[0], 8))
        elif command == "ln":
            Path(rest[2]).symlink_to(rest[1])
        else:
            raise AssertionError(f"not a command of examples: {command}")
    return code
