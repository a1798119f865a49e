"""
Write-offs are asked for among the approvals. What was posted stands in the resolutions, what was said in the story.

What waited has to be asked for again.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('reconciliation', '0004_tailing'),
    ]

    operations = [
        migrations.DeleteModel(
            name='WriteOff',
        ),
    ]
