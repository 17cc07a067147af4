"""What curators do with facts: see which are stale or contradict each other, verify them again, match and merge."""
