"""Answers about a policy, as values: nothing here is written into an artifact.

Start reading at `curve`: what every number of entries costs, for whoever has to choose a limit.
`chart` draws such figures.
"""
