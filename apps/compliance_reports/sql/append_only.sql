-- What happened behind the wall is never altered, and what was handed in stays as it was.
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_reports_reportevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_reports_authorityprofile
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

CREATE OR REPLACE FUNCTION compliance_reports_keep_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.document <> '' AND (NEW.document, NEW.document_sha256, NEW.submitted_at, NEW.case_id)
       IS DISTINCT FROM (OLD.document, OLD.document_sha256, OLD.submitted_at, OLD.case_id) THEN
        RAISE EXCEPTION '% is refused: this is kept as it was', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER keep_document BEFORE UPDATE OR DELETE ON compliance_reports_report
    FOR EACH ROW EXECUTE FUNCTION compliance_reports_keep_document();
CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON compliance_reports_report
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
