"""What may be done to payments. Each module names its part; nothing is decided in views, tasks or adapters."""
