"""Brings bytes: which sources there are, where they come from, and where they are kept.

Start reading at `update`, many sources at once; then `source_update`, one source url by url, and
`candidate`, the checks in their order. `download` asks a server once (over `punctual` connections),
`retry` asks again what can heal, `body` unpacks what came, `history` decides what may follow what.
`lock` says what builds use and `locked` gets it; `blobs`, `state` and `keeping` are the store,
`store` a cache of what was parsed. `definition` is what a source is, `folder` the five registries'
files from a folder or the bundled sample.
"""
