//! The peer (接続元): from which address a request came; used in memory and stored nowhere.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The other end of the connection, put there by the accept loop.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The visitor's address: the connection's own peer, or what a proxy of ours says it was.
///
/// `X-Forwarded-For` is read from the right, past our own proxies, and only when the peer is one of
/// them: anybody can send the header.
pub fn visitor_address(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let peer = extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    let ours = |ip: &IpAddr| proxies.iter().any(|net| net.contains(&ip.to_canonical()));
    if !ours(&peer) {
        return peer.to_canonical();
    }
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    for hop in hops.iter().rev() {
        // What cannot be read was not written by a proxy of ours: go no further left.
        let Ok(ip) = hop.parse::<IpAddr>() else { break };
        if !ours(&ip) {
            return ip.to_canonical();
        }
    }
    peer.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &str, proxies: &str) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().unwrap()));
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        let proxies: Vec<IpNet> =
            proxies.split_whitespace().map(|net| net.parse().unwrap()).collect();
        visitor_address(&extensions, &headers, &proxies).to_string()
    }

    #[test]
    fn only_a_proxy_of_ours_may_say_for_whom_it_speaks() {
        assert_eq!(seen("203.0.113.9", "192.0.2.1", ""), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", "192.0.2.1", "10.0.0.0/8"), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", "198.51.100.1, 192.0.2.1", "10.0.0.0/8"), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", "192.0.2.1, 10.0.0.2", "10.0.0.0/8"), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", "nonsense", "10.0.0.0/8"), "10.0.0.1");
        assert_eq!(seen("::ffff:203.0.113.9", "", ""), "203.0.113.9");
    }
}
