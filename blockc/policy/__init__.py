"""The operator's file: what to block, whom to spare, who wants it and until when.

`checking` turns text into a `model.Policy` in which every name exists, or reports all that is wrong
with it; `meaning` turns a policy and the world of one day into sets of addresses. Precedence is
decided in `meaning.resolve` and nowhere else: protect beats except, except beats block.
Start reading at `model`, then `checking.parse_policy` and `meaning.resolve`.
"""
