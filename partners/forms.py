"""Form fields that survive anything an address can hold: what they cannot use they leave out, and say so."""

import datetime
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

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


class _TypedField(forms.Field):
    """One value that is typed. What cannot be read is left out with a remark, and `None` is the answer."""

    kind = ""
    hint = ""

    def __init__(self, *, noun: str, **kwargs: object):
        super().__init__(**{**kwargs, "required": False})
        self.noun = noun
        self.remarks: list[str] = []

    def clean(self, value: object) -> object:
        text = printable(str(value or ""))
        self.remarks = []
        if not text:
            return None
        try:
            return self.read(text)
        except (ValueError, ArithmeticError):
            self.remarks = [f"{self.noun}: {quoted(text)} is not {self.kind} and was left out; {self.hint}."]
            return None

    def read(self, text: str) -> object:
        """The value of the text. Raises ValueError or ArithmeticError."""
        raise NotImplementedError


class AmountField(_TypedField):
    """A number of zero or more, with or without commas or spaces between thousands."""

    kind = "a number of zero or more"
    hint = "write for instance 2000 or 0.5"
    MOST = Decimal(10) ** 18

    def read(self, text: str) -> Decimal:
        if re.fullmatch(r"\d{1,3}([ ,]\d{3})+(\.\d+)?", text):
            text = re.sub(r"[ ,]", "", text)
        if len(text) > SHOWN or not re.fullmatch(r"[0-9]*\.?[0-9]+(e[0-9]{1,2})?", text, re.IGNORECASE):
            raise ValueError(text)
        amount = Decimal(text)
        if amount > self.MOST:
            raise ValueError(text)
        return amount


class DayField(_TypedField):
    """A day as YYYY-MM-DD."""

    kind = "a day"
    hint = "write it as YYYY-MM-DD"

    def read(self, text: str) -> datetime.date:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError(text)
        return datetime.date.fromisoformat(text)


class SwitchField(_TypedField):
    """On or not."""

    kind = "a setting"
    hint = "write 1 to switch it on"

    def read(self, text: str) -> bool:
        if text not in {"1", "0"}:
            raise ValueError(text)
        return text == "1"
