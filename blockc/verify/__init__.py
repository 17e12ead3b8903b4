"""Proof that artifacts mean what the policy says.

`readback` reads the text again and compares meanings over the whole space, on every build;
`native` lets the real programs read it, where they are installed.
"""
