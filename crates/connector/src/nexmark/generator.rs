//! Event `n` of the stream, written straight into columns. It depends on `n` and the options only.

use arrow_array::ArrayRef;
use arrow_schema::{ArrowError, DataType as ArrowType, Fields};
use flott_record::{DataType, Field, TypeKind};

use super::columns::{Holds, KindColumns, TextColumn, kind_array};
use super::draw::Draw;
use super::price::price;
use super::tables::{POOL_BYTES, Tables, tables};

const FIRST_NAMES: [&str; 11] =
    ["Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"];
const LAST_NAMES: [&str; 9] = ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"];
const CITIES: [&str; 10] =
    ["Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"];
const STATES: [&str; 6] = ["AZ", "CA", "ID", "OR", "WA", "WY"];

const FIRST_PERSON: i64 = 1_000;
const FIRST_AUCTION: i64 = 1_000;
const FIRST_CATEGORY: i64 = 10;
const IN_FLIGHT_AUCTIONS: i64 = 100;
const ACTIVE_PERSONS: i64 = 1_000;
const ID_LEAD: i64 = 10;
const HOT_GROUP: i64 = 100;

const PERSON: &[(&str, Holds)] = &[
    ("id", Holds::Long),
    ("name", Holds::Text),
    ("emailAddress", Holds::Text),
    ("creditCard", Holds::Text),
    ("city", Holds::Text),
    ("state", Holds::Text),
    ("dateTime", Holds::Time),
    ("extra", Holds::Text),
];
const AUCTION: &[(&str, Holds)] = &[
    ("id", Holds::Long),
    ("itemName", Holds::Text),
    ("description", Holds::Text),
    ("initialBid", Holds::Long),
    ("reserve", Holds::Long),
    ("dateTime", Holds::Time),
    ("expires", Holds::Time),
    ("seller", Holds::Long),
    ("category", Holds::Long),
    ("extra", Holds::Text),
];
const BID: &[(&str, Holds)] = &[
    ("auction", Holds::Long),
    ("bidder", Holds::Long),
    ("price", Holds::Long),
    ("channel", Holds::Text),
    ("url", Holds::Text),
    ("dateTime", Holds::Time),
    ("extra", Holds::Text),
];

/// What the events are made of; the defaults are those of the options.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Events per second of event time.
    pub rate_per_s: i64,
    /// Event time of the start, milliseconds since the epoch.
    pub base_time_ms: i64,
    /// Seed of all draws.
    pub seed: i64,
    /// Persons, auctions and bids in each epoch.
    pub proportions: [i64; 3],
    /// Average bytes of a person, an auction and a bid.
    pub average_bytes: [i64; 3],
    /// One in so many auctions has a seller that isn't hot.
    pub hot_sellers: i32,
    /// One in so many bids is on an auction that isn't hot.
    pub hot_auctions: i32,
    /// One in so many bids is of a bidder who isn't hot.
    pub hot_bidders: i32,
}

/// The columns of a table of events, in their standard order.
pub fn event_fields() -> Vec<Field> {
    let row = |fields: &[(&str, Holds)]| {
        let field = |(name, holds): &(&str, Holds)| {
            let kind = match holds {
                Holds::Long => TypeKind::BigInt,
                Holds::Time => TypeKind::Timestamp(3),
                Holds::Text => TypeKind::string(),
            };
            Field::new(*name, kind.nullable())
        };
        TypeKind::Row(fields.iter().map(field).collect()).nullable()
    };
    let int: DataType = TypeKind::Int.nullable();
    let kinds = [("event_type", int), ("person", row(PERSON)), ("auction", row(AUCTION)), ("bid", row(BID))];
    kinds.into_iter().map(|(name, data_type)| Field::new(name, data_type)).collect()
}

fn struct_fields(data_type: &DataType) -> Fields {
    match data_type.to_arrow() {
        ArrowType::Struct(fields) => fields,
        _ => Fields::empty(),
    }
}

/// Where an event lies in its epoch.
#[derive(Clone, Copy)]
struct Place {
    epoch: i64,
    offset: i64,
}

/// Makes events. Holds the batch under construction, of which [`Generator::finish`] makes arrays.
pub struct Generator {
    shape: Shape,
    total: i64,
    delay_us: f64,
    horizon_events: i64,
    tables: &'static Tables,
    fields: [Fields; 3],
    kinds: Vec<i32>,
    person: KindColumns,
    auction: KindColumns,
    bid: KindColumns,
}

fn layout_of(fields: &'static [(&'static str, Holds)]) -> Vec<Holds> {
    fields.iter().map(|(_, holds)| *holds).collect()
}

impl Generator {
    /// A generator of events of this shape.
    pub fn new(shape: Shape) -> Self {
        let fields = event_fields();
        let total = shape.proportions.iter().sum();
        Generator {
            total,
            delay_us: 1_000_000.0 / shape.rate_per_s as f64,
            horizon_events: IN_FLIGHT_AUCTIONS * total / shape.proportions[1].max(1),
            tables: tables(),
            fields: std::array::from_fn(|kind| struct_fields(&fields[kind + 1].data_type)),
            kinds: Vec::new(),
            person: KindColumns::new(layout_of(PERSON)),
            auction: KindColumns::new(layout_of(AUCTION)),
            bid: KindColumns::new(layout_of(BID)),
            shape,
        }
    }

    fn time_of_number(&self, number: i64) -> i64 {
        self.shape.base_time_ms + (number as f64 * self.delay_us) as i64 / 1_000
    }

    /// Event time of event `n`, milliseconds since the epoch.
    pub fn time_ms(&self, n: u64) -> i64 {
        self.time_of_number(n as i64 + 1)
    }

    /// Rows of the batch under construction.
    pub fn rows(&self) -> usize {
        self.kinds.len()
    }

    /// Adds event `n` to the batch.
    #[inline]
    pub fn push(&mut self, n: u64) {
        let id = n as i64 + 2;
        let place = Place { epoch: id / self.total, offset: id % self.total };
        let mut draw = Draw::of_event(self.shape.seed as u64, n);
        let row = self.kinds.len();
        let [persons, auctions, _] = self.shape.proportions;
        if place.offset < persons {
            self.kinds.push(0);
            self.push_person(n, row, place, &mut draw);
        } else if place.offset < persons + auctions {
            self.kinds.push(1);
            self.push_auction(n, row, place, &mut draw);
        } else {
            self.kinds.push(2);
            self.push_bid(n, row, place, &mut draw);
        }
    }

    /// The batch's four columns; the batch is empty after it.
    ///
    /// # Errors
    /// None that data could bring about; Arrow's checks may fail.
    pub fn finish(&mut self) -> Result<Vec<ArrayRef>, ArrowError> {
        let rows = self.kinds.len();
        Ok(vec![
            kind_array(&mut self.kinds),
            self.person.finish(rows, &self.fields[0])?,
            self.auction.finish(rows, &self.fields[1])?,
            self.bid.finish(rows, &self.fields[2])?,
        ])
    }

    fn last_person(&self, place: Place) -> i64 {
        let persons = self.shape.proportions[0];
        place.epoch * persons + place.offset.min(persons - 1)
    }

    fn last_auction(&self, place: Place) -> i64 {
        let [persons, auctions, _] = self.shape.proportions;
        let offset = place.offset - persons;
        if offset < 0 {
            (place.epoch - 1) * auctions + auctions - 1
        } else {
            place.epoch * auctions + offset.min(auctions - 1)
        }
    }

    fn any_person(&self, place: Place, draw: &mut Draw) -> i64 {
        let persons = self.last_person(place) + 1;
        let active = persons.min(ACTIVE_PERSONS);
        persons - active + draw.below_long(active + ID_LEAD)
    }

    fn any_auction(&self, place: Place, draw: &mut Draw) -> i64 {
        let last = self.last_auction(place);
        let first = (last - IN_FLIGHT_AUCTIONS).max(0);
        first + draw.below_long(last - first + 1 + ID_LEAD)
    }

    fn push_person(&mut self, n: u64, row: usize, place: Place, draw: &mut Draw) {
        let time_ms = self.time_ms(n);
        let id = self.last_person(place) + FIRST_PERSON;
        let columns = &mut self.person;
        columns.begin(row);
        let [id_column, time_column] = &mut columns.longs[..] else { return };
        let [name, email, card, city, state, extra] = &mut columns.texts[..] else { return };
        id_column.push(id);
        time_column.push(time_ms);
        let start = name.bytes.len();
        name.bytes.extend_from_slice(FIRST_NAMES[draw.below(11) as usize].as_bytes());
        name.bytes.push(b' ');
        name.bytes.extend_from_slice(LAST_NAMES[draw.below(9) as usize].as_bytes());
        let mut size = 8 + name.end(row, start);
        let start = email.bytes.len();
        draw.word(7, b' ', &mut email.bytes);
        email.bytes.push(b'@');
        draw.word(5, b' ', &mut email.bytes);
        email.bytes.extend_from_slice(b".com");
        size += email.end(row, start);
        let start = card.bytes.len();
        push_credit_card(draw, &mut card.bytes);
        size += card.end(row, start);
        size += city.push(row, CITIES[draw.below(10) as usize].as_bytes());
        size += state.push(row, STATES[draw.below(6) as usize].as_bytes());
        push_extra(draw, &self.tables.pool, size, self.shape.average_bytes[0], row, extra);
    }

    fn push_auction(&mut self, n: u64, row: usize, place: Place, draw: &mut Draw) {
        let time_ms = self.time_ms(n);
        let seller = if draw.below(self.shape.hot_sellers) > 0 {
            self.last_person(place) / HOT_GROUP * HOT_GROUP
        } else {
            self.any_person(place, draw)
        } + FIRST_PERSON;
        let category = FIRST_CATEGORY + i64::from(draw.below(5));
        let initial_bid = price(draw);
        let horizon_ms = self.time_of_number(n as i64 + 1 + self.horizon_events) - time_ms;
        let expires_ms = time_ms + 1 + draw.below_long((2 * horizon_ms).max(1));
        let id = self.last_auction(place) + FIRST_AUCTION;
        let columns = &mut self.auction;
        columns.begin(row);
        let [item, description, extra] = &mut columns.texts[..] else { return };
        let start = item.bytes.len();
        draw.word(20, b' ', &mut item.bytes);
        let mut size = 48 + item.end(row, start);
        let start = description.bytes.len();
        draw.word(100, b' ', &mut description.bytes);
        size += description.end(row, start);
        let reserve = initial_bid + price(draw);
        push_extra(draw, &self.tables.pool, size, self.shape.average_bytes[1], row, extra);
        for (column, value) in
            columns.longs.iter_mut().zip([id, initial_bid, reserve, time_ms, expires_ms, seller, category])
        {
            column.push(value);
        }
    }

    fn push_bid(&mut self, n: u64, row: usize, place: Place, draw: &mut Draw) {
        let auction = if draw.below(self.shape.hot_auctions) > 0 {
            self.last_auction(place) / HOT_GROUP * HOT_GROUP
        } else {
            self.any_auction(place, draw)
        } + FIRST_AUCTION;
        // The first person's id is added twice, as in the public generator: bidders are 1000 off from persons.
        let bidder = if draw.below(self.shape.hot_bidders) > 0 {
            self.last_person(place) / HOT_GROUP * HOT_GROUP + 1
        } else {
            self.any_person(place, draw)
        } + 2 * FIRST_PERSON;
        let price = price(draw);
        let channel = if draw.below(2) > 0 { draw.below(4) } else { 4 + draw.below(10_000) } as usize;
        let time_ms = self.time_ms(n);
        let columns = &mut self.bid;
        columns.begin(row);
        let [auctions, bidders, prices, times] = &mut columns.longs[..] else { return };
        auctions.push(auction);
        bidders.push(bidder);
        prices.push(price);
        times.push(time_ms);
        let [channels, urls, extra] = &mut columns.texts[..] else { return };
        channels.push(row, self.tables.channels.get(channel));
        urls.push(row, self.tables.urls.get(channel));
        push_extra(draw, &self.tables.pool, 32, self.shape.average_bytes[2], row, extra);
    }
}

fn push_credit_card(draw: &mut Draw, out: &mut Vec<u8>) {
    for group in 0..4 {
        if group > 0 {
            out.push(b' ');
        }
        let number = draw.below(10_000);
        for unit in [1_000, 100, 10, 1] {
            out.push(b'0' + (number / unit % 10) as u8);
        }
    }
}

/// Filling text that brings an event of `size` bytes to about `average` bytes.
#[inline]
fn push_extra(draw: &mut Draw, pool: &[u8], size: i64, average: i64, row: usize, column: &mut TextColumn) {
    if size > average {
        column.push(row, b"");
        return;
    }
    let want = average - size;
    let delta = (want as f64 * 0.2 + 0.5) as i64;
    let more = if delta == 0 { 0 } else { i64::from(draw.below(2 * delta as i32)) };
    let length = (want - delta + more) as i32;
    let offset = draw.below(POOL_BYTES - length) as usize;
    column.push(row, &pool[offset..offset + length as usize]);
}
