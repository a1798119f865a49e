"""The wallet function under random play, races, and the same against deliberately broken twins of it."""
