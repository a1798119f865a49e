"""
Contracts with vendors as versions: proposed by one person, approved by another, never altered.

What terms are made of, and what they mean, belongs to those who reckon with them: payments and reporting.
"""
