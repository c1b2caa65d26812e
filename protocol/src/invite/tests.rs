//! Tests of invites.
