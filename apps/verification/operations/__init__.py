"""What may be done to facts, verifications, documents, locked funds and hits. Each module names its part."""
