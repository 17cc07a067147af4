"""Factories of test rows: invented names and figures, one module per app."""
