"""HTTP plumbing shared by the APIs: fields, parsers, problem pages, schema."""
