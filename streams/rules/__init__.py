"""The pure decisions: sessions, identities, enrichment, purchases. No I/O, no clock, no randomness."""
