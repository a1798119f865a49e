-- Cases: the next one for a person, what is read-only, and what is append-only.

CREATE OR REPLACE FUNCTION compliance_claim_next(
    p_user bigint, p_name text, p_queues text[], p_stages text[], p_brands bigint[], p_now timestamptz, p_request uuid)
RETURNS bigint LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
-- Give a person the next case: SLA first, then severity, hits, age. Skips what others are just taking, what the person
-- prepared for a second review, and queues of which the person holds as many as one may. Null when nothing is left.
DECLARE
    v_queues  text[];
    v_minutes integer;
    v_case    bigint;
    v_queue   text;
BEGIN
    -- One person's clicks come one after the other; otherwise two of them could pass the capacity.
    PERFORM pg_advisory_xact_lock(1668510049, p_user::integer);
    SELECT array_agg(b.code) INTO v_queues
      FROM (SELECT DISTINCT ON (code) code, capacity FROM compliance_blueprint
             WHERE code = ANY (p_queues) ORDER BY code, version DESC) b
     WHERE b.capacity > (SELECT count(*) FROM compliance_case c
                          WHERE c.holder_id = p_user AND c.state <> 'resolved' AND c.blueprint_code = b.code);
    IF v_queues IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT c.id, c.blueprint_code INTO v_case, v_queue FROM compliance_case c
     WHERE c.state = 'open' AND c.holder_id IS NULL
       AND c.blueprint_code = ANY (v_queues) AND c.stage = ANY (p_stages)
       AND (p_brands IS NULL OR c.brand_id = ANY (p_brands))
       AND (c.snoozed_until IS NULL OR c.snoozed_until <= p_now)
       AND NOT (c.stage = 'second_review' AND c.prepared_by_id IS NOT DISTINCT FROM p_user)
     ORDER BY c.urgency DESC, c.severity_rank DESC, c.hit_count DESC, c.id
     LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    IF v_case IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT b.claim_minutes INTO v_minutes FROM compliance_case c JOIN compliance_blueprint b ON b.id = c.blueprint_id
     WHERE c.id = v_case;
    UPDATE compliance_case
       SET holder_id = p_user, claimed_at = p_now, claim_expires_at = p_now + make_interval(mins => v_minutes),
           snoozed_until = NULL, changed_at = p_now,
           stage = CASE stage WHEN 'triage' THEN 'investigation' ELSE stage END
     WHERE id = v_case;
    INSERT INTO compliance_caseevent (case_id, kind, actor_id, actor_name, text, data, request_id, at)
    VALUES (v_case, 'claimed', p_user, p_name, '', jsonb_build_object('how', 'next'), p_request, p_now);
    RETURN v_case;
END
$$;

CREATE OR REPLACE FUNCTION compliance_case_closed() RETURNS trigger LANGUAGE plpgsql AS $$
-- A resolved case is read-only: nothing of it changes but by reopening it.
BEGIN
    IF OLD.state = 'resolved' AND NEW.state <> 'open' AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'case % is resolved: it is read-only', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER read_only_when_resolved BEFORE UPDATE ON compliance_case
    FOR EACH ROW EXECUTE FUNCTION compliance_case_closed();

DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['blueprint', 'caseevent', 'clockinterval', 'caselink', 'alerthit', 'casedecision',
                                   'evidence', 'playernote'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change()', 'compliance_' || v_table);
    END LOOP;
END
$$;
