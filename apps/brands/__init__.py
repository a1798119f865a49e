"""Brands, markets, jurisdictions and currencies."""
