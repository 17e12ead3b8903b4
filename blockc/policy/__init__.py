"""The operator's file: what to block, whom to spare, who wants it and until when.

`parse` turns text into a `model.Policy` in which every name exists, or reports all that is wrong
with it; `resolve` turns a policy and the world of one day into sets of addresses. Precedence is
decided in `resolve` and nowhere else: protect beats except, except beats block.
Start reading at `model`, then `parse.parse_policy` and `resolve.resolve`.
"""
