//! Compares the samples with random values: every answer that one of these gives must be given by a sample.

use claw_runtime::{
    Arg, Date, Decimal, Duration, EnumDef, EnumId, Field, Out, RecordDef, RecordId, Span, Time, TimeOfDay, Tri, Vocab,
    Zone, by_name,
};
use proptest::prelude::*;

use super::*;

/// The answer of a builtin.
fn ask(name: &str, args: &[&Value]) -> Tri {
    let id = by_name(name).unwrap();
    let args: Vec<Arg<'_>> = args.iter().map(|value| Arg::Known(value)).collect();
    match id.call(&args) {
        Out::Known(Value::Bool(answer)) => answer.into(),
        Out::Unknown => Tri::Unknown,
        other => panic!("{name}: {other:?}"),
    }
}

/// What every test against the constants answers.
fn answers(value: &Value, ty: &Type, hints: &Hints<'_>) -> Vec<Tri> {
    let tests: &[&str] = match ty {
        Type::Int | Type::Decimal | Type::Duration | Type::Date | Type::Time => &["eq", "lt", "le", "gt", "ge"],
        _ => &["eq"],
    };
    let mut out = Vec::new();
    for constant in hints.constants {
        out.extend(tests.iter().map(|test| ask(test, &[value, constant])));
        if *ty == Type::Ip {
            out.push(ask("ip.in", &[value, constant]));
        }
    }
    if *ty == Type::Ip {
        out.extend(["ip.is_private", "ip.is_loopback"].map(|test| ask(test, &[value])));
    }
    if let Value::Time(time) = value {
        out.extend(hints.windows.iter().map(|(window, zone)| Tri::from(window.contains(*time, zone))));
    }
    out
}

/// Some sample answers like the value.
fn covers(value: &Value, ty: &Type, hints: &Hints<'_>) -> Result<(), TestCaseError> {
    let found = samples(ty, &schema(), hints);
    let wanted = answers(value, ty, hints);
    prop_assert!(
        found.values.iter().any(|sample| answers(sample, ty, hints) == wanted),
        "{value:?} is unlike all of {:?}",
        found.values
    );
    Ok(())
}

fn field(name: &str, ty: Type, optional: bool, default: Option<Value>) -> Field {
    Field { name: name.to_owned(), ty, optional, default, doc: String::new() }
}

fn schema() -> Schema {
    let variants = ["red", "green", "blue"].map(str::to_owned).to_vec();
    let file = vec![
        field("path", Type::Path, false, None),
        field("colour", Type::Enum(EnumId(0)), true, None),
        field("size", Type::Int, false, Some(Value::Int(7))),
    ];
    let tree = vec![
        field("root", Type::Record(RecordId(0)), false, None),
        field("children", Type::list(Type::Record(RecordId(1))), false, None),
        field("parent", Type::Record(RecordId(1)), true, None),
    ];
    let record = |name: &str, fields| RecordDef { name: name.to_owned(), fields };
    Schema {
        enums: vec![EnumDef { name: "colour".to_owned(), variants }],
        records: vec![record("file", file), record("tree", tree)],
    }
}

fn types() -> Vec<Type> {
    let mut out = vec![Type::Bool, Type::Int, Type::Decimal, Type::Str, Type::Duration, Type::Time, Type::Date];
    out.extend([Type::Bytes, Type::Secret, Type::Json, Type::Email, Type::Host, Type::Url, Type::Ip, Type::IpNet]);
    out.extend([Type::Path, Type::RemotePath, Type::Enum(EnumId(0)), Type::Record(RecordId(0))]);
    out.extend([ShellDialect::Bash, ShellDialect::Sh].map(Type::Command));
    out.extend([SqlDialect::Postgres, SqlDialect::Mysql, SqlDialect::Sqlite, SqlDialect::Ansi].map(Type::Sql));
    out.push(Type::Record(RecordId(1)));
    let of: Vec<Type> = out.iter().flat_map(|ty| [Type::list(ty.clone()), Type::set(ty.clone())]).collect();
    out.extend(of);
    out.push(Type::list(Type::set(Type::list(Type::Int))));
    out
}

/// Numbers near each other, and near the ends.
fn near() -> impl Strategy<Value = i64> {
    prop_oneof![8 => -4i64..=4, 1 => any::<i64>(), 1 => (i64::MAX - 3)..=i64::MAX, 1 => i64::MIN..=(i64::MIN + 3)]
}

fn decimal() -> impl Strategy<Value = Decimal> {
    let largest = 10i128.pow(38) - 1;
    let simple = (-400i128..=400, 0u8..=2).prop_map(|(c, s)| Decimal::new(c, s));
    let fine = (-4i128..=4, 37u8..=38).prop_map(|(c, s)| Decimal::new(c, s));
    let long = (0i128..=4, any::<bool>(), 0u8..=38)
        .prop_map(move |(less, negative, s)| Decimal::new(if negative { less - largest } else { largest - less }, s));
    let whole = near().prop_map(|n| Some(Decimal::from(n)));
    prop_oneof![6 => simple, 1 => fine, 2 => long, 1 => whole].prop_filter_map("fits", |d| d)
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![4 => -4i64..=4, 2 => (-3i64..=3).prop_map(|s| s * 1000), 1 => any::<i64>()]
        .prop_map(Duration::from_millis)
}

fn date() -> impl Strategy<Value = Date> {
    prop_oneof![
        6 => (1i8..=9).prop_map(|day| Date::new(2026, 3, day)),
        1 => Just(Date::new(0, 1, 1)),
        1 => Just(Date::new(9999, 12, 31)),
        1 => Just(Date::new(9999, 12, 30)),
    ]
    .prop_filter_map("in the calendar", |d| d)
}

fn time() -> impl Strategy<Value = Time> {
    (0i64..4, prop_oneof![Just(0i32), 0i32..4, Just(1_000_000), Just(999_999_999)])
        .prop_map(|(s, ns)| Time::try_from((1_772_000_000 + s, ns)).unwrap())
}

fn constants<T>(of: impl Strategy<Value = T>, as_value: fn(T) -> Value) -> impl Strategy<Value = Vec<Value>>
where
    T: std::fmt::Debug,
{
    proptest::collection::vec(of.prop_map(as_value), 0..6)
}

fn ip() -> impl Strategy<Value = IpAddr> {
    let anchors = ["10.0.0.0", "10.0.3.255", "0.0.0.0", "255.255.255.255", "127.0.0.1", "::", "::ffff:ffff:ffff"];
    let others = ["::1", "fc00::", "fdff:ffff::", "2001:db8::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"];
    let near =
        (prop::sample::select([&anchors[..], &others].concat()), -2i128..=2).prop_map(|(anchor, by)| {
            match anchor.parse().unwrap() {
                IpAddr::V4(ip) => IpAddr::V4(ip.to_bits().saturating_add_signed(by as i32).into()),
                IpAddr::V6(ip) => IpAddr::V6(ip.to_bits().saturating_add_signed(by).into()),
            }
        });
    let any =
        prop_oneof![any::<u32>().prop_map(|n| IpAddr::V4(n.into())), any::<u128>().prop_map(|n| IpAddr::V6(n.into()))];
    prop_oneof![3 => near, 1 => any].prop_map(|ip| ip.to_canonical())
}

fn ip_constant() -> impl Strategy<Value = Value> {
    let net = (ip(), 0u8..=128).prop_map(|(ip, bits)| {
        let text = |bits: u8| format!("{ip}/{}", if ip.is_ipv4() { bits / 4 } else { bits });
        // Take bits off until the address begins its range.
        let fitting = (bits..=128).find_map(|bits| parse_text(&text(bits), &Type::IpNet).ok());
        fitting.unwrap_or(Value::Ip(ip))
    });
    prop_oneof![net, ip().prop_map(Value::Ip)]
}

proptest! {
    #[test]
    fn ints_are_covered(
        constants in proptest::collection::vec(
            prop_oneof![3 => near().prop_map(Value::Int), 1 => decimal().prop_map(Value::Decimal)], 0..6),
        value in near(),
    ) {
        let hints = Hints { constants: &constants, ..Hints::default() };
        prop_assert!(samples(&Type::Int, &schema(), &hints).complete);
        covers(&Value::Int(value), &Type::Int, &hints)?;
    }

    #[test]
    fn decimals_are_covered(constants in constants(decimal(), Value::Decimal), value in decimal()) {
        let hints = Hints { constants: &constants, ..Hints::default() };
        prop_assert!(samples(&Type::Decimal, &schema(), &hints).complete);
        covers(&Value::Decimal(value), &Type::Decimal, &hints)?;
    }

    #[test]
    fn durations_are_covered(constants in constants(duration(), Value::Duration), value in duration()) {
        let hints = Hints { constants: &constants, ..Hints::default() };
        covers(&Value::Duration(value), &Type::Duration, &hints)?;
    }

    #[test]
    fn dates_are_covered(constants in constants(date(), Value::Date), value in date()) {
        let hints = Hints { constants: &constants, ..Hints::default() };
        if samples(&Type::Date, &schema(), &hints).complete {
            covers(&Value::Date(value), &Type::Date, &hints)?;
        }
    }

    #[test]
    fn times_are_covered(constants in constants(time(), Value::Time), value in time()) {
        let hints = Hints { constants: &constants, ..Hints::default() };
        prop_assert!(samples(&Type::Time, &schema(), &hints).complete);
        covers(&Value::Time(value), &Type::Time, &hints)?;
    }

    #[test]
    fn addresses_are_covered(
        constants in proptest::collection::vec(ip_constant(), 0..6),
        values in proptest::collection::vec(ip(), 1..40),
    ) {
        let hints = Hints { constants: &constants, ..Hints::default() };
        prop_assert!(samples(&Type::Ip, &schema(), &hints).complete);
        for value in values {
            covers(&Value::Ip(value), &Type::Ip, &hints)?;
        }
    }
}

fn zone(name: &str) -> TimeZone {
    let (name, tzif) = crate::zones::lookup(name).unwrap();
    Zone { name: name.to_owned(), tzif: tzif.to_vec() }.load().unwrap()
}

/// Windows with spans on round and odd minutes, and exceptions around the changes of clocks.
fn window() -> impl Strategy<Value = Window> {
    let minute = prop_oneof![(0u16..=48).prop_map(|half| half * 30), Just(1u16), Just(1439), Just(150)];
    let span = (minute.clone(), minute).prop_map(|(from, to)| {
        let at = |minutes| TimeOfDay::from_minutes(minutes).unwrap();
        Span { from: at(from), to: at(to) }
    });
    let day = prop_oneof![
        Just(Date::new(2026, 3, 29)),
        Just(Date::new(2026, 3, 28)),
        Just(Date::new(2026, 10, 25)),
        Just(Date::new(2026, 4, 5)),
        (1i8..=28).prop_map(|d| Date::new(2026, 1, d)),
        (1i8..=9).prop_map(|d| Date::new(2027, 2, d)),
    ];
    (0u8..128, proptest::collection::vec(span, 0..3), proptest::collection::vec(day, 0..4)).prop_map(
        |(days, spans, except)| Window {
            days: (0..7)
                .filter(|day| days >> day & 1 == 1)
                .fold(claw_runtime::Days::default(), claw_runtime::Days::with),
            spans,
            zone: 0,
            except: except.into_iter().flatten().collect(),
        },
    )
}

/// Milliseconds in the two years from 2026, and around the days that the windows know.
fn instant() -> impl Strategy<Value = Time> {
    let start = Time::parse("2026-01-01T00:00:00Z").unwrap().as_millis();
    let half_hours: i64 = 2 * 365 * 48;
    let days = [
        "2026-03-27T12:00:00Z",
        "2026-10-24T00:00:00Z",
        "2026-04-04T00:00:00Z",
        "2026-01-03T00:00:00Z",
        "2027-02-01T00:00:00Z",
    ];
    let near = prop::sample::select(days.to_vec()).prop_map(|day| Time::parse(day).unwrap().as_millis());
    let at = prop_oneof![Just(start), near];
    (at, prop_oneof![0..half_hours, 0i64..200], -1i64..=1)
        .prop_map(|(at, half, off)| Time::from_millis(at + half * 1_800_000 + off).unwrap())
}

proptest! {
    #[test]
    fn windows_are_covered(
        name in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
        windows in proptest::collection::vec(window(), 1..3),
        constants in constants(instant(), Value::Time),
        values in proptest::collection::vec(instant(), 1..200),
    ) {
        let zone = zone(name);
        let windows: Vec<_> = windows.iter().map(|window| (window, &zone)).collect();
        let hints = Hints { constants: &constants, windows: &windows, ..Hints::default() };
        let found = samples(&Type::Time, &schema(), &hints);
        prop_assert!(found.complete);
        let given: Vec<_> = found.values.iter().map(|sample| answers(sample, &Type::Time, &hints)).collect();
        for value in values {
            let wanted = answers(&Value::Time(value), &Type::Time, &hints);
            prop_assert!(given.contains(&wanted), "{value} is unlike all of {:?}", found.values);
        }
    }

    #[test]
    fn windows_of_two_zones_are_nearly_covered(value in instant()) {
        let (berlin, york) = (zone("Europe/Berlin"), zone("America/New_York"));
        let nine_to_five = Span { from: TimeOfDay::from_minutes(540).unwrap(), to: TimeOfDay::from_minutes(1020).unwrap() };
        let office = Window { days: claw_runtime::Days::ALL, spans: vec![nine_to_five], zone: 0, except: Vec::new() };
        let other = Window { zone: 1, ..office.clone() };
        let hints = Hints { windows: &[(&office, &berlin), (&other, &york)], ..Hints::default() };
        prop_assert!(!samples(&Type::Time, &schema(), &hints).complete);
        covers(&Value::Time(value), &Type::Time, &hints)?;
    }

    #[test]
    fn every_sample_can_be_sent(
        index in 0..types().len(),
        numbers in constants(near(), Value::Int),
        others in constants(prop_oneof![
            decimal().prop_map(Value::Decimal), duration().prop_map(Value::Duration), ip_constant(),
            time().prop_map(Value::Time), date().prop_map(Value::Date),
        ], |value| value),
        texts in proptest::collection::vec(
            r"[a-z]{0,6}|-[a-z]|[a-z]{1,5}\.[a-z]{2,3}|/[a-z./]{0,9}|[a-z]{1,3}@[a-z]{1,3}\.com|https?://[a-z]{1,4}\.com/[a-z]?|\PC{0,6}", 0..6),
    ) {
        let schema = schema();
        let ty = &types()[index];
        let words: Vec<Value> = texts.iter().map(|text| Value::str(text.as_str())).collect();
        let domains = [Type::Email, Type::Host, Type::Url, Type::Path]
            .iter()
            .flat_map(|ty| texts.iter().filter_map(|text| parse_text(text, ty).ok()));
        let constants: Vec<Value> = numbers.into_iter().chain(others).chain(words).chain(domains).collect();
        let hints = Hints { constants: &constants, texts: &texts, ..Hints::default() };
        let found = samples(ty, &schema, &hints);
        prop_assert!(!found.values.is_empty() && found.values.len() <= MOST);
        let mut seen = std::collections::HashSet::new();
        for value in &found.values {
            let json = wire(value, ty, &schema);
            let decoded = Decoder::request(&schema, &Limits::default(), &targets(value, ty, &schema, "/args/x"))
                .value(&json, ty, "/args/x");
            prop_assert_eq!(decoded.as_ref(), Ok(value));
            prop_assert!(seen.insert(value.clone()), "{:?} is there twice", value);
        }
        prop_assert_eq!(samples(ty, &schema, &hints), found);
    }
}

/// The answers of windows on all days in Berlin, each with one span and perhaps an exception, that some sample gives.
fn berlin(windows: &[(&str, &str, Option<&str>)]) -> Vec<Vec<Tri>> {
    let rules = zone("Europe/Berlin");
    let minutes = |text: &str| TimeOfDay::parse(text).unwrap();
    let windows: Vec<Window> = windows
        .iter()
        .map(|(from, to, except)| Window {
            days: claw_runtime::Days::ALL,
            spans: vec![Span { from: minutes(from), to: minutes(to) }],
            zone: 0,
            except: except.iter().map(|day| Date::parse(day).unwrap()).collect(),
        })
        .collect();
    let windows: Vec<_> = windows.iter().map(|window| (window, &rules)).collect();
    let hints = Hints { windows: &windows, ..Hints::default() };
    let found = samples(&Type::Time, &schema(), &hints);
    assert!(found.complete);
    found.values.iter().map(|value| answers(value, &Type::Time, &hints)).collect()
}

#[test]
fn exceptions_are_looked_at_wherever_they_are() {
    let office = [("09:00", "17:00", None), ("09:00", "17:00", Some("2031-02-03"))];
    assert!(berlin(&office).contains(&vec![Tri::True, Tri::False]));
    // Open on the evening before, closed on the morning after.
    let nights = [("04:00", "06:00", None), ("22:00", "06:00", Some("2031-02-03"))];
    assert!(berlin(&nights).contains(&vec![Tri::True, Tri::False]));
}

#[test]
fn a_window_may_open_when_the_clocks_jump() {
    // On that night there is only a quarter of an hour of it, and it begins with the change of clocks.
    let early = [("02:30", "03:15", None), ("02:30", "03:15", Some("2026-03-29"))];
    assert!(berlin(&early).contains(&vec![Tri::True, Tri::False]));
}

#[test]
fn plain_values_can_be_sent() {
    let schema = schema();
    for ty in types() {
        let value = plain(&ty, &schema);
        assert!(fits(&value, &ty, &schema), "{ty:?}: {value:?}");
    }
}

/// The samples as canonical JSON.
fn shown(ty: &Type, constants: &[Value], texts: &[&str]) -> Vec<String> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    let hints = Hints { constants, texts: &texts, ..Hints::default() };
    let found = samples(ty, &schema(), &hints);
    found.values.iter().map(|value| wire(value, ty, &schema()).canonical()).collect()
}

fn has(shown: &[String], wanted: &[&str]) {
    for text in wanted {
        assert!(shown.iter().any(|s| s.trim_matches('"') == *text), "no `{text}` in {shown:#?}");
    }
}

#[test]
fn the_plainest_come_first() {
    let limit = [Value::Decimal(Decimal::from(500))];
    assert_eq!(shown(&Type::Decimal, &limit, &[]), ["1", "0", "10", "499.99", "500", "500.01", "-0.01"]);
    assert_eq!(shown(&Type::Int, &[Value::Int(5)], &[])[..5], ["0", "1", "4", "5", "6"]);
    assert_eq!(shown(&Type::Enum(EnumId(0)), &[], &[]), ["\"red\"", "\"green\"", "\"blue\""]);
    assert_eq!(shown(&Type::Bool, &[], &[]), ["false", "true"]);
    assert_eq!(shown(&Type::set(Type::Bool), &[], &[]), ["[]", "[false]", "[true]", "[false,true]"]);
}

#[test]
fn words_are_those_that_are_given() {
    let tier = Type::Word(Vocab::Tier);
    let words = ["low", "high"].map(Value::str);
    let hints = Hints { constants: &words, ..Hints::default() };
    assert_eq!(samples(&tier, &schema(), &hints), Samples { values: words.to_vec(), complete: false });
    assert_eq!(samples(&Type::set(tier), &schema(), &hints).values.len(), 4);
}

#[test]
fn elements_of_constants_are_constants() {
    let nets = Value::set(["1.2.0.0/16", "1.2.3.0/24"].map(|net| parse_text(net, &Type::IpNet).unwrap()).to_vec());
    has(&shown(&Type::Ip, &[nets], &[]), &["1.2.0.1", "1.2.3.1", "1.2.4.1"]);
}

#[test]
fn texts_come_with_near_misses() {
    let host = [parse_text("acme.com", &Type::Host).unwrap()];
    has(&shown(&Type::Host, &host, &[]), &["acme.com", "a.acme.com", "evilacme.com", "com", "127.0.0.1"]);
    has(&shown(&Type::Email, &host, &[]), &["a@acme.com", "a@evilacme.com", "a@a.acme.com"]);
    has(&shown(&Type::Url, &host, &[]), &["https://acme.com/", "http://acme.com/", "https://evilacme.com/"]);
    let url = [parse_text("https://acme.com/api", &Type::Url).unwrap()];
    let near =
        ["https://acme.com/api/x", "https://acme.com/apix", "https://acme.com:8443/api", "https://a.acme.com/api"];
    has(&shown(&Type::Url, &url, &[]), &near);
    let path = [parse_text("/srv/app", &Type::Path).unwrap()];
    has(&shown(&Type::Path, &path, &[".env"]), &["/srv/app", "/srv/app/a", "/srv", "/srv/appx", "/a/.env"]);
    has(&shown(&Type::Str, &[Value::str("ops")], &["dev"]), &["ops", "opsx", "OPS", "dev", "xdevx", ""]);
    has(&shown(&Type::Json, &[Value::Int(3)], &["/a/0"]), &["{\"a\":[3]}", "3", "null"]);
}

#[test]
fn commands_and_statements_use_the_words() {
    let bash = Type::Command(ShellDialect::Bash);
    let words = ["npm", "publish", "--force"];
    has(&shown(&bash, &[], &words), &["ls", "rm -rf /", "$x", "npm", "npm publish", "npm --force a", "sudo npm a"]);
    let sql = Type::Sql(SqlDialect::Postgres);
    has(
        &shown(&sql, &[Value::str("public.orders")], &["email"]),
        &["select 1", "select * from public.orders", "delete from public.orders", "select email from public.orders"],
    );
}

#[test]
fn records_and_lists_are_filled() {
    let file = shown(&Type::Record(RecordId(0)), &[Value::Int(9)], &[]);
    has(&file, &["{\"path\":\"/a\",\"size\":7}", "{\"colour\":\"blue\",\"path\":\"/a\",\"size\":7}"]);
    has(&file, &["{\"colour\":\"red\",\"path\":\"/a\",\"size\":10}"]);
    has(&shown(&Type::list(Type::Int), &[Value::Int(3)], &[]), &["[]", "[3]", "[0,1]", "[0,1,2,3]"]);
}
