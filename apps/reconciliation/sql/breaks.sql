-- What becomes of breaks after a run: new ones, changed ones, those that are gone. Set-based: a bad file makes thousands.

CREATE OR REPLACE FUNCTION reconciliation_sync_breaks(p_run bigint, p_brand bigint, p_now timestamptz) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_run reconciliation_run%ROWTYPE;
BEGIN
    SELECT * INTO v_run FROM reconciliation_run WHERE id = p_run;
    PERFORM 1 FROM reconciliation_break b
      WHERE b.scope = v_run.scope AND b.integration_id IS NOT DISTINCT FROM v_run.integration_id ORDER BY b.id FOR UPDATE;
    CREATE TEMP TABLE recon_fate ON COMMIT DROP AS
    SELECT b.id, b.state, b.posted_units, t.expected_units, t.found_units, t.details, t.id IS NOT NULL AS is_found,
           (t.expected_units, t.found_units, t.currency) IS DISTINCT FROM (b.expected_units, b.found_units, b.currency) AS is_changed,
           CASE WHEN t.id IS NULL THEN -b.posted_units ELSE t.found_units - t.expected_units - b.posted_units END AS remaining,
           b.resolved_by, t.currency
      FROM reconciliation_break b
      LEFT JOIN reconciliation_runitem t ON t.run_id = p_run AND t.kind = b.kind AND t.subject = b.subject
     WHERE b.scope = v_run.scope AND b.integration_id IS NOT DISTINCT FROM v_run.integration_id;
    INSERT INTO reconciliation_breakevent (of_break_id, kind, text, run_id, at)
    SELECT f.id,
           CASE WHEN NOT f.is_found AND f.remaining = 0 THEN 'gone'
                WHEN f.state = 'open' THEN 'changed' ELSE 'reopened' END,
           CASE WHEN NOT f.is_found AND f.remaining <> 0 THEN 'Both sides agree now; what was posted about it has to be taken back.'
                ELSE '' END, p_run, p_now
      FROM recon_fate f
     WHERE CASE WHEN f.state = 'open' THEN (NOT f.is_found AND (f.remaining = 0 OR f.is_changed)) OR (f.is_found AND f.is_changed)
                -- What was resolved stays so while it is found as it was, or is gone and nothing was posted.
                ELSE f.remaining <> 0 AND (NOT f.is_found OR f.is_changed OR f.resolved_by = 'later') END;
    UPDATE reconciliation_break b
       SET last_run_id = p_run, changed_at = p_now,
           expected_units = CASE WHEN f.is_found THEN f.expected_units ELSE b.expected_units END,
           found_units = CASE WHEN f.is_found THEN f.found_units ELSE b.expected_units END,
           currency = coalesce(f.currency, b.currency), details = coalesce(f.details, b.details),
           state = CASE WHEN f.is_found AND f.state = 'resolved' AND NOT f.is_changed AND f.resolved_by <> 'later' THEN 'resolved'
                        WHEN f.remaining = 0 AND (NOT f.is_found OR f.posted_units <> 0) THEN 'resolved' ELSE 'open' END,
           resolved_by = CASE WHEN f.is_found AND f.state = 'resolved' AND NOT f.is_changed AND f.resolved_by <> 'later' THEN b.resolved_by
                              WHEN f.remaining = 0 AND f.is_found AND f.posted_units <> 0 THEN 'posting'
                              WHEN f.remaining = 0 AND NOT f.is_found THEN 'later' ELSE '' END,
           resolved_at = CASE WHEN f.is_found AND f.state = 'resolved' AND NOT f.is_changed AND f.resolved_by <> 'later' THEN b.resolved_at
                              WHEN f.remaining = 0 AND (NOT f.is_found OR f.posted_units <> 0) THEN p_now END
      FROM recon_fate f
     WHERE b.id = f.id AND (f.is_found OR f.state = 'open' OR f.remaining <> 0);
    WITH found AS (
        INSERT INTO reconciliation_break (public_id, scope, integration_id, brand_id, kind, subject, movement, payment_key, currency,
                                          expected_units, found_units, posted_units, details, state, resolved_by, opened_on, last_run_id, changed_at)
        SELECT uuidv7(), v_run.scope, v_run.integration_id, p_brand, t.kind, t.subject, t.movement, t.payment_key, t.currency,
               t.expected_units, t.found_units, 0, t.details, 'open', '', v_run.business_date, p_run, p_now
          FROM reconciliation_runitem t
         WHERE t.run_id = p_run AND t.kind <> 'expected'
           AND NOT EXISTS (SELECT 1 FROM reconciliation_break b
                            WHERE b.scope = v_run.scope AND b.integration_id IS NOT DISTINCT FROM v_run.integration_id
                              AND b.kind = t.kind AND b.subject = t.subject)
         ORDER BY t.subject, t.kind
        RETURNING id)
    INSERT INTO reconciliation_breakevent (of_break_id, kind, text, run_id, at)
    SELECT id, 'found', '', p_run, p_now FROM found;
END
$$;
