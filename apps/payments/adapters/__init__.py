"""Adapters of payment providers: one folder each. An adapter translates; it moves no money and decides nothing."""
