"""Django application `compliance`: policies, approvals, cases, retention."""
