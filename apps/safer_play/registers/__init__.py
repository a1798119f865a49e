"""National registers of excluded people: one port, fail-closed; adapters translate, `asking` decides and logs."""
