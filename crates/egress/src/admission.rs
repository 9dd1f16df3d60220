//! From a connection of the box to one of the host's: each state consumes the one before, and only
//! the last can connect. The address that was judged is the address that is used, so that nothing
//! can change in between (EG-13).

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use drybox_spec::{Attempt, DnsName, Doors, Layer, Permit};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::address::AddressClass;
use crate::names::{Names, is_inside};

/// What a connection is for, and that the user's rules let it be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    target: Target,
    port: u16,
    permit: String,
}

/// Whom a connection is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A name.
    Name(DnsName),
    /// An address that was spelled out.
    Address(IpAddr),
}

/// A target and all of the addresses that it has, good and bad.
#[derive(Debug)]
pub struct Resolved {
    named: Named,
    addresses: Vec<IpAddr>,
}

/// A target and those of its addresses that may be connected to; at least one.
#[derive(Debug)]
pub struct Admitted {
    named: Named,
    addresses: Vec<SocketAddr>,
}

/// Who says what an address is; an argument, so that whoever starts the relay can mark each as the
/// wall that it is.
#[derive(Clone, Copy, Debug)]
pub struct Judges {
    /// What it is when it is no public host's.
    pub class_of: fn(IpAddr) -> Option<&'static AddressClass>,
    /// Whether it is this machine's.
    pub is_own: fn(IpAddr) -> bool,
}

/// Why a connection goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing lets this be reached at this port.
    NotAllowed,
    /// An address inside that stands for no name.
    NoName,
    /// The name has no address.
    NoAddress,
    /// The name leads to such an address.
    Class(&'static AddressClass),
    /// The name leads to this machine.
    Own,
}

impl Named {
    /// What a connection to `destination`, as the box made it, is for.
    ///
    /// # Errors
    /// When nothing lets it be.
    pub fn of(
        destination: SocketAddr,
        names: &Names,
        doors: &Doors,
        judges: &Judges,
    ) -> Result<Self, (Option<DnsName>, Refusal)> {
        let (address, port) = (destination.ip().to_canonical(), destination.port());
        if is_inside(address) {
            let name = names.name_of(address).ok_or((None, Refusal::NoName))?;
            let permit =
                doors.by_name(name, port).ok_or((Some(name.clone()), Refusal::NotAllowed))?;
            return Ok(Self {
                target: Target::Name(name.clone()),
                port,
                permit: permit.to_string(),
            });
        }
        let permit = doors.by_address(address, port).or_else(|| doors.any_address(port));
        let permit = permit.ok_or((None, Refusal::NotAllowed))?;
        // With every public host open, an address is judged as one that a name leads to.
        if permit == Permit::Public
            && let Some(class) = (judges.class_of)(address)
        {
            return Err((None, Refusal::Class(class)));
        }
        Ok(Self { target: Target::Address(address), port, permit: permit.to_string() })
    }

    /// Whom it is for.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// What lets it be.
    #[must_use]
    pub fn permit(&self) -> &str {
        &self.permit
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// With the addresses that a name was found to have; an address has itself.
    #[must_use]
    pub fn resolved(self, found: Vec<IpAddr>) -> Resolved {
        let addresses = match self.target {
            Target::Name(_) => found,
            // A server of this machine listens at one of its two loopbacks, and a program that says
            // `localhost` tries either. Which of them the user named is judged next.
            Target::Address(address) if address == Ipv4Addr::LOCALHOST => {
                vec![address, Ipv6Addr::LOCALHOST.into()]
            }
            Target::Address(address) if address == Ipv6Addr::LOCALHOST => {
                vec![address, Ipv4Addr::LOCALHOST.into()]
            }
            Target::Address(address) => vec![address],
        };
        Resolved { named: self, addresses }
    }
}

impl Resolved {
    /// Sorts out the addresses of inner networks and of this machine, unless the user spelled them
    /// out at this port. None of them is tried next, when a better one fails (EG-14).
    ///
    /// # Errors
    /// When none is left.
    pub fn admit(self, doors: &Doors, judges: &Judges) -> Result<Admitted, Refusal> {
        let port = self.named.port;
        let mut refusal = Refusal::NoAddress;
        let mut addresses = Vec::new();
        for address in self.addresses {
            match judge(address, port, doors, judges) {
                Ok(()) => addresses.push(SocketAddr::new(address, port)),
                Err(why) => refusal = why,
            }
        }
        if addresses.is_empty() {
            Err(refusal)
        } else {
            Ok(Admitted { named: self.named, addresses })
        }
    }
}

fn judge(address: IpAddr, port: u16, doors: &Doors, judges: &Judges) -> Result<(), Refusal> {
    if doors.by_address(address, port).is_some() {
        return Ok(());
    }
    match (judges.class_of)(address) {
        Some(class) => Err(Refusal::Class(class)),
        None if (judges.is_own)(address) => Err(Refusal::Own),
        None => Ok(()),
    }
}

impl Admitted {
    /// What it was admitted as.
    #[must_use]
    pub const fn named(&self) -> &Named {
        &self.named
    }

    /// Connects: IPv6 and IPv4 in turn, a quarter of a second apart (RFC 8305).
    ///
    /// # Errors
    /// What the last address answered, or a time-out.
    pub async fn connect(&self) -> io::Result<TcpStream> {
        let mut waiting = in_turn(&self.addresses).into_iter();
        let mut attempts = JoinSet::new();
        let mut last = io::Error::from(io::ErrorKind::TimedOut);
        loop {
            match waiting.next() {
                Some(address) => {
                    drop(attempts.spawn(timeout(PATIENCE, TcpStream::connect(address))))
                }
                None if attempts.is_empty() => return Err(last),
                None => {}
            }
            let more = waiting.len() > 0;
            tokio::select! {
                Some(done) = attempts.join_next() => match done {
                    Ok(Ok(Ok(stream))) => return Ok(stream),
                    Ok(Ok(Err(error))) => last = error,
                    Ok(Err(_)) | Err(_) => {}
                },
                () = sleep(HEAD_START), if more => {}
            }
        }
    }
}

/// Families in turn, the first one's first; not more than a few.
fn in_turn(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv4() == first_is_v4);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut all = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair.iter().all(Option::is_none) || all.len() >= MOST_ADDRESSES {
            return all;
        }
        all.extend(pair.into_iter().flatten());
    }
}

impl Refusal {
    /// What decided.
    #[must_use]
    pub const fn layer(self) -> Layer {
        match self {
            Self::NotAllowed | Self::NoName => Layer::Policy,
            Self::NoAddress => Layer::Upstream,
            Self::Class(_) | Self::Own => Layer::Address,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed => out.write_str(Attempt::NOT_ALLOWED),
            Self::NoName => out.write_str("the address stands for no name"),
            Self::NoAddress => out.write_str("the name has no address"),
            Self::Class(class) => write!(out, "it leads to {}", class.what),
            Self::Own => out.write_str("it leads to this machine"),
        }
    }
}

const HEAD_START: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(20);
const MOST_ADDRESSES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::class_of;
    use crate::names::tests::{doors, name};

    /// No address is this machine's.
    const JUDGES: Judges = Judges { class_of, is_own: |_| false };

    fn addresses(list: &[&str]) -> Vec<IpAddr> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn admitted(rules: &[&str], found: &[&str]) -> Result<Vec<String>, Refusal> {
        let (doors, mut names) = (doors(rules), Names::default());
        let inside = names.address_of(&name("good.example"), &doors).unwrap();
        let named =
            Named::of(SocketAddr::new(inside.v4.into(), 443), &names, &doors, &JUDGES).unwrap();
        let admitted = named.resolved(addresses(found)).admit(&doors, &JUDGES)?;
        Ok(admitted.addresses.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_name_leads_to_public_addresses_alone() {
        let good = ["good.example"];
        assert_eq!(admitted(&good, &["93.184.216.34"]).unwrap(), ["93.184.216.34:443"]);
        let mixed = ["10.0.0.1", "93.184.216.34", "::ffff:10.0.0.1", "127.0.0.1"];
        assert_eq!(admitted(&good, &mixed).unwrap(), ["93.184.216.34:443"]);
        for inner in ["127.0.0.1", "169.254.169.254", "::1", "64:ff9b::7f00:1", "0.0.0.0"] {
            assert!(matches!(admitted(&good, &[inner]), Err(Refusal::Class(_))), "{inner}");
        }
        assert_eq!(admitted(&good, &[]), Err(Refusal::NoAddress));
        // Unless it was spelled out, at this port.
        let with = |rule| admitted(&["good.example", rule], &["10.0.0.1"]);
        assert_eq!(with("10.0.0.0/8").unwrap(), ["10.0.0.1:443"]);
        assert!(with("10.0.0.0/8:5432").is_err() && with("10.0.0.2").is_err());
    }

    #[test]
    fn this_machine_is_no_public_host() {
        let (doors, mut names) = (doors(&["good.example"]), Names::default());
        let inside = names.address_of(&name("good.example"), &doors).unwrap();
        let named =
            || Named::of(SocketAddr::new(inside.v6.into(), 443), &names, &doors, &JUDGES).unwrap();
        let resolved = || named().resolved(addresses(&["93.184.216.34"]));
        let all_own = Judges { is_own: |_| true, ..JUDGES };
        assert_eq!(resolved().admit(&doors, &all_own).unwrap_err(), Refusal::Own);
        assert!(resolved().admit(&doors, &JUDGES).is_ok());
    }

    #[test]
    fn a_destination_is_a_name_at_its_port_or_an_address_that_was_spelled_out() {
        let rules = doors(&["good.example:443", "10.0.0.0/8:5432", "127.0.0.1:5432"]);
        let mut names = Names::default();
        names.address_of(&name("good.example"), &rules).unwrap();
        let of = |text: &str| {
            Named::of(text.parse().unwrap(), &names, &rules, &JUDGES).map_err(|(_, why)| why)
        };
        assert_eq!(of("198.18.1.0:443").unwrap().target, Target::Name(name("good.example")));
        assert_eq!(of("198.18.1.0:22"), Err(Refusal::NotAllowed));
        assert_eq!(of("198.18.1.1:443"), Err(Refusal::NoName));
        assert_eq!(of("93.184.216.34:443"), Err(Refusal::NotAllowed));
        assert_eq!(of("127.0.0.1:443"), Err(Refusal::NotAllowed));
        assert_eq!(
            of("[::ffff:10.0.0.1]:5432").unwrap().target,
            Target::Address("10.0.0.1".parse().unwrap())
        );
        assert_eq!(of("127.0.0.1:5432").unwrap().permit, "--allow 127.0.0.1:5432");
        let bridge = Doors::AnyPublicHost { named: Vec::new() };
        let of = |text: &str| {
            Named::of(text.parse().unwrap(), &names, &bridge, &JUDGES).map_err(|(_, why)| why)
        };
        assert!(of("93.184.216.34:443").is_ok());
        assert_eq!(of("93.184.216.34:22"), Err(Refusal::NotAllowed));
        for inner in ["127.0.0.1:443", "[::1]:443", "10.0.0.1:443", "[::ffff:7f00:1]:443"] {
            assert!(matches!(of(inner), Err(Refusal::Class(_))), "{inner}");
        }
    }

    #[test]
    fn families_take_turns() {
        let list = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        assert_eq!(
            in_turn(&list(&["[::1]:1", "[::2]:1", "1.1.1.1:1", "[::3]:1"])),
            list(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"])
        );
    }
}
