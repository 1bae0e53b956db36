//! Ciphers of a card payment: MACs, PIN blocks, key wrapping. Knows no party and no line.
