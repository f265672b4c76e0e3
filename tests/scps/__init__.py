"""The differential test of service control policies."""
