"""A seeded generator of players' histories: clean ones, and ones in which a typology of each rule is planted."""
