"""People propose corrections and new partners, with a source; curators accept them with one click."""
