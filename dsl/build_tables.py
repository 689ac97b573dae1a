"""Build hook: saves the parser's tables into the package, so that a start needs no Lark."""

import os
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = os.path.dirname(os.path.abspath(__file__))


class TablesHook(BuildHookInterface[Any]):
    """Writes `archc/syntax/_tables.py`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, HERE)
        try:
            from archc.syntax import grammar

            with open(grammar.SAVED, "w", encoding="utf-8") as module:
                module.write(grammar.saved(grammar.derive(grammar.read_grammar())))
        finally:
            sys.path.remove(HERE)
