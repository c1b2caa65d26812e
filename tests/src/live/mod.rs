//! Real `starling` processes, each with a profile of its own in a temporary folder, talking over loopback. Used by
//! the live suites and by the benchmarks; or in network namespaces, where the network can be broken.

mod crowd;
mod desk;
mod homes;
mod meet;
mod net;
mod person;
mod post_office;
mod rooms;
mod talk;

pub use crowd::Crowd;
pub use desk::{Desk, Line};
pub use homes::{Homes, roads};
pub use meet::{acquainted, befriend, contact, linked, road, wait_for};
pub use net::{Host, Nat, Net, Router, Switch};
pub use person::{Person, Said, at_once, binary, free_port};
pub use post_office::{friends_with, grant, is_alone, keeper, knows_mailboxes, open, posted, use_all};
pub use rooms::{
    RoomTalk, Shown, account, all_know, comes_in, does, lines, listed, room_of, sees_room, shown_in, star,
};
pub use talk::{Talk, drained, send_at, send_surely, texts};
