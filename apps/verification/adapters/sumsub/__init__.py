"""Sumsub: applicants, hosted WebSDK links, webhooks whose hash the integration pins."""
