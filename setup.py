"""What setup.cfg cannot say: packages that are found, beside data that stands outside of blockc/.

templates/, sources/, log-formats/ and docs/schema/ stand beside blockc/ in the checkout and inside
it in the wheel. Everything else about the package is in setup.cfg.
"""

from setuptools import find_packages, setup

DATA = {
    "blockc.templates": "templates",
    "blockc.sources": "sources",
    "blockc.log_formats": "log-formats",
    "blockc.schemas": "docs/schema",
}

setup(packages=[*find_packages(include=["blockc", "blockc.*"]), *DATA], package_dir=DATA)
