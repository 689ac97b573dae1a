"""How many examples a property test runs under the Hypothesis profile in force."""

from hypothesis import settings


def share(part: float, least: int = 4) -> settings:
    """Settings with this part of the profile's examples: `@share(0.1)`."""
    return settings(max_examples=max(least, round(settings().max_examples * part)))
