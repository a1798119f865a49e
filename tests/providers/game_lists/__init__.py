"""Vendors' game lists: fetched over real HTTP, compared with the catalogue, believed or not."""
