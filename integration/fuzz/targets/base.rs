//! The committed images in memory, to be damaged.

use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;

use bcdrescue::partition;
use bcdrescue::storage::Storage;
use bcdrescue::storage::open::OpenOptions;
use bcdrescue::storage::open::open;

use super::sparse::PAGE;
use super::sparse::SparseRam;

/// The images that are damaged.
pub(crate) const IMAGES: [&str; 7] = [
    "win2003-bios",
    "win2008sp2-bios",
    "win2008r2-bios",
    "win10-bios",
    "win7-logical",
    "win11-uefi",
    "win2022-uefi-4kn",
];

/// Where the images are, seen from this package or from the one for `cargo fuzz`.
pub(super) fn folder(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    [root.join(name), root.join("../..").join(name)].into_iter().find(|folder| folder.is_dir())
}

/// Places of one kind: offset and length.
pub(super) type Places = Vec<(u64, usize)>;

/// An image, and where in it the structures are that something reads, by kind.
pub(super) struct Base {
    pub(super) disk: SparseRam,
    pub(super) sector_size: u32,
    pub(super) places: Vec<Places>,
}

impl Base {
    /// The image with this number.
    pub(super) fn image(index: usize) -> &'static Self {
        static IMAGE: [OnceLock<Base>; IMAGES.len()] = [const { OnceLock::new() }; IMAGES.len()];
        let index = index % IMAGES.len();
        IMAGE[index].get_or_init(|| {
            let path = folder("images").expect("images").join(format!("{}.qcow2", IMAGES[index]));
            let image = open(&path, &OpenOptions::default()).expect("an image").storage;
            let disk = SparseRam::copy(image.as_ref(), 0, image.len());
            let table = partition::read(&disk).expect("a table");
            let starts: Vec<u64> = table.partitions.iter().map(|partition| partition.start).collect();
            Self::new(disk, table.sector_size, &starts)
        })
    }

    /// The first partition of an image for which `wanted` accepts the first sector.
    pub(super) fn partition(image: usize, wanted: fn(&[u8]) -> bool) -> Self {
        let whole = Self::image(image);
        let table = partition::read(&whole.disk).expect("a table");
        let mut partitions = table.partitions.iter();
        let found = partitions.find(|it| wanted(&whole.disk.read_vec(it.start, 512).expect("inside")));
        let found = found.expect("a volume of that kind");
        Self::new(SparseRam::copy(&whole.disk, found.start, found.len), table.sector_size, &[0])
    }

    fn new(disk: SparseRam, sector_size: u32, starts: &[u64]) -> Self {
        let places = places(&disk, u64::from(sector_size), starts);
        Self { disk, sector_size, places }
    }
}

fn places(disk: &SparseRam, size: u64, starts: &[u64]) -> Vec<Places> {
    let mut all: Vec<Places> = vec![Vec::new(); 6];
    let has = |at: u64, magic: &[u8]| disk.read_vec(at, magic.len()).is_ok_and(|found| found == magic);
    all[0].push((0, 512));
    if has(size, b"EFI PART") {
        let end = disk.len() - size;
        all[0].extend([(size, 92), (2 * size, 1024), (end, 92), (end - 32 * 512, 1024)]);
    }
    all[0].extend(starts.iter().map(|start| (start.saturating_sub(1 << 20), 512)));
    for start in starts {
        all[1].extend([(*start, 128), (*start, 512)]);
        if has(start + 0x52, b"FAT32") {
            let head = disk.read_vec(*start, 512).expect("inside");
            let [sector, reserved, table] =
                [(0x0b, 2), (0x0e, 2), (0x24, 4)].map(|(at, len)| super::number(&head, at, len));
            let (one, two) = (start + reserved * sector, start + (reserved + table) * sector);
            all[2].extend([(one, 512), (two, 512), (two + table * sector, 16384), (start + sector, 512)]);
        }
    }
    for page in disk.page_offsets() {
        for at in (0..PAGE as u64).step_by(1024).map(|within| page + within) {
            match disk.read_vec(at, 4).expect("inside").as_slice() {
                b"FILE" => all[3].push((at, 512)),
                b"INDX" => all[4].push((at, 1024)),
                b"regf" => all[5].extend([(at, 0x60), (at, 0x200)]),
                b"hbin" => all[5].push((at, PAGE)),
                _ => {}
            }
        }
    }
    all.push(disk.page_offsets().map(|page| (page, PAGE)).collect());
    all.into_iter().filter(|places| !places.is_empty()).collect()
}
