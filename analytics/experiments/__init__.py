"""Experiments: who sees what, by a pure function; and what came of it, with the doubt that remains."""
