"""What a facility is kept apart for, read from the words in which a site states it.

Materials that contaminate others at traces (domain practice: beta-lactams, hormones, cytotoxics, live viruses, spore
formers, radioactive material) call for a facility of their own. Sites say so in free text: a word that names the
hazard is a yes, a wider or narrower word only perhaps ("potent compounds", "penicillins"), "shared" or "multi-product"
is a no.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .matching import Match


@dataclass(frozen=True, slots=True)
class Hazard:
    """`named` are words that name it, `near` words that may mean it."""

    label: str
    named: str
    near: str = "(?!)"


HAZARDS: dict[str, Hazard] = {
    "beta_lactam": Hazard(
        "beta-lactams", r"(beta|β|b)[ -]?lactam", r"penicillin|cephalosporin|carbapenem|antibiotic"
    ),
    "hormone": Hazard("hormones", r"hormon", r"steroid|endocrine"),
    "cytotoxic": Hazard(
        "cytotoxic compounds", r"cytotoxic|cytostatic|antineoplastic", r"hpapi|potent|oncolog|adc|conjugat"
    ),
    "live_virus": Hazard(
        "live viruses", r"live[ -]?vir|viral vector|live[ -]?vaccine", r"vir(us|al)|vector|\baav\b"
    ),
    "spore_former": Hazard("spore-forming organisms", r"spore|clostrid|botulin", r"bacill|anaerob"),
    "radioactive": Hazard(
        "radioactive material", r"radio(active|pharma|label|nuclid|isotop|chem)", r"hot cell|\bpet\b|isotop"
    ),
}
SHARED = r"shared|multi[ -]?(product|purpose|modal)|campaign|not dedicated|^\W*(no|none)\W*$"


def dedication(text: str | None, hazard: str) -> Match:
    """Whether a record "dedicated for `text`" means the hazard; nothing recorded is perhaps."""
    if not text:
        return Match.PERHAPS
    wanted, shared = HAZARDS[hazard], _has(SHARED, text)
    if _has(wanted.named, text):
        return Match.PERHAPS if shared else Match.YES
    if _has(wanted.near, text):
        return Match.PERHAPS
    other = any(_has(h.named, text) for code, h in HAZARDS.items() if code != hazard)
    return Match.NO if shared or other else Match.PERHAPS


def _has(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None
