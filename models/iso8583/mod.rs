//! ISO 8583 messages: values, dialects, framing, description. Knows no party and no key.
//!
//! Two representations, never confused: [`Message`] is the strict value a party acts on, and
//! [`View`] prints whatever bytes arrived. A [`Dialect`] is a table that says how the elements of
//! one line look on the wire; [`POS`] and [`NETWORK`] are the two "UnionPay-like" tables. They
//! follow public implementations; conformity to the members-only specifications is not claimed.

mod balance;
mod decode;
mod describe;
mod dialect;
mod digits;
mod element;
mod encode;
mod error;
mod framing;
mod icc;
mod message;
mod mti;
mod order;
mod private;
mod render;
mod response_code;
mod settlement;
mod tables;
mod view;

pub use balance::{Balance54, BalanceSign};
pub use describe::{DescribedElement, DescribedFrame, Description, describe};
pub use dialect::{Class, Coding, Dialect, ElementSpec, Filler, Length};
pub use element::Element;
pub use error::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind, FrameError};
pub use framing::{Envelope, Framer, Framing};
pub use icc::{Challenge, Icc55, icc_of_reversal};
pub use message::{Message, mask_pan};
pub use mti::Mti;
pub use order::{Order59, OrderNumber};
pub use private::{OriginalData90, OriginalPos61, Private60};
pub use render::Part;
pub use response_code::{CodeClass, ResponseCode};
pub use settlement::{BatchDetail, BatchDetails48, Settlement48, Totals48};
pub use tables::{NETWORK, POS};
pub use view::{View, ViewElement};

pub(crate) use digits::Digits;
pub(crate) use icc::{COUNTRY, packed};
