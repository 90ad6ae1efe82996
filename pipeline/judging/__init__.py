"""The lecture's claims, and what a scale's measurements say of them.

Reads metrics and records alone, which git has: neither samples nor weights nor parameters.
"""
