//! Addresses. The ends of address ranges cut each family into pieces; one address from each piece is in the same
//! ranges as all the others in that piece.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use claw_runtime::{Host, Type, Value, parse_ip, parse_net, parse_text};

/// What `is_private` and `is_loopback` tell apart.
const SPECIAL: [&str; 9] = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "::1",
    "fc00::/7",
    "fe80::/10",
];

/// Preferred where one is as good as another. The second to last is the address that clouds keep credentials at.
const PLAIN: [&str; 7] = ["8.8.8.8", "10.0.0.1", "127.0.0.1", "192.168.0.1", "2001:db8::1", "169.254.169.254", "::1"];

/// One of the two families: its addresses are numbers from 0.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn max(self) -> u128 {
        match self {
            Family::V4 => u128::from(u32::MAX),
            Family::V6 => u128::MAX,
        }
    }

    fn address(self, number: u128) -> IpAddr {
        match self {
            Family::V4 => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX))),
            Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(number)),
        }
    }
}

fn number(ip: IpAddr) -> (Family, u128) {
    match ip {
        IpAddr::V4(ip) => (Family::V4, u128::from(ip.to_bits())),
        IpAddr::V6(ip) => (Family::V6, ip.to_bits()),
    }
}

/// An address from each piece.
pub(super) fn addresses(constants: &[Value]) -> Vec<Value> {
    let mut ranges: Vec<(IpAddr, IpAddr)> = constants.iter().filter_map(range).collect();
    ranges.extend(SPECIAL.iter().filter_map(|text| parse_net(text).ok()).map(|net| (net.network(), net.broadcast())));
    let mut out = pieces(Family::V4, &ranges);
    out.extend(pieces(Family::V6, &ranges));
    let rank = |ip: &IpAddr| plain().position(|plain| plain == *ip).unwrap_or(PLAIN.len());
    out.sort_by_key(rank);
    out.into_iter().map(Value::Ip).collect()
}

/// The addresses from one to another that a constant stands for.
fn range(constant: &Value) -> Option<(IpAddr, IpAddr)> {
    match constant {
        Value::Ip(ip) | Value::Host(Host::Ip(ip)) => Some((*ip, *ip)),
        Value::IpNet(net) => Some((net.network(), net.broadcast())),
        _ => None,
    }
}

fn plain() -> impl Iterator<Item = IpAddr> {
    PLAIN.iter().filter_map(|text| parse_ip(text).ok())
}

fn pieces(family: Family, ranges: &[(IpAddr, IpAddr)]) -> Vec<IpAddr> {
    // An address that maps an IPv4 one is that one: these are no pieces.
    let mapped = (Ipv4Addr::UNSPECIFIED.to_ipv6_mapped().into(), Ipv4Addr::BROADCAST.to_ipv6_mapped().into());
    let mut cuts = BTreeSet::from([0]);
    for (first, last) in ranges.iter().chain([&mapped]) {
        if let ((of, first), (_, last)) = (number(*first), number(*last))
            && of == family
        {
            cuts.insert(first);
            cuts.extend(last.checked_add(1).filter(|after| *after <= family.max()));
        }
    }
    let ends = cuts.iter().skip(1).map(|cut| cut - 1).chain([family.max()]);
    cuts.iter()
        .zip(ends)
        .map(|(first, last)| choose(family, *first, last))
        .filter(|ip| ip.to_canonical() == *ip)
        .collect()
}

/// A plain address of the piece; else its second, as the first of a network is none of a machine.
fn choose(family: Family, first: u128, last: u128) -> IpAddr {
    let inside = |ip: &IpAddr| {
        let (of, number) = number(*ip);
        of == family && (first..=last).contains(&number)
    };
    plain().find(inside).unwrap_or_else(|| family.address(first.saturating_add(1).min(last)))
}

/// Address ranges: the constants, and some that are not among them.
pub(super) fn ranges(constants: &[Value]) -> Vec<Value> {
    let given = constants.iter().filter(|c| matches!(c, Value::IpNet(_))).cloned();
    given.chain(SPECIAL.iter().filter_map(|text| parse_text(text, &Type::IpNet).ok())).collect()
}
