//! Starling's face: the screen and the command line. It knows plain data and the control API, never the network,
//! never the database.

pub mod cli;
pub mod screen;
