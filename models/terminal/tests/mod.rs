//! The sentences of the terminal, played against a host that the test speaks for.
