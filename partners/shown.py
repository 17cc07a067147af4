"""How a result can be shown, and the columns of its table: the words of the address's `view` and `column`."""

from dataclasses import dataclass

VIEWS = {"cards": "Cards", "table": "Table", "map": "Map"}
DEFAULT_VIEW = "cards"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, whether it holds figures, and whether only roles that see prices may see it."""

    label: str
    numeric: bool = False
    price: bool = False


COLUMNS = {
    "types": Column("Organisation types"),
    "sites": Column("Sites", numeric=True),
    "countries": Column("Countries"),
    "match": Column("Fulfilled at"),
    "services": Column("Services"),
    "modalities": Column("Modalities"),
    "certificates": Column("Valid certificates"),
    "industries": Column("Industries"),
    "structures": Column("Contract structures"),
    "minimum": Column("Minimum project", numeric=True, price=True),
    "founded": Column("Founded", numeric=True),
    "employees": Column("Employees", numeric=True),
    "evidence": Column("Evidence level"),
    "source": Column("Source"),
    "checked": Column("Last checked"),
}
DEFAULT_COLUMNS = (
    "types",
    "sites",
    "countries",
    "match",
    "services",
    "modalities",
    "certificates",
    "checked",
)
