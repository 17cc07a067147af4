"""The harness every test runs in."""
