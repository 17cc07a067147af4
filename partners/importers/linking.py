"""Attaching register rows to catalogue sites. A link that is there, whoever made it, is never changed."""

from django.db import connection

from partners.enums import IdentifierScheme

_BY_DUNS = """
    UPDATE partners_registerestablishment e SET facility_id = i.facility_id
    FROM partners_identifier i
    WHERE e.facility_id IS NULL AND i.facility_id IS NOT NULL AND i.scheme = %s AND i.value = e.duns
"""

# One FEI may own several D-U-N-S rows, so it decides only where it names exactly one site, and where that
# site has no D-U-N-S number of its own that says otherwise.
_BY_FEI = """
    UPDATE partners_registerestablishment e SET facility_id = one.facility_id
    FROM (
        SELECT ltrim(value, '0') AS fei, min(facility_id) AS facility_id
        FROM partners_identifier WHERE scheme = %s AND facility_id IS NOT NULL
        GROUP BY ltrim(value, '0') HAVING count(DISTINCT facility_id) = 1
    ) one
    WHERE e.facility_id IS NULL AND e.fei <> '' AND e.fei = one.fei
      AND NOT EXISTS (
        SELECT 1 FROM partners_identifier d
        WHERE d.facility_id = one.facility_id AND d.scheme = %s AND d.value <> e.duns
      )
"""


def link_establishments() -> int:
    """Link the register's rows that have no site yet, by D-U-N-S number, then by FEI. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_DUNS, [IdentifierScheme.DUNS])
        linked = cursor.rowcount
        cursor.execute(_BY_FEI, [IdentifierScheme.FEI, IdentifierScheme.DUNS])
        return linked + cursor.rowcount
