"""Tests of infra/: the templates are rendered and their policies evaluated."""
