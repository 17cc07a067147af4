"""Importers of public registers: read → validate → stage → diff → dry run by default → apply.

`core` is common to all; each register adds a module with its `RegisterSpec` and an entry in `kinds`.
"""
