"""Filters of the catalogue with counts, answered from columns in memory.

`loading.current()` gives the catalogue as NumPy columns, read from PostgreSQL again whenever it changed; `Matching`
says what fulfils the criteria, on one site or by a network of sites; `counting` says what every value would give.
`partners.browse.browse` is the front door.
"""
