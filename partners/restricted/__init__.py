"""Restricted-party lists as published, and proposals that a listed party is a partner. Never a label by itself."""
