"""What reconciliation does: importing, running, deciding on breaks, exporting."""
