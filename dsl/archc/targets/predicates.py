"""Every predicate that a rule can name: importing the modules that declare them fills the table."""

import archc.targets.flow
import archc.targets.memories
import archc.targets.rules
import archc.targets.stored  # noqa: F401
from archc.targets.facts import COMMON_FIELDS, PREDICATES, Predicate

__all__ = ["COMMON_FIELDS", "PREDICATES", "Predicate"]
