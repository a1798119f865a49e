"""Adyen: batches of notifications with an HMAC per item, payouts, disputes."""
