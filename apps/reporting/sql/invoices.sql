-- Terms, rates, lines of invoices and their documents are never altered; an invoice moves on, but says what it said.
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reporting_providercontract
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reporting_providerrate
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reporting_monthrate
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reporting_invoiceline
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE OR TRUNCATE ON reporting_invoice
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
CREATE OR REPLACE TRIGGER fixed_terms BEFORE UPDATE ON reporting_invoice FOR EACH ROW
    WHEN ((OLD.number, OLD.integration_id, OLD.contract_id, OLD.month, OLD.starts_at, OLD.ends_at, OLD.cut_off, OLD.document, OLD.sha256)
          IS DISTINCT FROM
          (NEW.number, NEW.integration_id, NEW.contract_id, NEW.month, NEW.starts_at, NEW.ends_at, NEW.cut_off, NEW.document, NEW.sha256)
          OR OLD.approved_at IS NOT NULL AND OLD.approved_at IS DISTINCT FROM NEW.approved_at)
    EXECUTE FUNCTION core_refuse_change();

CREATE OR REPLACE FUNCTION books_invoices() RETURNS SETOF books_break LANGUAGE plpgsql STABLE AS $$
-- I13: what the ledger owes a game provider is what its approved invoices come to, with the differences that were accepted;
-- what was paid is what its settled ones come to.
BEGIN
    RETURN QUERY
    WITH stated AS (
        SELECT i.number, i.integration_id, l.currency, sum(l.amount_units) AS units, i.state
          FROM reporting_invoice i
          JOIN (SELECT invoice_id, currency, amount_units FROM reporting_invoiceline
                UNION ALL
                SELECT invoice_id, currency, vendor_units - ours_units FROM reporting_vendorline WHERE verdict = 'accepted') l
            ON l.invoice_id = i.id
         WHERE i.approved_at IS NOT NULL
         GROUP BY i.id, l.currency
    ), due AS (
        SELECT number || '/owed/' || stated.currency AS external_id, integration_id, stated.currency, units FROM stated WHERE units <> 0
        UNION ALL
        SELECT number || '/paid/' || stated.currency, integration_id, stated.currency, -units FROM stated WHERE state = 'settled' AND units <> 0
    ), posted AS (
        SELECT t.external_id, t.integration_id, t.currency,
               sum(CASE WHEN a.id = f.credit_account_id THEN f.amount ELSE -f.amount END) AS units
          FROM transactions_transaction t
          JOIN transactions_transfer f ON f.transaction_id = t.id
          JOIN transactions_account a ON a.id IN (f.debit_account_id, f.credit_account_id) AND a.kind = 'payable'
         WHERE t.kind = 'invoice' GROUP BY t.id, t.external_id, t.integration_id, t.currency
    )
    SELECT 'I13', 'invoice-posted', NULL::bigint, NULL::bigint, format('invoice:%s', coalesce(d.external_id, p.external_id)),
           coalesce(d.units, 0)::text, coalesce(p.units, 0)::text
      FROM due d FULL JOIN posted p
        ON p.external_id = d.external_id AND p.integration_id = d.integration_id AND p.currency = d.currency
     WHERE coalesce(d.units, 0) <> coalesce(p.units, 0);
END
$$;
