"""Provider invoices: terms, reckoning, proof against the ledger, correction of earlier months, agreement."""
