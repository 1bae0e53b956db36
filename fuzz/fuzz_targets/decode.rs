//! Any bytes through every way of reading a message: no panic, and what reads, writes back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use reversim_models::iso8583::{Dialect, Framer, describe};

fuzz_target!(|bytes: &[u8]| {
    for dialect in Dialect::all() {
        let view = dialect.view(bytes);
        for element in &view.elements {
            assert!(element.span.end <= bytes.len(), "a span outside the bytes");
        }
        if let Ok(message) = dialect.decode(bytes) {
            let mut again = Vec::new();
            dialect.encode(&message, &mut again).expect("what was decoded can be encoded");
            let second = dialect.decode(&again).expect("what was encoded can be decoded");
            assert_eq!(message, second);
        }
        let mut framer = Framer::new(dialect.framing);
        let (head, tail) = bytes.split_at(bytes.len() / 2);
        for part in [head, tail] {
            framer.push(part);
            while let Some(frame) = framer.next() {
                if let Ok(frame) = frame {
                    let _ = dialect.framing.unwrap(&frame);
                }
            }
        }
    }
    let description = describe(bytes, None);
    let _ = description.to_string();
});
