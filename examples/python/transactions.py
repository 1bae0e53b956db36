"""The books of the example switch, for `reversim live --books`: what it answered approved and did not
take back, as CSV of card, amount in minor units and element 37.

    transactions.py STORE

STORE is the file that tcp_switch.py keeps. A last line that is not whole is not in the books.
"""

import csv
import json
import sys

from book import Book

book = Book({"business_date": None, "institution": ""})
with open(sys.argv[1], "rb") as store:
    for line in store:
        if line.endswith(b"\n"):
            book.apply(json.loads(line))
writer = csv.DictWriter(sys.stdout, ["card", "amount", "reference"])
writer.writeheader()
writer.writerows(book.stands())
