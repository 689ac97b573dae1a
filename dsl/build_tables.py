"""Build hook: saves the parser's tables into the package, so that a start need not build them."""

import os
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = os.path.dirname(os.path.abspath(__file__))


class TablesHook(BuildHookInterface[Any]):
    """Writes `archc/syntax/arch.tables`, stamped with the grammar's digest and Lark's version."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, HERE)
        try:
            from archc.syntax import grammar

            with open(grammar.TABLES, "wb") as file:
                file.write(grammar.tables(grammar.read_grammar()))
        finally:
            sys.path.remove(HERE)
