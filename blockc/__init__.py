"""blockc compiles network blocklists from public address data and proves what it writes.

The packages are the stages of the pipeline: `fetch` brings bytes, `formats` turns them into
records, `policy` says who is blocked until when, `passes` find the fewest rules that mean it,
`targets` write them in a platform's language and read them back, `verify` compares, `build`
drives, `files` publishes. Start reading at `build.driver`.
"""

__version__ = "0.1.0"
