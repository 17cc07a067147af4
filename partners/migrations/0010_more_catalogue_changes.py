"""Marks of change for the tables that only the ranking reads."""

from django.db import migrations

TABLES = [
    f"partners_{name}"
    for name in (
        *("trackrecord", "indicativeprice", "restrictedpartyentry", "restrictedpartylist", "source"),
        *("productionsystem", "regulator", "certificate_scope_services", "certificate_scope_dosage_forms"),
    )
]
CREATE = "\n".join(
    f"CREATE TRIGGER catalogue_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION partners_catalogue_changed();"
    for table in TABLES
)
DROP = "\n".join(f"DROP TRIGGER catalogue_changed ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("partners", "0009_register_uploads")]

    operations = [migrations.RunSQL(CREATE, DROP)]
