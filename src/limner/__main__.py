"""Lets `python -m limner` run the command line."""

from limner.cli import main

main()
