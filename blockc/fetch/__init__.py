"""Brings bytes: which sources there are, where they come from, and where they are kept.

Start reading at `update/update`, many sources at once; then `update/source_update`, one source url
by url, `update/candidate`, the checks in their order, `update/decision`, what follows from them,
and `update/continuity`, what may follow what. In `http/`, `retrieve` gets one version, `download`
asks a server once over the connections of `deadline_adapter`, `retry` asks again what can heal,
`response_body` unpacks what came. `lock` says what builds use and `locked` gets it; `store/` keeps
the bytes, what is remembered of each source, and what was parsed. `definition` is what a source is,
`folder` the five registries' files from a folder or the bundled sample.
"""
