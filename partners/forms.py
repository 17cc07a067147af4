"""Form fields that survive anything an address can hold: what they cannot use they leave out, and say so."""

import re
from collections.abc import Iterable, Mapping

from django import forms

from partners.selectors import Term

LONGEST_SEARCH = 200
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
SHOWN = 40  # characters of an unknown value that a remark repeats
NAMED = 3  # unknown values that a remark names


def printable(text: str) -> str:
    """The text in one line: control characters and runs of white space become single spaces."""
    return " ".join(CONTROL.sub(" ", text).split())


def quoted(value: str) -> str:
    """A value as a remark repeats it, cut when long."""
    text = printable(value)
    return f"“{text[:SHOWN]}…”" if len(text) > SHOWN else f"“{text}”"


class SearchField(forms.CharField):
    """Free text. Control characters count as spaces; text that is too long is left out with a remark."""

    def __init__(self, **kwargs: object):
        super().__init__(**{**kwargs, "required": False})
        self.remarks: list[str] = []

    def clean(self, value: object) -> str:
        text = printable(str(value or ""))
        self.remarks = []
        if len(text) > LONGEST_SEARCH:
            self.remarks = [
                f"The search text has {len(text):,} characters; at most {LONGEST_SEARCH} are searched for. "
                "It was left out: please shorten it."
            ]
            return ""
        return text


class CodesField(forms.Field):
    """Codes of one vocabulary, in its own order. Unknown codes are left out with a remark.

    `terms` (code → Term) is set when the form is made, because vocabularies are data; `noun` names one of
    them in remarks.
    """

    widget = forms.SelectMultiple

    def __init__(self, *, noun: str, **kwargs: object):
        super().__init__(**{**kwargs, "required": False})
        self.noun = noun
        self.terms: Mapping[str, Term] = {}
        self.remarks: list[str] = []

    def clean(self, value: object) -> list[str]:
        asked = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else []
        given = [text for text in dict.fromkeys(map(str, asked)) if text]
        unknown = [text for text in given if text not in self.terms]
        self.remarks = []
        if unknown:
            named = ", ".join(quoted(text) for text in unknown[:NAMED])
            more = f" and {len(unknown) - NAMED:,} more" if len(unknown) > NAMED else ""
            one = len(unknown) == 1
            self.remarks = [
                f"{self.noun}: {named}{more} {'is' if one else 'are'} not known here and "
                f"{'was' if one else 'were'} left out."
            ]
        chosen = set(given)
        return [code for code in self.terms if code in chosen]
