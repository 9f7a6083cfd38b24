"""Writes the texts of an alert. Consumes alerts.accepted, recompositions, broadcasts.withheld, trust.

Produces broadcasts.composed, broadcasts.held. Side effect: none beyond its own store.
"""
