"""The outcome of an earlier report is told to whoever asked for it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("quotes", "0023_report_upkeep_of_notices")]

    operations = [
        migrations.RunSQL(
            "UPDATE quotes_report SET notify_id = requested_by_id WHERE notify_id IS NULL",
            migrations.RunSQL.noop,
        )
    ]
