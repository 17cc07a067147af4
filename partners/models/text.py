"""Text as the search compares it, as database expressions that an index can be built on (functions of migration
0007, both immutable)."""

from django.db.models import Func, TextField


class SearchKey(Func):
    """A name without accents and punctuation, in lower case, with single spaces."""

    function = "partners_search_key"
    output_field = TextField()


class SearchCode(Func):
    """An identifier as people compare it: letters and digits only, capitals, no leading zeros."""

    function = "partners_search_code"
    output_field = TextField()
