//! What every shelf does alike: one suite for all of them.
