"""Passes: from what every address should get to the fewest rules a platform needs to say it.

Start reading at `plan`, which chooses and runs the passes, and `request`, what it is asked and
answers. `contract` is what each pass promises, `driver` checks that promise on every run.

- nothing given up: `exact/exact_passes` lists the passes a match model takes; `cover`, `ortc` with
  its tie-break and `two_sets` are its optimum; `lengths` and
  `fewer_lengths` keep to the prefix lengths a platform takes.
- something given up: `budget/` finds the least cost at every number of entries, as a `cost_curve`;
  `sharding` makes several artifacts in place of one. `affected` says whom it hits.
- `aggregate` is all of it for one plain list.
"""
