"""Outgoing webhooks: facts of the outbox, told to operators' own systems by Standard Webhooks 1.0.0."""
