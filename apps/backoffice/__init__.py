"""The staff site: what people see and press."""
