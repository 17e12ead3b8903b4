"""Passes: from what every address should get to the fewest rules a platform needs to say it.

Start reading at `plan`, which chooses and runs the passes, and `request`, what it is asked and
answers. `contract` is what each pass promises, `driver` checks that promise on every run.

- nothing given up: `exact` lists the passes a match model takes; `cover`, `longest` with `frugal`
  and `two_sets` are its optimum, `dont_care` the space it may use; `lengths` and `fewer_lengths`
  keep to the prefix lengths a platform takes, `shards` makes several artifacts in place of one.
- something given up: `budget` is the least cost at every number of entries, as a `curve`;
  `budget_cover`, `budget_longest` and `budget_intervals` find it with `dp_tables` and `limbs`;
  `weights`, `measure` and `stakes` say what costs how much, `report` whom it hits.
"""
