//! DNS, answered from what is allowed: a query makes no look-up anywhere (EG-03, EG-05, EG-96).

use drybox_spec::{DnsName, Doors};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{DNSClass, RData, Record, RecordType};

use crate::names::{Names, NoAddress};

/// What is said to a query.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The reply; none: it is no query, and deserves none.
    pub reply: Option<Vec<u8>>,
    /// A name that got no address, and why.
    pub refused: Option<(DnsName, NoAddress)>,
}

/// Which address families the box can reach us by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    /// IPv4 alone: the kernel has no IPv6.
    V4,
    /// Both.
    Both,
}

/// Answers one message; never fails, never asks anybody.
pub fn answer(packet: &[u8], doors: &Doors, names: &mut Names, families: Families) -> Answer {
    let silent = Answer { reply: None, refused: None };
    // Two bytes of id, and the bit that says that it is a reply (RFC 1035, 4.1.1).
    let [id0, id1, flags, _, questions @ ..] = packet else { return silent };
    if flags & 0x80 != 0 || packet.len() > LONGEST {
        return silent;
    }
    let id = u16::from_be_bytes([*id0, *id1]);
    let error = |code| Answer {
        reply: Message::error_msg(id, OpCode::Query, code).to_vec().ok(),
        refused: None,
    };
    // Before the decoder makes room for as many as it is told of.
    if !matches!(questions, [0, 1, ..]) {
        return error(ResponseCode::FormErr);
    }
    let Ok(message) = Message::from_vec(packet) else { return error(ResponseCode::FormErr) };
    if message.metadata.op_code != OpCode::Query {
        return error(ResponseCode::NotImp);
    }
    let [query] = message.queries.as_slice() else { return error(ResponseCode::FormErr) };
    let beside = [&message.answers, &message.authorities, &message.additionals];
    if beside.iter().any(|section| !section.is_empty()) || query.query_class != DNSClass::IN {
        return error(ResponseCode::FormErr);
    }
    let mut reply = Message::response(id, OpCode::Query);
    reply.metadata.message_type = MessageType::Response;
    reply.metadata.recursion_desired = message.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.add_query(query.clone());
    if let Some(edns) = &message.edns {
        if edns.version() != 0 {
            return error(ResponseCode::BADVERS);
        }
        // Without its options: a cookie or a subnet is nothing to us.
        let mut ours = Edns::new();
        ours.set_max_payload(1232);
        reply.set_edns(ours);
    }
    let refused = fill(&mut reply, query, doors, names, families);
    Answer { reply: reply.to_vec().ok(), refused }
}

fn fill(
    reply: &mut Message,
    query: &Query,
    doors: &Doors,
    names: &mut Names,
    families: Families,
) -> Option<(DnsName, NoAddress)> {
    let labels: Vec<&[u8]> = query.name.iter().collect();
    let Some(name) = DnsName::from_wire(&labels.join(&b'.')) else {
        reply.metadata.response_code = ResponseCode::NXDomain;
        return None;
    };
    let inside = match names.address_of(&name, doors) {
        Ok(inside) => inside,
        Err(why) => {
            reply.metadata.response_code = match why {
                NoAddress::NotAllowed | NoAddress::TooLong => ResponseCode::NXDomain,
                NoAddress::TooMany => ResponseCode::ServFail,
            };
            return Some((name, why));
        }
    };
    // Everything else has no data: HTTPS and SVCB records would name other ports and addresses, and
    // the keys to hide a name from us (EG-06).
    let data = match (query.query_type, families) {
        (RecordType::A, _) => RData::A(A(inside.v4)),
        (RecordType::AAAA, Families::Both) => RData::AAAA(AAAA(inside.v6)),
        _ => return None,
    };
    reply.add_answer(Record::from_rdata(query.name.clone(), TTL, data));
    None
}

/// Runs hostile bytes through everything that reads them: a fuzzer's entry.
pub fn check(packet: &[u8]) {
    let doors = Doors::AnyPublicHost { named: Vec::new() };
    let mut names = Names::default();
    let answer = answer(packet, &doors, &mut names, Families::Both);
    let reply = answer.reply.map(|reply| Message::from_vec(&reply));
    assert!(reply.is_none_or(|reply| reply.is_ok()), "a reply that cannot be read");
}

/// Seconds. An address stays as long as the box.
const TTL: u32 = 300;

/// Bytes of a query at most: a name has 255, the rest is options that we do not read.
pub const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use hickory_proto::rr::Name;

    use super::*;
    use crate::names::tests::doors;

    fn query(name: &str, kind: RecordType) -> Vec<u8> {
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        message.to_vec().unwrap()
    }

    fn ask(packet: &[u8]) -> (Option<Message>, Option<(String, NoAddress)>) {
        let doors = doors(&["good.example", "*.wild.example:443"]);
        let answer = answer(packet, &doors, &mut Names::default(), Families::Both);
        let reply = answer.reply.map(|reply| Message::from_vec(&reply).unwrap());
        (reply, answer.refused.map(|(name, why)| (name.to_string(), why)))
    }

    #[test]
    fn an_allowed_name_has_an_address_of_each_family() {
        for (kind, address) in
            [(RecordType::A, "198.18.1.0"), (RecordType::AAAA, "fd64:7279:626f:7800::c612:100")]
        {
            let (reply, refused) = ask(&query("GooD.Example.", kind));
            let reply = reply.unwrap();
            assert_eq!((reply.metadata.response_code, refused), (ResponseCode::NoError, None));
            assert_eq!(reply.answers[0].data.to_string(), address);
            // As it was asked, 0x20 mixed case included: some clients compare.
            assert_eq!(reply.queries[0].name.to_ascii(), "GooD.Example.");
        }
        let v4 = answer(
            &query("good.example.", RecordType::AAAA),
            &doors(&["good.example"]),
            &mut Names::default(),
            Families::V4,
        );
        assert!(Message::from_vec(&v4.reply.unwrap()).unwrap().answers.is_empty());
    }

    #[test]
    fn other_types_have_no_data() {
        for kind in [
            RecordType::TXT,
            RecordType::NULL,
            RecordType::ANY,
            RecordType::MX,
            RecordType::SRV,
            RecordType::HTTPS,
            RecordType::SVCB,
            RecordType::PTR,
            RecordType::AXFR,
            RecordType::NS,
        ] {
            let (reply, refused) = ask(&query("good.example.", kind));
            let reply = reply.unwrap();
            assert_eq!(reply.metadata.response_code, ResponseCode::NoError, "{kind}");
            assert!(reply.answers.is_empty() && refused.is_none(), "{kind}");
        }
    }

    #[test]
    fn other_names_do_not_exist_and_are_told() {
        for name in ["data.good.example", "evil.example", "evilgood.example", "wild.example"] {
            let (reply, refused) = ask(&query(&format!("{name}."), RecordType::A));
            assert_eq!(reply.unwrap().metadata.response_code, ResponseCode::NXDomain, "{name}");
            assert_eq!(refused, Some((name.to_owned(), NoAddress::NotAllowed)));
        }
        for odd in ["_x.good.example.", ".", "127.0.0.1."] {
            let (reply, refused) = ask(&query(odd, RecordType::A));
            assert_eq!(reply.unwrap().metadata.response_code, ResponseCode::NXDomain, "{odd}");
            assert_eq!(refused, None);
        }
    }

    #[test]
    fn what_is_no_single_question_is_refused() {
        let good = query("good.example.", RecordType::A);
        let code = |packet: &[u8]| ask(packet).0.map(|reply| reply.metadata.response_code);
        assert_eq!(code(&good), Some(ResponseCode::NoError));
        let mut two = Message::from_vec(&good).unwrap();
        two.add_query(Query::query(Name::from_ascii("evil.example.").unwrap(), RecordType::A));
        assert_eq!(code(&two.to_vec().unwrap()), Some(ResponseCode::FormErr));
        let mut counts = good.clone();
        counts[4..6].copy_from_slice(&[0xff, 0xff]);
        assert_eq!(code(&counts), Some(ResponseCode::FormErr));
        // A name that points at itself.
        let mut looped = good[..12].to_vec();
        looped.extend([0xc0, 12, 0, 1, 0, 1]);
        assert_eq!(code(&looped), Some(ResponseCode::FormErr));
        let mut response = good.clone();
        response[2] |= 0x80;
        assert_eq!(code(&response), None);
        let mut update = good.clone();
        update[2] = 5 << 3;
        assert_eq!(code(&update), Some(ResponseCode::NotImp));
        let mut chaos = good.clone();
        let end = chaos.len();
        chaos[end - 1] = 3;
        assert_eq!(code(&chaos), Some(ResponseCode::FormErr));
        assert_eq!(code(&[]), None);
        assert_eq!(code(&[1, 2, 3]), None);
        assert_eq!(code(&vec![0; LONGEST + 1]), None);
    }
}
