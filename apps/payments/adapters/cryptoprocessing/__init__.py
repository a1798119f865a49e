"""CryptoProcessing: HMAC over the raw body, blockchain amounts."""
