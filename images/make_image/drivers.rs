//! Storage drivers of Windows: their services and hardware ids in its SYSTEM hive, and their files, as an installer leaves them, or short
//! of that in a named way.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use bcdrescue::hive::BaseBlock;
use bcdrescue::hive::Hive;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::build;
use bcdrescue::layout::Layout;
use bcdrescue::layout::drivers::controller::Controller;
use bcdrescue::layout::drivers::need::Generation;
use bcdrescue::layout::drivers::need::Need;
use bcdrescue::layout::drivers::need::chain;
use bcdrescue::layout::drivers::need::ways;
use bcdrescue::layout::windows::WindowsVolume;
use bcdrescue::storage::window::Window;
use bcdrescue::volume::NewEntry;
use bcdrescue::volume::Volume;
use bcdrescue::volume::VolumeWriter;

use crate::disk::Disk;
use crate::driver_keys::bind;
use crate::driver_keys::number;
use crate::driver_keys::service;
use crate::driver_keys::set;
use crate::field::put;
use crate::place::windows;

/// 2024-03-06 12:00:00 UTC.
const WRITTEN: u64 = 133_542_000_000_000_000;
/// The first build that has `DriverDatabase`: Windows 8.
const EIGHT: u32 = 9200;
/// The file name in a base block, and the checksum (M. Suhanov, "Windows registry file format specification").
const NAME: std::ops::Range<usize> = 0x30..0x70;
const CHECKSUM: usize = 0x1fc;
/// Longest SYSTEM hive and driver that a base has.
const HIVE_MAX: u64 = 1 << 20;
const FILE_MAX: u64 = 1 << 20;

/// What a Windows has of the drivers of a controller: the answers of `check --on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Ready,
    Overridden,
    Patchable,
    Staged,
    NotReady,
}

impl State {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Ready, Self::Overridden, Self::Patchable, Self::Staged, Self::NotReady];

    /// Its name in recipes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Overridden => "ready-but-overridden",
            Self::Patchable => "patchable",
            Self::Staged => "staged",
            Self::NotReady => "not-ready",
        }
    }

    /// What it stands for.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Ready => "installed, and loaded at boot",
            Self::Overridden => {
                "Windows 8 and later: the same, overridden for the hardware on which Windows ran"
            }
            Self::Patchable => "installed, and not loaded at boot",
            Self::Staged => "Windows 8 and later: in the driver store, and never installed",
            Self::NotReady => "its file is missing",
        }
    }

    /// The start value of a service, where it has one.
    const fn start(self) -> Option<u32> {
        match self {
            Self::Ready | Self::Overridden | Self::NotReady => Some(0),
            Self::Patchable => Some(3),
            Self::Staged => None,
        }
    }
}

/// Gives the first Windows of a disk drivers for these controllers.
pub(crate) fn install(disk: &mut Disk, layout: &Layout, wanted: &[(Controller, State)]) -> Result<()> {
    let found = layout.windows.first().context("there is no Windows")?;
    let generation = generation(found);
    let states = states(wanted, generation)?;
    let partition = windows(layout)?;
    let window = Window::new(&*disk, partition.start, partition.len);
    let volume = Volume::open(&window)?;
    let read =
        |path: &str, max| volume.read(path, max)?.with_context(|| format!("this Windows has no {path}"));
    let hive = found.system_hive_path();
    let bytes = with_drivers(&read(&hive, HIVE_MAX)?, generation, &states)?;
    let program = read(&found.kernel_path(), FILE_MAX)?;
    let files = files(generation, &states);
    let system = format!(r"{}\System32", found.root);
    let entry = |name: &String| NewEntry::File { name: name.clone(), contents: &program };
    let mut entries: Vec<NewEntry<'_>> = files.iter().map(entry).collect();
    let mut writer = VolumeWriter::new(&window, WRITTEN)?;
    let mut folder = format!(r"{system}\drivers");
    if volume.find(&folder)?.is_none() {
        entries = vec![NewEntry::Directory { name: "drivers".to_owned(), entries }];
        folder = system;
    }
    writer = writer.create(&folder, &entries)?.renew(&hive, &bytes)?;
    let pieces = writer.finish()?;
    for piece in pieces.into_iter().flatten() {
        disk.put(partition.start + piece.at, &piece.bytes)?;
    }
    Ok(())
}

fn generation(windows: &WindowsVolume) -> Generation {
    let build = windows.version.as_ref().ok().and_then(|version| version.build.as_deref());
    let build: Option<u32> = build.and_then(|build| build.split('.').next()?.parse().ok());
    match build {
        _ if windows.is_nt5() => Generation::Nt5,
        Some(build) if build >= EIGHT => Generation::Eight,
        _ => Generation::Vista,
    }
}

/// What each service is to be; a service that two controllers need is the same for both.
fn states(
    wanted: &[(Controller, State)],
    generation: Generation,
) -> Result<BTreeMap<&'static str, (&'static Need, State)>> {
    let mut states = BTreeMap::new();
    for (controller, state) in wanted {
        let way = ways(*controller, generation).first();
        let way = way.with_context(|| format!("this Windows has no driver for {controller}"))?;
        let eight = generation == Generation::Eight;
        if matches!(state, State::Overridden | State::Staged) {
            ensure!(eight, "{controller}: only Windows 8 and later have overrides and staged drivers");
        }
        for need in way.needs {
            let before = states.insert(need.service, (need, *state));
            if before.is_some_and(|(_, before)| before != *state) {
                bail!("{controller} needs {}, which is something else for another", need.service);
            }
        }
    }
    Ok(states)
}

/// The hive with the services and hardware ids of the drivers, and of what every start needs.
fn with_drivers(
    hive: &[u8],
    generation: Generation,
    states: &BTreeMap<&'static str, (&'static Need, State)>,
) -> Result<Vec<u8>> {
    let name = hive.get(NAME).context("a hive that is cut short")?.to_vec();
    let mut root = NewKey::from(Hive::parse(hive.to_vec())?.root());
    let select = ["Current", "Default", "LastKnownGood"].map(|name| number(name, 1));
    set(&mut root, &["Select"], select.into());
    for need in chain(generation) {
        set(&mut root, &path_of(need), service(need.service, Some(0)));
    }
    if generation == Generation::Eight {
        set(&mut root, &["DriverDatabase"], Vec::new());
    }
    for (need, state) in states.values() {
        set(&mut root, &path_of(need), service(need.service, state.start()));
        if *state == State::Overridden {
            let path = [&path_of(need)[..], &["StartOverride"]].concat();
            set(&mut root, &path, vec![number("0", 3)]);
        }
        bind(&mut root, generation, need);
    }
    let mut bytes = build(&root, WRITTEN)?;
    put(&mut bytes, NAME.start, &name)?;
    let sum = BaseBlock::checksum(&bytes).context("a hive that is cut short")?;
    put(&mut bytes, CHECKSUM, &sum.to_le_bytes())?;
    Ok(bytes)
}

const fn path_of(need: &Need) -> [&'static str; 3] {
    ["ControlSet001", "Services", need.service]
}

/// The files of the drivers, but for those that are not there, and of what every start needs.
fn files(
    generation: Generation,
    states: &BTreeMap<&'static str, (&'static Need, State)>,
) -> BTreeSet<String> {
    let of_need = |need: &Need, has_own: bool| {
        let own = has_own.then(|| format!("{}.sys", need.service.to_lowercase()));
        own.into_iter().chain(need.imports.iter().map(|import| (*import).to_owned())).collect::<Vec<_>>()
    };
    let every = chain(generation).iter().flat_map(|need| of_need(need, true));
    let wanted = states.values().flat_map(|(need, state)| of_need(need, *state != State::NotReady));
    every.chain(wanted).collect()
}

/// Reads the name of a controller and of a state.
pub(crate) fn parse(controller: &str, state: &str) -> Result<(Controller, State)> {
    let names = |names: Vec<&str>| names.join(", ");
    let found = Controller::named(controller).with_context(|| {
        let all = Controller::ALL.map(Controller::as_str).to_vec();
        format!("expected one of {}, found {controller:?}", names(all))
    })?;
    let found_state = State::ALL.into_iter().find(|one| one.name() == state);
    let state = found_state.with_context(|| {
        let all = State::ALL.map(State::name).to_vec();
        format!("{controller}: expected one of {}, found {state:?}", names(all))
    })?;
    Ok((found, state))
}
