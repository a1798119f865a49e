"""What vendors publish about the volatility of a variant, for the tolerance of its return to player."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0006_protocol_terms")]

    operations = [
        migrations.AddField(
            model_name="rtpvariant",
            name="deviation",
            field=models.DecimalField(
                blank=True,
                decimal_places=3,
                help_text="Standard deviation of one round's return, in stakes, as the vendor publishes it",
                max_digits=8,
                null=True,
            ),
        ),
    ]
