//! Time as an argument. Two clocks, never mixed: `mono_ms` runs evenly from an arbitrary start and drives every
//! timer; `wall_ms` is what the computer believes the date is, may jump or lie, and is only shown or used for
//! days (docs/spec/00-conventions.md, "Time").

/// Milliseconds since 1970-01-01T00:00:00Z, clamped to what a date can be written as.
pub type WallMs = i64;

/// The latest wall time Starling writes down: 9999-12-31T23:59:59.999Z, in milliseconds. Later times (from a
/// peer's clock or ours) are clamped to it: formatting libraries refuse more.
pub const WALL_MAX_MS: WallMs = 253_402_300_799_999;

/// One reading of both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds on a clock that never goes back, from an arbitrary start.
    pub mono_ms: u64,
    /// Milliseconds since the Unix epoch, as this computer believes.
    pub wall_ms: WallMs,
}

impl Now {
    /// Both clocks, the wall clock clamped to `0..=WALL_MAX_MS`.
    pub fn new(mono_ms: u64, wall_ms: WallMs) -> Self {
        Self { mono_ms, wall_ms: clamp_wall(wall_ms) }
    }
}

/// A wall time that can be stored and shown: negative and far-future values are clamped, never refused.
pub fn clamp_wall(wall_ms: WallMs) -> WallMs {
    wall_ms.clamp(0, WALL_MAX_MS)
}

/// One second in milliseconds.
pub const SECOND_MS: u64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE_MS: u64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
/// One day in milliseconds.
pub const DAY_MS: u64 = 24 * HOUR_MS;
