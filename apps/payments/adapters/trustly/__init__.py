"""Trustly JSON-RPC 1.1: account to account, signed by RSA both ways."""
