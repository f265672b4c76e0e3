"""Tests that run the product: against the templates and a local AWS."""
