"""What tests are made of: one module a subject."""
