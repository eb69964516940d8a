"""The data of the experiments: real, pinned by version and hash, and installed like any dependency.

| module | data | where it comes from | licence |
| --- | --- | --- | --- |
| speakers | Japanese Vowels: speech of nine speakers | in the wheel of aeon | CC BY 4.0 |
| reviews | film-review sentences with ratings by people | in the source archive of vaderSentiment | MIT |
| digits | handwritten digits, 8 by 8 | in scikit-learn | CC BY 4.0 |
| names | family names in several languages | in Faker | MIT |
| dates | dates as several languages write them | CLDR, in Babel | Unicode License v3 |
| code | Python's standard library | in every installation | PSF licence |

What is not in an installed package is fetched once by ``make data`` (``fetch.py``). Every loader returns the same arrays
each time; what is split at random is split by a fixed seed.
"""
