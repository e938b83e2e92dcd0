//! The committed images in memory, to be damaged.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;

use bcdrescue::partition;
use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;
use bcdrescue::storage::StorageMut;
use bcdrescue::storage::check_range;
use bcdrescue::storage::open::OpenOptions;
use bcdrescue::storage::open::open;

/// Bytes of a page.
pub(super) const PAGE: usize = 4096;

/// The images that are damaged.
pub(super) const IMAGES: [&str; 7] = [
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

/// A disk of mostly zeros; copies share the pages that they do not write.
#[derive(Clone)]
pub(super) struct Sparse {
    pages: BTreeMap<u64, Arc<[u8; PAGE]>>,
    len: u64,
}

/// Places of one kind: offset and length.
pub(super) type Places = Vec<(u64, usize)>;

/// An image, and where in it the structures are that something reads, by kind.
pub(super) struct Base {
    pub(super) disk: Sparse,
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
            let disk = Sparse::read(image.as_ref(), 0, image.len());
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
        Self::new(Sparse::read(&whole.disk, found.start, found.len), table.sector_size, &[0])
    }

    fn new(disk: Sparse, sector_size: u32, starts: &[u64]) -> Self {
        let places = places(&disk, u64::from(sector_size), starts);
        Self { disk, sector_size, places }
    }
}

fn places(disk: &Sparse, size: u64, starts: &[u64]) -> Vec<Places> {
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
    for page in disk.pages.keys().map(|index| index * PAGE as u64) {
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
    all.push(disk.pages.keys().map(|index| (index * PAGE as u64, PAGE)).collect());
    all.into_iter().filter(|places| !places.is_empty()).collect()
}

impl Sparse {
    /// A range of a storage.
    pub(super) fn read(storage: &dyn Storage, start: u64, len: u64) -> Self {
        const STEP: usize = 64 * PAGE;
        let len = len.min(storage.len() - start);
        let mut sparse = Self { pages: BTreeMap::new(), len };
        for at in (0..len).step_by(STEP) {
            let bytes = storage.read_vec(start + at, STEP.min((len - at) as usize)).expect("readable");
            for (index, page) in bytes.chunks(PAGE).enumerate() {
                if page != &[0; PAGE][..page.len()] {
                    let mut whole = [0; PAGE];
                    whole[..page.len()].copy_from_slice(page);
                    sparse.pages.insert(at / PAGE as u64 + index as u64, Arc::new(whole));
                }
            }
        }
        sparse
    }

    /// Writes what is inside.
    pub(super) fn put(&mut self, offset: u64, bytes: &[u8]) {
        for (at, byte) in (offset..self.len).zip(bytes) {
            let page = self.pages.entry(at / PAGE as u64).or_insert_with(|| Arc::new([0; PAGE]));
            Arc::make_mut(page)[(at % PAGE as u64) as usize] = *byte;
        }
    }

    /// What is inside of a range, without the rest.
    pub(super) fn get(&self, offset: u64, len: usize) -> Vec<u8> {
        let there = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX).min(len);
        self.read_vec(offset.min(self.len), there).expect("inside")
    }

    /// Sets another length.
    pub(super) fn cut(&mut self, len: u64) {
        self.len = len;
    }

    /// Whether both hold the same bytes.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let zeros = Arc::new([0; PAGE]);
        let keys = self.pages.keys().chain(other.pages.keys());
        let page =
            |disk: &Self, key: &u64| disk.pages.get(key).map_or_else(|| Arc::clone(&zeros), Arc::clone);
        self.len == other.len
            && keys.into_iter().all(|key| {
                let (one, two) = (page(self, key), page(other, key));
                Arc::ptr_eq(&one, &two) || one == two
            })
    }
}

impl Storage for Sparse {
    fn len(&self) -> u64 {
        self.len
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        check_range(self.len, offset, buf.len())?;
        let mut at = offset;
        let mut rest = buf;
        while !rest.is_empty() {
            let within = (at % PAGE as u64) as usize;
            let count = rest.len().min(PAGE - within);
            let (now, later) = rest.split_at_mut(count);
            match self.pages.get(&(at / PAGE as u64)) {
                Some(page) => now.copy_from_slice(&page[within..within + count]),
                None => now.fill(0),
            }
            at += count as u64;
            rest = later;
        }
        Ok(())
    }
}

impl StorageMut for Sparse {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        check_range(self.len, offset, bytes.len())?;
        self.put(offset, bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        Ok(())
    }
}
