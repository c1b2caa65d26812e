//! Whether this machine has a way to the internet, without sending anything: the system is asked for its route to
//! addresses that exist in documents only.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Addresses set aside for documentation: routed like the internet, used by nobody.
const SOMEWHERE: [(SocketAddr, SocketAddr); 2] = [
    (
        SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), 9),
    ),
    (
        SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0),
        SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)), 9),
    ),
];

/// Whether the system knows a way to public addresses. Connecting a UDP socket sends no packet.
pub(in crate::net) fn is_there() -> bool {
    SOMEWHERE.iter().any(|(from, to)| UdpSocket::bind(from).and_then(|socket| socket.connect(to)).is_ok())
}

/// The address of ours from which the system reaches a host now, if there is one. Sends nothing either.
pub(in crate::net) fn towards(host: IpAddr) -> Option<IpAddr> {
    let from =
        if host.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((from, 0)).ok()?;
    socket.connect((host, 9)).ok()?;
    socket.local_addr().ok().map(|addr| addr.ip())
}
