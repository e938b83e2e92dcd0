//! Many machines, one command each.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::Range;
use std::time::Instant;

use crate::matching::happen;
use crate::matching::judge::judge;
use crate::matching::outcome::outcomes;
use crate::matching::readings;
use crate::matching::run::End;
use crate::matching::run::Ran;
use crate::matching::run::run;
use crate::matching::scene::Scene;
use crate::matching::story::story;
use crate::support::program::counted;

/// Seeds of a plain run.
const SEEDS: u64 = 300;

/// Failing seeds that are told in full; of the others their rules and numbers.
const STORIES: usize = 5;

/// Elements that a plain `fix` must cure where it has to cure all, in a hundred.
const CURED_MIN: usize = 100;

/// What was counted.
#[derive(Default)]
struct Counts {
    runs: usize,
    unfair: BTreeMap<&'static str, usize>,
    ends: BTreeMap<&'static str, usize>,
    changed: usize,
    left: usize,
    curable: usize,
    cured: usize,
    /// Of these plain scenes all elements were not cured.
    uncured: Vec<u64>,
}

impl Counts {
    fn add(&mut self, seed: u64, scene: &Scene, ran: &Ran) {
        self.runs += 1;
        let end = match &ran.end {
            End::Wrote => "wrote",
            End::Nothing => "nothing to do",
            End::Refused(_) => "refused",
            End::Rehearsal(_) => "did not come out in memory",
        };
        *self.ends.entry(end).or_default() += 1;
        let outcomes = outcomes(scene, &ran.after);
        let is_stale = |named| scene.now.resolve(named).is_none();
        self.changed += outcomes.iter().filter(|outcome| outcome.is_changed()).count();
        self.left +=
            outcomes.iter().filter(|outcome| !outcome.is_changed() && is_stale(outcome.after)).count();
        if scene.is_plain() {
            let open = outcomes.iter().filter(|outcome| !outcome.name.role.is_fixed());
            let open: Vec<_> = open.filter(|outcome| is_stale(outcome.name.named)).collect();
            let cured = open.iter().filter(|outcome| outcome.is_changed()).count();
            self.curable += open.len();
            self.cured += cured;
            if cured < open.len() {
                self.uncured.push(seed);
            }
        }
    }

    fn figures(&self) -> String {
        let Self { runs, changed, left, curable, cured, .. } = self;
        let ends: Vec<String> = self.ends.iter().map(|(end, count)| format!("{count} {end}")).collect();
        let ends = ends.join(", ");
        format!(
            "{runs} machines ({ends}), {changed} elements re-pointed, {left} left, {cured} of {curable} cured that have to be"
        )
    }
}

/// Operations, disks and elements: the fewer, the simpler.
type Size = (usize, usize, usize);

/// The simplest seed of each rule, in full.
fn stories(simplest: &BTreeMap<&'static str, (Size, u64)>) -> String {
    let mut text = String::new();
    let seeds: BTreeSet<u64> = simplest.values().map(|(_, seed)| *seed).collect();
    for seed in seeds.into_iter().take(STORIES) {
        let scene = happen::scene(seed).expect("it was made before");
        let ran = run(&scene);
        let _ = writeln!(text, "\nseed {seed}\n{}", story(&scene, &ran));
        for fault in judge(&scene, &ran) {
            let _ = writeln!(text, "  WRONG, {}: {}", fault.rule, fault.what);
        }
    }
    text
}

/// The seeds of this run.
fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("BCDRESCUE_SEEDS") else { return 0..SEEDS };
    let number = |text: &str| text.trim().parse().expect("a number in BCDRESCUE_SEEDS");
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(&text),
    }
}

/// What is left out as undecidable and what has to be cured fit together: plain events explain every place of a plain scene.
#[test]
fn what_has_to_be_cured_can_be_told() {
    let mut places = 0;
    for (seed, scene) in seeds().filter_map(|seed| Some((seed, happen::scene(seed).ok()?))) {
        if scene.is_plain() {
            let (all, explained) = readings::explained(&scene);
            let untold = || story(&scene, &run(&scene));
            assert_eq!(explained, all, "seed {seed}\n{}", untold());
            places += all;
        }
    }
    assert!(places > 0);
}

#[test]
fn no_element_comes_to_name_what_it_did_not_mean() {
    let (begun, mut counts) = (Instant::now(), Counts::default());
    let mut failing: BTreeMap<&'static str, Vec<u64>> = BTreeMap::new();
    let mut simplest: BTreeMap<&'static str, (Size, u64)> = BTreeMap::new();
    for seed in seeds() {
        let scene = match happen::scene(seed) {
            Ok(scene) => scene,
            Err(why) => {
                *counts.unfair.entry(why).or_default() += 1;
                continue;
            }
        };
        let ran = run(&scene);
        counts.add(seed, &scene, &ran);
        let faults = judge(&scene, &ran);
        for fault in &faults {
            let seeds = failing.entry(fault.rule).or_default();
            if seeds.last() != Some(&seed) {
                seeds.push(seed);
            }
        }
        // Those are told that are the easiest to understand.
        let size = (scene.operations.len(), scene.now.disks.len(), scene.names().count());
        for fault in &faults {
            let known = simplest.entry(fault.rule).or_insert((size, seed));
            *known = (*known).min((size, seed));
        }
    }
    let figures = counts.figures();
    let rate = counts.runs as f64 / begun.elapsed().as_secs_f64() * 60.0;
    println!("{figures}; not made: {:?}; {rate:.0} machines a minute", counts.unfair);
    println!("plain ones with something left: {:?}", counts.uncured.iter().take(20).collect::<Vec<_>>());
    for (rule, seeds) in &failing {
        let some: Vec<String> = seeds.iter().take(12).map(u64::to_string).collect();
        println!("{} seeds: {rule}: {}", seeds.len(), some.join(", "));
    }
    if let ([], [seed]) =
        (failing.keys().collect::<Vec<_>>().as_slice(), seeds().collect::<Vec<_>>().as_slice())
        && let Ok(scene) = happen::scene(*seed)
    {
        println!("\n{}", story(&scene, &run(&scene)));
    }
    assert!(failing.is_empty(), "{}", stories(&simplest));
    assert!(counts.cured * 100 >= counts.curable * CURED_MIN, "{figures}");
    counted("machines of which it is known what each element meant", &figures);
}
