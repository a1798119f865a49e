"""Onfido (Entrust): Studio workflow runs, hosted links, webhooks with an HMAC over the raw body."""
