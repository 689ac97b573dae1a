"""Functions of Keras by name: `functions.toml`."""

from archc.plain import beside, restored

_TABLES = beside(__file__, "functions.toml")
_ONE = dict[str, tuple[str, str]]
UNKNOWN = frozenset(_TABLES["activations"]["unknown"].split())
"""Functions that keep the shape and multiply no matrices, and become what is not known here."""
ACTIVATIONS: _ONE = restored(_ONE, _TABLES["activations"]["single"])
"""Activations that are one operator: its name and that of what it is traced to."""
CALLED: dict[str, str] = _TABLES["functions"]["activations"]
"""Functions that are activations of Keras, by the names of these."""
SINGLE: _ONE = restored(_ONE, _TABLES["functions"]["single"])
"""Functions of one tensor that are one operator, as `ACTIVATIONS`."""
LIGHT = frozenset(_TABLES["functions"]["light"].split())
"""Functions that are not known here and multiply no matrices, so that they count no MACs."""
MERGING: _ONE = restored(_ONE, _TABLES["merging"])
"""What is merged by which TFLite operator, and what it is traced to."""
REDUCED: _ONE = restored(_ONE, _TABLES["reducing"])
"""What layers and functions that reduce axes become, and are traced to."""
