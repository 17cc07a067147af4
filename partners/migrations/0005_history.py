"""The catalogue's history: its table, the triggers that write it, and the triggers that keep it from being changed."""

import django.db.models.deletion
import partners.models.history
from django.conf import settings
from django.db import migrations, models

# ruff: noqa: S608  names written here only

# Everything but imports, rejected rows, suggestions and search documents, which have no history of their own.
TABLES = (
    *("alias", "capability", "capacityslot", "certificate", "certificate_scope_dosage_forms"),
    *("certificate_scope_services", "certificatetype", "commercialterms", "contractstructure"),
    *(
        "contractstructurefact",
        "document",
        "documenttype",
        "dosageform",
        "equipment",
        "facility",
        "identifier",
    ),
    *("indicativeprice", "industry", "industryfact", "inspection", "metric", "metricvalue", "modality"),
    *(
        "organisation",
        "organisationtype",
        "organisationtypefact",
        "productionsystem",
        "registerestablishment",
    ),
    *("regulator", "regulatoryaction", "restrictedpartyentry", "restrictedpartylist", "scaleunit"),
    *("searchsynonym", "service", "servicecrosswalk", "source", "trackrecord"),
)
# A newer file that says the same is no change of an establishment.
IGNORED = {"registerestablishment": ("last_seen_on", "source_id")}

COLUMNS = (
    "at, table_name, object_id, organisation_id, organisation_before_id, kind, before, after, "
    "actor_id, actor_name, how, why, act"
)
WHO = "(told->>'actor')::bigint, who, coalesce(told->>'how', 'sql'), coalesce(told->>'why', ''), act"


def _owner(row: str, alias: str) -> tuple[str, str]:
    """SQL of the partner a row belongs to, and the joins it needs: its own, its site's, its certificate's."""
    joins = (
        f"LEFT JOIN partners_certificate {alias}c ON {alias}c.id = ({row}->>'certificate_id')::bigint "
        f"LEFT JOIN partners_facility {alias}f "
        f"ON {alias}f.id = coalesce({alias}c.facility_id, ({row}->>'facility_id')::bigint) "
    )
    owner = (
        f"CASE TG_TABLE_NAME WHEN 'partners_organisation' THEN ({row}->>'id')::bigint "
        f"ELSE coalesce(({row}->>'organisation_id')::bigint, {alias}f.organisation_id) END"
    )
    return owner, joins


def history_function() -> str:
    """The one trigger function of all tables; PostgreSQL compiles it for each of them."""
    owner, joins = _owner("r", "n")
    owner_old, joins_old = _owner("o", "o")
    owner_new, joins_new = _owner("n", "n")
    return f"""
CREATE FUNCTION partners_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told jsonb := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{{}}')::jsonb;
    act uuid := nullif(current_setting('pghistory.context_id', true), '')::uuid;
    who text := coalesce(told->>'name', CASE WHEN told ? 'how' THEN 'system' ELSE session_user::text END);
    ignored text[] := '{{updated_at}}' || coalesce(TG_ARGV[0:TG_NARGS], '{{}}');
    number bigint;
BEGIN
    IF TG_OP = 'INSERT' AND current_setting('partners.history_paused', true) = 'on' THEN
        SELECT count(*) INTO number FROM new_rows;
        IF number > 0 THEN
            INSERT INTO partners_change ({COLUMNS}) VALUES (now(), TG_TABLE_NAME, NULL, NULL, NULL, 'created',
                NULL, jsonb_build_object('rows', number), {WHO});
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO partners_change ({COLUMNS})
        SELECT now(), TG_TABLE_NAME, (r->>'id')::bigint, {owner}, NULL, 'created', NULL, r, {WHO}
        FROM (SELECT jsonb_strip_nulls(to_jsonb(x)) AS r FROM new_rows x) rows {joins};
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO partners_change ({COLUMNS})
        SELECT now(), TG_TABLE_NAME, (r->>'id')::bigint, {owner}, NULL, 'deleted', r, NULL, {WHO}
        FROM (SELECT jsonb_strip_nulls(to_jsonb(x)) AS r FROM old_rows x) rows {joins};
    ELSE
        INSERT INTO partners_change ({COLUMNS})
        SELECT now(), TG_TABLE_NAME, (n->>'id')::bigint, {owner_new},
            nullif({owner_old}, {owner_new}), 'changed', d.before, d.after, {WHO}
        FROM (
            SELECT to_jsonb(x) AS o, to_jsonb(y) AS n FROM old_rows x JOIN new_rows y USING (id)
            WHERE x IS DISTINCT FROM y
        ) rows
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(key, o->key) AS before, jsonb_object_agg(key, value) AS after
            FROM jsonb_each(n) WHERE value IS DISTINCT FROM o->key AND key <> ALL (ignored)
        ) d {joins_old} {joins_new}
        WHERE d.after IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
"""


def watch(table: str, ignored: tuple[str, ...] = ()) -> str:
    """SQL of the three triggers of one table; a new model's migration runs it too."""
    arguments = ", ".join(f"'{name}'" for name in ignored)
    return "".join(
        f"CREATE TRIGGER history_{kind} AFTER {kind} ON partners_{table} REFERENCING {rows} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION partners_history({arguments}); "
        for kind, rows in (
            ("insert", "NEW TABLE AS new_rows"),
            ("update", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            ("delete", "OLD TABLE AS old_rows"),
        )
    )


def unwatch(table: str) -> str:
    return "".join(
        f"DROP TRIGGER history_{kind} ON partners_{table}; " for kind in ("insert", "update", "delete")
    )


# TRUNCATE is what the test suite empties its database with; only its settings switch it on.
KEEP = """
CREATE FUNCTION partners_history_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_setting('partners.history_may_be_emptied', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the history of the catalogue cannot be changed or deleted'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER history_kept BEFORE UPDATE OR DELETE ON partners_change
    FOR EACH ROW EXECUTE FUNCTION partners_history_refuse();
CREATE TRIGGER history_not_emptied BEFORE TRUNCATE ON partners_change
    FOR EACH STATEMENT EXECUTE FUNCTION partners_history_refuse();
"""
DROP_KEEP = """
DROP TRIGGER history_not_emptied ON partners_change;
DROP TRIGGER history_kept ON partners_change;
DROP FUNCTION partners_history_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0004_exchange_rates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("table", models.CharField(db_column="table_name", max_length=63)),
                ("object_id", models.BigIntegerField(null=True)),
                ("organisation_id", models.BigIntegerField(null=True)),
                ("organisation_before_id", models.BigIntegerField(null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("created", "Created"), ("changed", "Changed"), ("deleted", "Deleted")],
                        max_length=8,
                    ),
                ),
                ("before", models.JSONField(decoder=partners.models.history.ExactDecoder, null=True)),
                ("after", models.JSONField(decoder=partners.models.history.ExactDecoder, null=True)),
                ("actor_name", models.CharField(max_length=200)),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("page", "Page"),
                            ("desk", "Curation desk"),
                            ("import", "Import"),
                            ("api", "API"),
                            ("command", "Command"),
                            ("job", "Background job"),
                            ("sql", "SQL, or a program that does not say"),
                        ],
                        max_length=8,
                    ),
                ),
                ("why", models.CharField(blank=True, max_length=300)),
                ("act", models.UUIDField(null=True)),
                (
                    "actor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["organisation_id", "-id"], name="change_of_partner"),
                    models.Index(fields=["table", "object_id", "-id"], name="change_of_row"),
                    models.Index(
                        condition=models.Q(("organisation_before_id__isnull", False)),
                        fields=["organisation_before_id"],
                        name="change_moved_from_partner",
                    ),
                    models.Index(fields=["act"], name="change_of_act"),
                ],
            },
        ),
        migrations.RunSQL(history_function(), "DROP FUNCTION partners_history()"),
        migrations.RunSQL(
            "".join(watch(table, IGNORED.get(table, ())) for table in TABLES),
            "".join(unwatch(table) for table in TABLES),
        ),
        migrations.RunSQL(KEEP, DROP_KEEP),
    ]
