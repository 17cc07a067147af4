"""How days are typed and shown in forms: as everywhere in the product, year first."""
