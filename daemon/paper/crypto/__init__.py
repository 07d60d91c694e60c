"""The ground that the paper exchanges for coins share: spot balances, contracts, orders, fills.

It speaks no venue's language. A venue's package puts its own words, errors, signatures and frames
round it, and says in `Rules` where the venues differ.
"""
