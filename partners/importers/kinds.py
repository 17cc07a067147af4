"""The kinds of register that can be imported, by the name the command line knows."""

from .actions import COMPLIANCE_ACTIONS, WARNING_LETTERS
from .drls import DRLS
from .forms483 import FORM_483S
from .inspections import INSPECTIONS
from .ndc import NDC
from .spec import Register

KINDS: dict[str, Register] = {
    register.kind.value: register
    for register in (DRLS, FORM_483S, WARNING_LETTERS, COMPLIANCE_ACTIONS, NDC, INSPECTIONS)
}
