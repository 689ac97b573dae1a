"""The parser of a verb's arguments, which also explains them."""

import argparse
from collections.abc import Callable
from typing import Any

from archc.cli.arguments import UsageError


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are `UsageError`s, and which knows its options that take
    a value. ``more`` makes the end of its help, when that is asked for."""

    def __init__(
        self, prog: str = "", description: str = "", more: Callable[[], str] | None = None
    ) -> None:
        self.valued: set[str] = set()
        self._more = more
        super().__init__(
            prog=prog,
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def add_argument(self, *names: str, **settings: Any) -> argparse.Action:
        if "action" not in settings or settings["action"] == "append":
            self.valued.update(name for name in names if name.startswith("-"))
        return super().add_argument(*names, **settings)

    def format_help(self) -> str:
        self.epilog = self._more() if self._more else None
        return super().format_help()

    def error(self, message: str) -> Any:
        raise UsageError(message)
