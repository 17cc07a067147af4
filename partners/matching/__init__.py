"""Which catalogue partner and site a register row is, and which partners are one: proposals, never decisions."""
