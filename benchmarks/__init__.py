"""`make bench`: wallet throughput on this machine, beside the raw database and other ledgers, as medians and ratios."""
