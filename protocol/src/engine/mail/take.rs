//! Envelopes that came for us, and the answers to what was in them (docs/spec/08-mail.md, "Taking").
