"""What the parts of the example switch have in common: its actions, and small words of the wire."""

from collections import namedtuple

# Actions. `ticket` says what an action is about; a real line has none, and nobody needs one there.
Record = namedtuple("Record", "data ticket")
Connect = namedtuple("Connect", "port ticket")
Send = namedtuple("Send", "link frame ticket")
Disconnect = namedtuple("Disconnect", "link ticket")
Log = namedtuple("Log", "text ticket")

# Microseconds since anything, and the local calendar as YYYY-MM-DDThh:mm:ss.
Now = namedtuple("Now", "at local")

Caller = namedtuple("Caller", "link port envelope")
Waiting = namedtuple("Waiting", "caller message link")


def transmission(now):
    """MMDDhhmmss."""
    return now.local[5:7] + now.local[8:10] + now.local[11:19].replace(":", "")


def mmdd(date):
    return date[5:7] + date[8:10]


def answered(mti):
    return f"{int(mti) // 10 * 10 + 10:04}"


def without(message, number):
    return {key: value for key, value in message.items() if key != number}


def key_of(message):
    """How a message is known on a network line."""
    institutions = (message.get(number, "").lstrip("0") for number in ("32", "33"))
    return message.get("7"), message.get("11"), *institutions


def original_data(one, institution):
    return f"0200{one['stan']:06}{one['sent']}{institution:0>11}{institution:0>11}"


def is_reversal_of(one, message):
    """Whether card and amount are those of the original: a name may have been used twice."""
    if "pan" not in one:
        return True
    approved = (one["answer"] or {}).get("amount", 0)
    return (message.get("2", one["pan"]) == one["pan"]
            and int(message.get("4", one["amount"])) in (one["amount"], approved))
