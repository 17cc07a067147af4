from decimal import Decimal

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("quotes", "0020_withdrawn_quotes")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="caution",
            field=models.DecimalField(decimal_places=2, default=Decimal("0"), max_digits=3),
        ),
        migrations.AddField(
            model_name="project",
            name="min_coverage",
            field=models.PositiveSmallIntegerField(
                default=60,
                help_text="Share of the weight, in per cent, below which nobody is ranked.",
                verbose_name="least coverage",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("caution__gte", 0), ("caution__lte", 1), ("min_coverage__lte", 100)),
                name="project_scoring_settings_sound",
                violation_error_message="Caution runs from 0 to 1, the least coverage from 0 to 100 %.",
            ),
        ),
    ]
