-- Periods: from where to where the running one goes. The one place that knows; Python asks here.

CREATE OR REPLACE FUNCTION safer_play_window(
    p_period text, p_style text, p_anchor timestamptz, p_zone text, p_now timestamptz,
    OUT window_from timestamptz, OUT window_to timestamptz
) LANGUAGE plpgsql STABLE AS $$
-- The running period: its first instant, and the first after it (null: it moves on with the clock).
--   calendar  days, weeks from Monday and months as they begin in the zone; a day has 23, 24 or 25 hours
--   fixed     periods that follow each other from the anchor's local time of day; in a shorter month, from its last day
--   rolling   the last 24 hours, 7 or 30 days, counted in whole minutes, the one it begins in included
DECLARE
    v_step  interval := CASE p_period WHEN 'day' THEN interval '1 day' WHEN 'week' THEN interval '7 days' ELSE interval '1 month' END;
    v_now   timestamp := p_now AT TIME ZONE p_zone;
    v_start timestamp := p_anchor AT TIME ZONE p_zone;
    v_count integer;
BEGIN
    IF p_style = 'rolling' THEN
        window_from := date_trunc('minute', p_now - CASE p_period WHEN 'day' THEN interval '24 hours' WHEN 'week' THEN interval '168 hours'
                                                                  ELSE interval '720 hours' END);
    ELSIF p_style = 'calendar' THEN
        window_from := date_trunc(p_period, v_now) AT TIME ZONE p_zone;
        window_to := (date_trunc(p_period, v_now) + v_step) AT TIME ZONE p_zone;
    ELSE
        v_count := CASE p_period
            WHEN 'day'  THEN floor(extract(epoch FROM v_now - v_start) / 86400)
            WHEN 'week' THEN floor(extract(epoch FROM v_now - v_start) / 604800)
            ELSE (extract(year FROM v_now) - extract(year FROM v_start)) * 12 + extract(month FROM v_now) - extract(month FROM v_start)
        END;
        v_count := greatest(v_count, 0);
        WHILE v_count > 0 AND (v_start + v_step * v_count) AT TIME ZONE p_zone > p_now LOOP
            v_count := v_count - 1;
        END LOOP;
        WHILE (v_start + v_step * (v_count + 1)) AT TIME ZONE p_zone <= p_now LOOP
            v_count := v_count + 1;
        END LOOP;
        window_from := (v_start + v_step * v_count) AT TIME ZONE p_zone;
        window_to := (v_start + v_step * (v_count + 1)) AT TIME ZONE p_zone;
    END IF;
END
$$;
