"""Who players are: facts with validity, gates by jurisdiction, identity vendors, documents, screening."""
