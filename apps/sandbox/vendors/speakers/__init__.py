"""One module a protocol: what the simulated vendor sends, how it reads answers, and the API that it offers."""
