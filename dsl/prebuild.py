"""Build hook: a wheel carries what a start would else have to make (`archc.prebuilt`)."""

import os
import sys
from importlib import import_module
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = os.path.dirname(os.path.abspath(__file__))


class PrebuildHook(BuildHookInterface[Any]):
    """Writes the modules of `archc.prebuilt` into the wheel, and nothing into the checkout, where
    they would outlive the code that made them."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        folder = mkdtemp(prefix="archc-prebuilt-")
        sys.path.insert(0, HERE)
        try:
            from archc.prebuilt import MAKERS

            for name, maker in MAKERS.items():
                path = os.path.join(folder, f"{name}.py")
                with open(path, "w", encoding="utf-8") as module:
                    module.write(import_module(maker).prebuilt())
                build_data["force_include"][path] = f"archc/prebuilt/{name}.py"
        finally:
            sys.path.remove(HERE)
        self._folder = folder

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            from shutil import rmtree

            rmtree(self._folder)
