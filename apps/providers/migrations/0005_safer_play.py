"""The posting function asks safer play about the bets of guarded players, and tells it what it posted."""

from django.db import migrations

from apps.core.sql import install_sql

_SEAT_KNOWS_GUARD = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_attribute
                    WHERE attrelid = to_regclass('providers_seat') AND attname = 'guarded' AND NOT attisdropped) THEN
        ALTER TYPE providers_seat ADD ATTRIBUTE guarded boolean;
    END IF;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("providers", "0004_books"), ("safer_play", "0002_play")]

    operations = [
        migrations.RunSQL(_SEAT_KNOWS_GUARD, migrations.RunSQL.noop),
        install_sql("providers", "wallet_call.sql"),
        install_sql("providers", "void_round.sql"),
    ]
