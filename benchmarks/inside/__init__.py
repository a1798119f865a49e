"""The parts of the benchmark that run inside Django, in processes of their own: seeding, posting, proving."""
