"""The books of the example switch, for `reversim live --books`: what it answered approved and did not
take back, as CSV of card, amount in minor units and element 37.

    transactions.py STORE

STORE is the file that tcp_switch.py keeps. A last line that is not whole is not in the books.
"""

import csv
import json
import sys

from book import APPROVED, Book


def approved(path):
    """Sales that stand."""
    book = Book({"business_date": None, "institution": ""})
    with open(path, "rb") as store:
        for line in store:
            if line.endswith(b"\n"):
                book.apply(json.loads(line))
    for one in book.transactions.values():
        is_sale = one["kind"] == "sale" and one["answer"] is not None
        if is_sale and one["answer"]["code"] in APPROVED and one["name"] not in book.reversals:
            yield one["pan"], one["answer"]["amount"], one["rrn"]


writer = csv.writer(sys.stdout)
writer.writerow(["card", "amount", "reference"])
writer.writerows(approved(sys.argv[1]))
