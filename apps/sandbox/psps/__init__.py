"""
Simulated payment providers: cashier, bank and chain. Strangers to the platform: own tables, own keys, and HTTP.

Nothing in here imports an app of the platform except `core`.
"""
