-- One bet through the bare posting function, without HTTP, signature or Python. Played by pgbench; see pgbench.py.
\set wallet random(1, :wallets)
\set stake 1000 * random(100, 20000)
SELECT outcome FROM providers_wallet_calls(json_build_array(json_build_object(
    'request_id', uuidv7(), 'integration_id', :integration::integer, 'verb', 'debit', 'kind', 'bet',
    'token', sha256(convert_to('caleta-raw-' || :wallet::integer, 'UTF8'))::text,
    'key', gen_random_uuid()::text, 'fingerprint', '\x00112233445566778899aabbccddeeff',
    'game_code', 'bench_slot', 'round_ref', gen_random_uuid()::text, 'close_round', false, 'currency', 'EUR',
    'amount', :stake::bigint, 'draw', json_build_array('restricted', 'cash'), 'quantum', 10000, 'ignores_expiry', false,
    'needs_reference', true, 'accept_closed_round', false, 'accept_settled', false,
    'now', now(), 'started_at', now(), 'method', 'POST', 'path', '/providers/caleta/wallet/bet',
    'headers', json_build_object('content-type', 'application/json', 'x-auth-signature', repeat('s', 344), 'user-agent', 'bench/1'),
    'body', repeat('x', 340), 'remote_address', '127.0.0.1', 'verified_by', 'k1')));
