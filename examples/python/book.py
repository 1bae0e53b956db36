"""What the example switch knows after a loss of power: its records, added up. Decides nothing."""

APPROVED = ("00", "10", "11", "A2", "A4", "A5", "A6")


class Book:
    """Transactions, reversals, queues, keys and batches. Every change is a record."""

    def __init__(self, config):
        self.config, self.institution = config, config["institution"]
        self.clear()

    def clear(self):
        """The book before the first record."""
        self.date = self.config["business_date"]
        self.generations, self.revoked, self.batches = {}, set(), {}
        self.transactions, self.by_name, self.by_key = {}, {}, {}
        self.reversals, self.queues, self.advices = {}, {}, {}
        self.compared, self.details, self.closed = {}, {}, {}
        self.stan = 0

    def apply(self, what):
        """One record, now or after a loss of power."""
        kind = what["k"]
        if kind in ("forwarded", "refused"):
            one = dict(answer=None, advised=False, absorbed=False) | what
            one["name"] = tuple(what["name"])
            self.transactions[what["id"]] = one
            self.by_name[one["name"]] = what["id"]
            if kind == "forwarded":
                self.by_key[self.key(what["sent"], what["stan"])] = what["id"]
                self.stan = what["stan"]
        elif kind == "answered":
            self.transactions[what["id"]]["answer"] = what["answer"]
        elif kind == "absorbed":
            self.transactions[what["id"]]["absorbed"] = True
        elif kind == "reversed":
            self.reversals[tuple(what["name"])] = what["code"]
        elif kind == "queued":
            self.advices[what["advice"]] = dict(what, attempts=0, is_repeat=False)
            self.queues.setdefault(what["to"], []).append(what["advice"])
            self.transactions[what["id"]]["advised"] = True
            self.stan = what["stan"]
        elif kind == "tried":
            self.advices[what["advice"]]["attempts"] += 1
            self.advices[what["advice"]]["is_repeat"] = True
        elif kind in ("taken", "given-up"):
            self.queues[self.advices[what["advice"]]["to"]].remove(what["advice"])
        else:
            self.apply_other(kind, what)

    def apply_other(self, kind, what):
        port, batch = what.get("port"), what.get("batch")
        if kind == "keys":
            self.generations[port] = what["generation"]
            self.revoked.discard(port)
        elif kind == "revoked":
            self.revoked.add(port)
        elif kind == "compared":
            self.compared[port, batch] = what
        elif kind == "details":
            self.details.setdefault((port, batch), {}).update(what["details"])
        elif kind == "closed":
            self.closed[port, batch] = what
            self.batches[port] = batch % 999_999 + 1
        elif kind == "date":
            self.date = what["date"]

    def owes_reversal(self, one):
        """Whether money may have moved that no reversal takes back yet."""
        is_declined = one["answer"] is not None and one["answer"]["code"] not in APPROVED
        return one["kind"] == "sale" and not one["advised"] and not is_declined

    def counted(self, port, batch):
        """What was answered approved and is not reversed: amounts by trace number."""
        return {one["name"][2]: one["answer"]["amount"] for one in self.transactions.values()
                if one["name"][:2] == (port, batch) and one["kind"] == "sale"
                and one["answer"] is not None and one["answer"]["code"] in APPROVED
                and one["name"] not in self.reversals}

    def stands(self):
        """Card, amount and element 37 of each sale that was approved and not taken back."""
        for one in self.transactions.values():
            is_sale = one["kind"] == "sale" and one["answer"] is not None
            if is_sale and one["answer"]["code"] in APPROVED and one["name"] not in self.reversals:
                yield {"card": one["pan"], "amount": one["answer"]["amount"], "reference": one["rrn"]}

    def key(self, sent, stan):
        return sent, f"{stan:06}", self.institution.lstrip("0"), self.institution.lstrip("0")
