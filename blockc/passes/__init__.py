"""Passes: from what every address should get to the fewest rules a platform needs to say it.

Start reading at `plan`, which chooses and runs the passes; `contract` is what each of them
promises and how that is checked on every run. Every other module is one idea: `cover` and
`lengths` are the plain optimum, the others are named for what they optimise.
"""
