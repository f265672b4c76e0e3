"""crisguard as it is deployed, end to end, in the local AWS."""
