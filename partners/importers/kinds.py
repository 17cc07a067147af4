"""The kinds of register that can be imported, by the name the command line knows."""

from .core import RegisterSpec
from .drls import DRLS

KINDS: dict[str, RegisterSpec] = {spec.kind.value: spec for spec in (DRLS,)}
