-- What the monitor saw, and from when on games are measured, is never altered.
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reporting_rtpevidence
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reporting_rtpbaseline
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
