"""Claims of upload jobs have a token; cells in conflict are decided one by one; rows exchange unique values."""

from django.db import migrations, models

# Previews that wait for their decisions: none of their cells is decided yet.
OPEN_CELLS = """
UPDATE partners_sheetrow SET cells_open = (
    SELECT count(*) FROM jsonb_array_elements(cells) AS cell WHERE NOT cell ? 'kept'
) WHERE outcome = 'conflict'
"""


class Migration(migrations.Migration):
    dependencies = [("partners", "0022_telling_proposers")]

    operations = [
        migrations.AddField(
            model_name="registerupload",
            name="claim_token",
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="sheetimport",
            name="claim_token",
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="sheetrow",
            name="decided",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="sheetrow",
            name="cells_open",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="sheetrow",
            name="cells_written",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="sheetrow",
            name="taken",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="sheetrow",
            name="swaps",
            field=models.BooleanField(default=False),
        ),
        migrations.RunSQL(OPEN_CELLS, migrations.RunSQL.noop),
    ]
