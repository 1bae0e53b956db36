//! ISO 8583 messages: values, dialects, framing, description. Knows no party and no key.
