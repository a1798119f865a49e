"""What happens to offers and grants. Each function is one transaction, or part of one."""
