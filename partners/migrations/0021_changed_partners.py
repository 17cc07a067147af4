"""Marks of change say which partners they concern, so that copies of the catalogue read only those again."""

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models.functions import Lower

# ruff: noqa: S608  names written here only

MOST_PARTNERS = 500  # in one mark; a statement that changed more concerns all
MOST_MARKS = 2_000

FUNCTION = f"""
-- Writes a mark for these partners, NULL for all. Now and then, when there are many marks, they are replaced by one
-- for all partners: whoever has seen none of it reads everything.
CREATE FUNCTION partners_catalogue_mark(changed bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF random() < 0.01 AND (SELECT count(*) FROM partners_cataloguechange) > {MOST_MARKS} THEN
        DELETE FROM partners_cataloguechange WHERE stamp IN (
            SELECT stamp FROM partners_cataloguechange FOR UPDATE SKIP LOCKED);
        changed := NULL;
    END IF;
    IF cardinality(changed) > {MOST_PARTNERS} THEN
        changed := NULL;
    END IF;
    INSERT INTO partners_cataloguechange (stamp, partners)
        VALUES ((random() * 9007199254740991)::bigint, changed) ON CONFLICT DO NOTHING;
END $$;
"""
FORMER = """
CREATE OR REPLACE FUNCTION partners_catalogue_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF random() < 0.01 THEN
        DELETE FROM partners_cataloguechange WHERE stamp IN (
            SELECT stamp FROM partners_cataloguechange LIMIT 1000 FOR UPDATE SKIP LOCKED);
    END IF;
    INSERT INTO partners_cataloguechange (stamp) VALUES ((random() * 9007199254740991)::bigint)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
"""
# What stays as it was: a statement on one of the vocabularies, or one that empties a table, concerns all partners.
FOR_ALL = """
CREATE OR REPLACE FUNCTION partners_catalogue_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM partners_catalogue_mark(NULL);
    RETURN NULL;
END $$;
"""

OWN = "SELECT organisation_id FROM rows"
AT_SITE = "SELECT f.organisation_id FROM rows r JOIN partners_facility f ON f.id = r.facility_id"
NOBODY = "SELECT NULL::bigint WHERE false"
#: table → the partners of the rows that a statement wrote
OWNERS = {
    "organisation": "SELECT id FROM rows",
    **dict.fromkeys(
        (
            *("organisationtypefact", "contractstructurefact", "industryfact", "facility"),
            *("commercialterms", "metricvalue"),
        ),
        OWN,
    ),
    **dict.fromkeys(("capability", "capacityslot", "certificate", "inspection", "regulatoryaction"), AT_SITE),
    # only the ranking reads these, and it reads everything after any mark
    **dict.fromkeys(
        (
            *("trackrecord", "indicativeprice", "restrictedpartyentry", "restrictedpartylist", "source"),
            *("productionsystem", "regulator", "certificate_scope_services"),
            "certificate_scope_dosage_forms",
        ),
        NOBODY,
    ),
}


def triggers() -> str:
    """SQL of the triggers of the tables in OWNERS. A statement that wrote no row leaves no mark."""
    sql = []
    for table, owners in OWNERS.items():
        name = f"partners_{table}"
        sql.append(f"DROP TRIGGER catalogue_changed ON {name};")
        for event, tables in (
            ("insert", ["new_rows"]),
            ("update", ["new_rows", "old_rows"]),
            ("delete", ["old_rows"]),
        ):
            both = " UNION ".join(owners.replace("FROM rows", f"FROM {rows}") for rows in tables)
            seen = tables[0]
            sql.append(
                f"CREATE FUNCTION {name}_changed_{event}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF EXISTS (SELECT 1 FROM {seen}) THEN PERFORM partners_catalogue_mark(coalesce(("
                f"SELECT array_agg(DISTINCT o.id) FROM ({both}) AS o (id) WHERE o.id IS NOT NULL), "
                "ARRAY[]::bigint[])); END IF; RETURN NULL; END $$;"
            )
            transition = {"new_rows": "NEW TABLE AS new_rows", "old_rows": "OLD TABLE AS old_rows"}
            sql.append(
                f"CREATE TRIGGER catalogue_changed_{event} AFTER {event.upper()} ON {name} "
                f"REFERENCING {' '.join(transition[rows] for rows in tables)} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {name}_changed_{event}();"
            )
        sql.append(
            f"CREATE TRIGGER catalogue_changed AFTER TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION partners_catalogue_changed();"
        )
    return "\n".join(sql)


def former_triggers() -> str:
    sql = []
    for table in OWNERS:
        name = f"partners_{table}"
        for event in ("insert", "update", "delete"):
            sql.append(f"DROP TRIGGER catalogue_changed_{event} ON {name};")
            sql.append(f"DROP FUNCTION {name}_changed_{event}();")
        sql.append(f"DROP TRIGGER catalogue_changed ON {name};")
        sql.append(
            f"CREATE TRIGGER catalogue_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION partners_catalogue_changed();"
        )
    return "\n".join(sql)


class Migration(migrations.Migration):
    dependencies = [("partners", "0020_spelling")]

    operations = [
        migrations.AddField(
            model_name="cataloguechange",
            name="partners",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), null=True, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(
                Lower("name"), models.F("id"), condition=models.Q(active=True), name="organisation_in_order"
            ),
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION partners_catalogue_mark(bigint[])"),
        migrations.RunSQL(FOR_ALL, FORMER),
        migrations.RunSQL(triggers(), former_triggers()),
    ]
