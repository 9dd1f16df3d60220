//! Addresses of names, from the host's own name servers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use drybox_spec::DnsName;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::parse_resolv_conf;
use tokio::time::Instant;

/// Who is asked.
#[derive(Clone, Debug)]
pub enum NameServers {
    /// Those of a resolv.conf(5), after the host's hosts(5). Its search list is not used: a name
    /// is what it is (EG-76).
    Configured(Vec<u8>),
    /// This one.
    One(SocketAddr),
    /// Nobody: no name is looked up.
    Nobody,
}

/// Asks name servers.
pub(super) struct Upstream {
    resolver: TokioResolver,
    /// What was found a moment ago: programs open several connections at a time, and each is judged
    /// by itself.
    recent: RefCell<HashMap<DnsName, (Instant, Vec<IpAddr>)>>,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Upstream").finish_non_exhaustive()
    }
}

impl Upstream {
    /// Gets ready; reads the host's hosts(5).
    ///
    /// # Errors
    /// *Host*, when no name server is configured.
    pub(super) fn new(servers: &NameServers) -> io::Result<Self> {
        let (config, mut options) = match servers {
            NameServers::Nobody => {
                (ResolverConfig::from_name_servers(Vec::new()), ResolverOpts::default())
            }
            NameServers::Configured(text) => parse_resolv_conf(text).map_err(io::Error::other)?,
            NameServers::One(server) => {
                let mut one = NameServerConfig::udp_and_tcp(server.ip());
                for connection in &mut one.connections {
                    connection.port = server.port();
                }
                let config = ResolverConfig::from_name_servers(vec![one]);
                (config, ResolverOpts::default())
            }
        };
        options.use_hosts_file = ResolveHosts::Always;
        options.ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
        // A name that is to exist in a moment is asked for again.
        options.negative_max_ttl = Some(Duration::from_secs(5));
        options.positive_max_ttl = Some(Duration::from_secs(300));
        options.cache_size = 1024;
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let resolver = builder.with_options(options).build().map_err(io::Error::other)?;
        Ok(Self { resolver, recent: RefCell::default() })
    }

    /// Every address of a name.
    ///
    /// # Errors
    /// When nobody knows one, in words.
    pub(super) async fn addresses_of(&self, name: &DnsName) -> Result<Vec<IpAddr>, &'static str> {
        if let Some((at, found)) = self.recent.borrow().get(name)
            && at.elapsed() < RECENT
        {
            return Ok(found.clone());
        }
        let found = match self.resolver.lookup_ip(format!("{name}.")).await {
            Ok(found) => found.iter().take(MOST).collect::<Vec<_>>(),
            Err(error) if error.is_no_records_found() => return Err("the name has no address"),
            Err(_) => return Err("the name servers do not answer"),
        };
        let mut recent = self.recent.borrow_mut();
        if recent.len() >= MOST_RECENT {
            recent.clear();
        }
        recent.insert(name.clone(), (Instant::now(), found.clone()));
        Ok(found)
    }
}

/// Addresses of one name that are looked at.
const MOST: usize = 64;

const RECENT: Duration = Duration::from_secs(1);
const MOST_RECENT: usize = 256;
