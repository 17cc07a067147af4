"""The public register as pages: searching establishments, reading one, suggesting which site it is."""
