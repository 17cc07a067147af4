"""Marks of change: one row per statement that changed what browsing reads."""

from django.db import migrations, models

FUNCTION = """
CREATE FUNCTION partners_catalogue_changed() RETURNS trigger LANGUAGE plpgsql AS $$
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

TABLES = [
    f"partners_{name}"
    for name in (
        *("organisation", "organisationtypefact", "contractstructurefact", "industryfact", "facility"),
        *("capability", "capacityslot", "certificate", "inspection", "regulatoryaction"),
        *("commercialterms", "metricvalue", "metric", "exchangerate"),
        *("organisationtype", "modality", "service", "dosageform", "scaleunit", "industry"),
        *("contractstructure", "certificatetype"),
    )
]
CREATE = "\n".join(
    f"CREATE TRIGGER catalogue_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION partners_catalogue_changed();"
    for table in TABLES
)
DROP = "\n".join(f"DROP TRIGGER catalogue_changed ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("partners", "0007_suggestions")]

    operations = [
        migrations.CreateModel(
            name="CatalogueChange",
            fields=[("stamp", models.BigIntegerField(primary_key=True, serialize=False))],
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION partners_catalogue_changed()"),
        migrations.RunSQL(CREATE, DROP),
    ]
