"""One folder a vendor: wire format, signature, statuses."""
