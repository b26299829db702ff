//! Dialling (接続): which addresses may be connected to, and by whom servers must be vouched for.
//!
//! A name may resolve to an address inside the centre's own network, by mistake or by malice. Each
//! address is therefore looked at when it is dialled, and that very address is dialled.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use super::Trouble;

/// How long one address may take to answer.
const CONNECT: Duration = Duration::from_secs(10);

/// IPv4 addresses that are not part of the public internet (IANA special-purpose registry), and
/// those of multicast.
const INNER_V4: [&str; 16] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// The public part of IPv6, and what within it is not: Teredo and its kin, documentation, and 6to4,
/// which leads to any IPv4 address. Mapped and translated IPv4 lies outside of the public part.
const PUBLIC_V6: &str = "2000::/3";
const INNER_V6: [&str; 4] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/// How a server is reached (接続の設定).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "接続の設定")]
pub struct Dialling {
    /// Whether addresses inside the centre's own network are dialled too.
    #[serde(default)]
    pub allow_private: bool,
    /// The authorities that vouch for the server, in place of those that browsers trust (PEM).
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// Why an address is not dialled.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotDialled {
    #[error(
        "{0} lies in a private or special network; allow that by --allow-private if it is meant"
    )]
    Inner(IpAddr),
    #[error("{0} is not this machine, and without TLS nothing else is dialled")]
    Plain(IpAddr),
}

impl Dialling {
    /// Whether `ip` may be dialled; without TLS only this machine is, since a secret goes over it.
    pub(crate) fn check(&self, ip: IpAddr, plain: bool) -> Result<(), NotDialled> {
        if plain && !ip.is_loopback() {
            return Err(NotDialled::Plain(ip));
        }
        let nowhere = ip.is_unspecified() || ip.is_multicast();
        if nowhere || (!self.allow_private && !is_public(ip)) {
            return Err(NotDialled::Inner(ip));
        }
        Ok(())
    }

    /// Connects to one of the addresses of `host`, all of which must be such as may be dialled.
    pub(crate) async fn connect(
        &self,
        (host, port): (&str, u16),
        plain: bool,
    ) -> Result<TcpStream, Trouble> {
        let found = tokio::time::timeout(CONNECT, tokio::net::lookup_host((host, port)));
        let found: Vec<SocketAddr> = match found.await {
            Ok(Ok(found)) => found.collect(),
            Ok(Err(fault)) => return Err(Trouble::new(format!("{host} is not found: {fault}"))),
            Err(_) => return Err(Trouble::new(format!("the address of {host} is not found"))),
        };
        for at in &found {
            let checked = self.check(at.ip(), plain);
            checked.map_err(|why| Trouble::new(format!("{host} is not dialled: {why}")))?;
        }
        let mut last = "it has no address".to_owned();
        for at in found {
            match tokio::time::timeout(CONNECT, TcpStream::connect(at)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(fault)) => last = fault.to_string(),
                Err(_) => "it does not answer".clone_into(&mut last),
            }
        }
        Err(Trouble::new(format!("cannot connect to {host}:{port}: {last}")))
    }

    /// TLS over a connection to `host`, whose certificate must bear that name.
    pub(crate) async fn secure(
        &self,
        stream: TcpStream,
        host: &str,
    ) -> Result<TlsStream<TcpStream>, Trouble> {
        let unfit = |why: String| Trouble::new(format!("no TLS with {host}: {why}"));
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| unfit(e.to_string()))?
            .with_root_certificates(self.roots()?)
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).map_err(|e| unfit(e.to_string()))?;
        let shake = TlsConnector::from(Arc::new(config)).connect(name, stream);
        match tokio::time::timeout(CONNECT, shake).await {
            Ok(Ok(secured)) => Ok(secured),
            Ok(Err(fault)) => Err(unfit(fault.to_string())),
            Err(_) => Err(unfit("it does not answer".to_owned())),
        }
    }

    fn roots(&self) -> Result<RootCertStore, Trouble> {
        let mut roots = RootCertStore::empty();
        match self.certificates()? {
            Some(own) => {
                for one in own {
                    roots.add(one).map_err(|e| self.bad_file(&e))?;
                }
            }
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        Ok(roots)
    }

    /// The certificates of the file of authorities, if one is named.
    pub(crate) fn certificates(&self) -> Result<Option<Vec<CertificateDer<'static>>>, Trouble> {
        let Some(path) = &self.ca_file else { return Ok(None) };
        let read = CertificateDer::pem_file_iter(path).map_err(|e| self.bad_file(&e))?;
        let all: Vec<_> = read.collect::<Result<_, _>>().map_err(|e| self.bad_file(&e))?;
        if all.is_empty() { Err(self.bad_file(&"it holds no certificate")) } else { Ok(Some(all)) }
    }

    fn bad_file(&self, why: &dyn std::fmt::Display) -> Trouble {
        let path = self.ca_file.as_deref().unwrap_or_else(|| "".as_ref()).display();
        Trouble::new(format!("the authorities in {path} cannot be used: {why}"))
    }
}

/// Whether an address is one of the public internet.
fn is_public(ip: IpAddr) -> bool {
    let v4 = |net: &str| net.parse::<Ipv4Net>().expect("the table above holds networks");
    let v6 = |net: &str| net.parse::<Ipv6Net>().expect("the table above holds networks");
    match ip {
        IpAddr::V4(ip) => !INNER_V4.iter().any(|net| v4(net).contains(&ip)),
        IpAddr::V6(ip) => {
            let public = |ip: &Ipv6Addr| v6(PUBLIC_V6).contains(ip);
            public(&ip) && !INNER_V6.iter().any(|net| v6(net).contains(&ip))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: [&str; 40] = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "ff02::1",
    ];

    const PUBLIC: [&str; 12] = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "198.17.255.255",
        "223.255.255.255",
        "2400::1",
        "2606:4700::1111",
    ];

    #[test]
    fn addresses_inside_are_dialled_only_where_that_is_meant() {
        let (closed, open) = (Dialling::default(), Dialling { allow_private: true, ca_file: None });
        for text in INNER {
            let ip: IpAddr = text.parse().unwrap();
            assert_eq!(closed.check(ip, false), Err(NotDialled::Inner(ip)), "{text}");
            let meant = open.check(ip, false).is_ok();
            assert_eq!(meant, !ip.is_multicast() && !ip.is_unspecified(), "{text}");
        }
        for text in PUBLIC {
            assert_eq!(closed.check(text.parse().unwrap(), false), Ok(()), "{text}");
        }
    }

    #[test]
    fn without_tls_only_this_machine_is_dialled() {
        let open = Dialling { allow_private: true, ca_file: None };
        for (text, fits) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("10.0.0.1", false),
            ("8.8.8.8", false),
            ("::ffff:127.0.0.1", false),
        ] {
            assert_eq!(open.check(text.parse().unwrap(), true).is_ok(), fits, "{text}");
            assert!(Dialling::default().check(text.parse().unwrap(), true).is_err(), "{text}");
        }
    }
}
