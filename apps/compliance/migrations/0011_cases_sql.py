"""What the database does for cases: the next claim, what never changes, sums of money. And the first blueprints."""

from django.db import migrations
from django.utils import timezone

from apps.compliance.blueprint_seed import SEED
from apps.core.sql import install_sql


def seed(apps, schema_editor):
    blueprint = apps.get_model("compliance", "Blueprint")
    now = timezone.now()
    blueprint.objects.bulk_create(blueprint(published_at=now, **terms) for terms in SEED)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0010_cases"), ("core", "0003_tailing"), ("transactions", "0003_books")]

    operations = [
        migrations.RunPython(seed, migrations.RunPython.noop),
        install_sql("compliance", "cases.sql"),
        install_sql("compliance", "money.sql"),
    ]
