"""Terms that further protocols need in a wallet call, and what of a round's stakes came from which bucket."""

from django.db import migrations, models

from apps.core.sql import install_sql

# Fresh databases have all of this from the files that older migrations install; only older ones are brought up to it.
_BRING_UP = """
DO $$
DECLARE
    v_new text[][] := ARRAY[
        ['session_game', 'boolean'], ['live_token', 'boolean'], ['state_of_now', 'boolean'], ['by_round', 'boolean'],
        ['needs_round', 'boolean'], ['round_settles', 'boolean'], ['close_when_settled', 'boolean'],
        ['main_amount', 'numeric'], ['bonus_amount', 'bigint'], ['alias', 'text'], ['alias_terms', 'bytea']];
    v_type oid := (SELECT typrelid FROM pg_type WHERE oid = 'providers_call'::regtype);
BEGIN
    FOR i IN 1 .. array_length(v_new, 1) LOOP
        IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = v_type AND attname = v_new[i][1]) THEN
            EXECUTE format('ALTER TYPE providers_call ADD ATTRIBUTE %I %s', v_new[i][1], v_new[i][2]);
        END IF;
    END LOOP;
END
$$;
ALTER TABLE providers_round ADD COLUMN IF NOT EXISTS staked_bonus bigint NOT NULL DEFAULT 0;
ALTER TABLE providers_round ADD COLUMN IF NOT EXISTS staked_restricted bigint NOT NULL DEFAULT 0;
UPDATE providers_round r SET staked_bonus = d.bonus, staked_restricted = d.restricted
  FROM (SELECT player_id, round_id, sum(bonus) AS bonus, sum(restricted) AS restricted
          FROM transactions_command
         WHERE kind = 'debit' AND outcome = 'applied' AND cancelled_by IS NULL AND round_id IS NOT NULL
         GROUP BY player_id, round_id HAVING sum(bonus) + sum(restricted) > 0) d
 WHERE r.player_id = d.player_id AND r.id = d.round_id;
DROP FUNCTION IF EXISTS providers_enter_round(providers_call, providers_seat);
"""


class Migration(migrations.Migration):
    dependencies = [("providers", "0005_safer_play"), ("brands", "0001_initial")]

    operations = [
        migrations.RunSQL(_BRING_UP, migrations.RunSQL.noop),
        install_sql("providers", "wallet_call.sql"),
        install_sql("providers", "void_round.sql"),
        install_sql("providers", "books.sql"),
        migrations.AddField("round", "staked_bonus", models.BigIntegerField(default=0)),
        migrations.AddField("round", "staked_restricted", models.BigIntegerField(default=0)),
    ]
