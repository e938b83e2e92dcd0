//! Every byte may lie: a short run of each fuzzing target, the same on every machine.
//!
//! `make fuzz` runs the same functions for as long as one likes, and finds its way by what they reach.

use std::panic::catch_unwind;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use crate::fuzz_targets::ALL;
use crate::fuzz_targets::run;
use crate::fuzz_targets::seeds;
use crate::support::chance::Chance;
use crate::support::program::counted;

/// Time for the executions of one target; a machine that is slow or busy does fewer.
const TIME: Duration = Duration::from_millis(2400);

/// Executions of one target, at least.
const LEAST: u64 = 12;

/// Executions of one target, at most.
const MOST: u64 = 4000;

/// What counts as a hang. An execution takes milliseconds; the worst that was found, an index in a circle of which every
/// question is asked that there is, some 13 seconds in a debug build, and twice that on a busy machine.
const LONGEST: Duration = Duration::from_secs(80);

/// Numbers that parsers stumble over, cut to the width that is written.
const NUMBERS: [u64; 12] =
    [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, i64::MAX as u64, u64::MAX];

/// The seed with one to six changes.
fn mutated(seeds: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut data = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(6) {
        let len = data.len();
        let at = chance.below(len.max(1));
        match chance.below(10) {
            _ if len == 0 => data.push(chance.next() as u8),
            0 | 1 => data[at] ^= 1 << chance.below(8),
            2 => data[at] = chance.next() as u8,
            3..=5 => {
                let width = [2, 4, 8][chance.below(3)];
                let number = NUMBERS[chance.below(NUMBERS.len())].wrapping_add(chance.below(3) as u64);
                let bytes = if chance.below(4) == 0 { number.to_be_bytes() } else { number.to_le_bytes() };
                let at = at / width * width;
                let end = len.min(at + width);
                data[at..end].copy_from_slice(&bytes[..end - at]);
            }
            6 => {
                let from = chance.below(len);
                let count = chance.below(64).min(len - from.max(at));
                data.copy_within(from..from + count, at);
            }
            7 => {
                let end = len.min(at + 1 + chance.below(64));
                data[at..end].fill([0, 0xff, 0x20][chance.below(3)]);
            }
            8 => data.truncate(at),
            _ => {
                let more = 1 + chance.below(64);
                data.extend((0..more).map(|_| chance.next() as u8));
            }
        }
    }
    data
}

/// Runs the target on the bytes; the file that has them, when it fails.
fn survive(name: &str, data: &[u8], what: &str) -> Duration {
    let begun = Instant::now();
    let result = catch_unwind(|| run(name, data));
    let time = begun.elapsed();
    if result.is_err() || time > LONGEST {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("every_byte-{name}"));
        std::fs::write(&path, data).expect("written");
        panic!("{name}, {what}: {time:?}; the input is in {}", path.display());
    }
    time
}

fn short_run(name: &str) {
    let seeds = seeds::of(name, None);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    // The first also brings the images into memory.
    let mut slowest = survive(name, &seeds[0], "seed 0 as it is");
    let begun = Instant::now();
    for (index, seed) in seeds.iter().enumerate().skip(1).take_while(|_| begun.elapsed() < TIME / 3) {
        slowest = slowest.max(survive(name, seed, &format!("seed {index} as it is")));
    }
    let mut runs = 0;
    while runs < LEAST || (runs < MOST && begun.elapsed() < TIME) {
        let data = mutated(&seeds, &mut Chance::new(name, runs));
        slowest = slowest.max(survive(name, &data, &format!("run {runs}")));
        runs += 1;
    }
    let figures = format!("{} seeds, {runs} mutations, slowest {slowest:?}", seeds.len());
    counted(&format!("fuzz target {name}"), &figures);
}

#[test]
fn no_byte_makes_a_reader_panic_or_hang() {
    let half = ALL.len().div_ceil(2);
    std::thread::scope(|scope| {
        for targets in ALL.chunks(half) {
            scope.spawn(move || targets.iter().for_each(|(name, _)| short_run(name)));
        }
    });
}

/// What the fuzzers found.
#[test]
fn what_was_found_once_is_answered() {
    // An index that goes round in a circle: the ntfs crate followed it for 20,000 reads, for every name it was asked.
    let circle = [
        0x0a, 0xff, 0xff, 0x00, 0x11, 0xff, 0x21, 0x90, 0x93, 0x93, 0x0a, 0xf8, 0xff, 0xff, 0x00, 0x11, 0xff,
    ];
    // XML whose error is "expected '>' not" and the end of a line, which made two lines of the message.
    let end_of_line = *b"<p/\n";
    for (name, data) in [("ntfs", &circle[..]), ("reagent", &end_of_line)] {
        survive(name, data, "found by a fuzzer");
    }
}
