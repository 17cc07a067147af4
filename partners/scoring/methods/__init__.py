"""Decision-analysis methods, each checked against published results. NumPy arrays in, dataclasses out.

The product ranks with the additive model on fixed reference ranges, intervals for what is unknown, and SMAA-2 for
robustness; TOPSIS, VIKOR and PROMETHEE II are a cross-check and never averaged in. One module per family:

`additive` `functions` `normalise` (weighted sums, value functions, intervals), `rank_weights` (ROC, RS, swing),
`ahp` `ahp_tree`, `spaces` `measurements` `draws` `tally` `smaa` (SMAA-2), `exact` (winning indices, distributions
and bounds in closed form), `stability`, `topsis`, `vikor`, `promethee`, `simulation`, `crosscheck`.
"""
