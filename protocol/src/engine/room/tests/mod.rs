//! Rooms between engines in a test world.
