"""The history can be emptied in databases of tests and benchmarks only, whatever a session has set."""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION partners_history_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_setting('partners.history_may_be_emptied', true) = 'on' {where} THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the history of the catalogue cannot be changed or deleted'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("partners", "0018_proposed_facts")]

    operations = [
        migrations.RunSQL(
            FUNCTION.format(where="AND current_database() ~ '^(test_|bench)'"), FUNCTION.format(where="")
        )
    ]
