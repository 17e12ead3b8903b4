"""`python -m blockc` is the `blockc` command."""

from blockc.cli.main import main

main()
