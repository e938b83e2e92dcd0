//! What the cases stand on: the program, disks to try it on, and judges that share no code with it.

pub mod make_image;
pub mod parts;
pub mod sparse;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use nix::unistd::Whence;
use nix::unistd::lseek;
use serde_json::Value as Json;
use sha2::Digest;
use sha2::Sha256;
use tempfile::TempDir;

/// What a program left behind.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Asserts the exit code, showing everything when it is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that the output has this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(text), "expected {text:?} in:\n{all}");
        self
    }

    /// Asserts that the standard output is this and nothing else.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert_eq!(self.stdout.trim(), text);
        self
    }

    /// The first target of the JSON.
    #[track_caller]
    pub fn target(&self) -> Json {
        let document: Json = serde_json::from_str(&self.stdout).expect("JSON");
        assert_eq!(document["version"], 1);
        document["targets"][0].clone()
    }
}

/// What the program may take of memory: its heap and all that it maps for itself.
const MEMORY: &str = "--data=67108864";

/// Runs the program with its limit of memory; it never has a terminal.
pub fn bcdrescue(arguments: &[&str]) -> Run {
    run("prlimit", &[&[MEMORY, env!("CARGO_BIN_EXE_bcdrescue")], arguments].concat())
}

/// Runs the program without that limit, which the `qemu-nbd` that it starts would have too.
pub fn unlimited(arguments: &[&str]) -> Run {
    run(env!("CARGO_BIN_EXE_bcdrescue"), arguments)
}

/// Runs a program; it never has a terminal.
pub fn run(program: &str, arguments: &[&str]) -> Run {
    let output =
        Command::new(program).args(arguments).stdin(Stdio::null()).output().expect("the program starts");
    Run {
        code: output.status.code().expect("the program ends by itself"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Runs a judge; it has to succeed.
#[track_caller]
pub fn judge(program: &str, arguments: &[&str]) -> Vec<u8> {
    judged(program, arguments).unwrap_or_else(|said| panic!("{said}"))
}

/// What a judge prints, or what it says when it does not succeed.
#[track_caller]
fn judged(program: &str, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; `make packages` installs it"));
    let [printed, said] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    if !output.status.success() {
        return Err(format!("{program} {arguments:?}: {printed}{said}"));
    }
    Ok(output.stdout)
}

/// Runs a judge with this on its standard input; it has to succeed.
#[track_caller]
pub fn judge_with(program: &str, arguments: &[&str], input: &[u8]) {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{program}: {error}; `make packages` installs it"));
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A committed image.
pub fn image(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("images").join(format!("{name}.qcow2"))
}

/// What `make` puts into cargo's target folder.
pub fn target(path: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join(path)
}

/// The parts of a sparse file that are no holes, as offset and bytes, at most 1 MiB each.
pub fn data(path: &Path) -> impl Iterator<Item = (u64, Vec<u8>)> {
    let file = fs::File::open(path).expect("readable");
    let len = file.metadata().expect("metadata").len();
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= len {
            return None;
        }
        at = lseek(&file, at as i64, Whence::SeekData).ok()? as u64;
        let hole = lseek(&file, at as i64, Whence::SeekHole).expect("hole") as u64;
        let mut bytes = vec![0; (hole - at).min(1 << 20) as usize];
        file.read_exact_at(&mut bytes, at).expect("readable");
        let start = at;
        at += bytes.len() as u64;
        Some((start, bytes))
    })
}

/// A hash of a file's bytes; zeros and holes are the same.
pub fn hash(path: &Path) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(fs::metadata(path).expect("metadata").len().to_le_bytes());
    for (start, bytes) in data(path) {
        for (index, page) in
            bytes.chunks(4096).enumerate().filter(|(_, page)| page.iter().any(|byte| *byte != 0))
        {
            hash.update((start + index as u64 * 4096).to_le_bytes());
            hash.update(page);
        }
    }
    hash.finalize().to_vec()
}

/// A copy of a sparse file that is as sparse.
pub fn copy_sparse(from: &Path, to: &Path) {
    let target = fs::File::create(to).expect("writable");
    target.set_len(fs::metadata(from).expect("metadata").len()).expect("length");
    for (at, bytes) in data(from) {
        target.write_all_at(&bytes, at).expect("writable");
    }
}

/// A disk in a folder of its own.
pub struct Disk {
    pub folder: TempDir,
    pub path: PathBuf,
}

impl Disk {
    /// A copy of a committed image, as it is.
    pub fn of(name: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("disk.qcow2");
        fs::copy(image(name), &path).expect("the image is there");
        Self { folder, path }
    }

    /// A committed image converted by qemu-img, with these arguments before the file names.
    pub fn converted(name: &str, arguments: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("disk.img");
        let mut all = vec!["convert"];
        all.extend(arguments);
        let source = image(name);
        all.extend([text(&source), text(&path)]);
        // For a LUKS image qemu-img times its own processor, and on a busy machine now and then gives up.
        let mut made = judged("qemu-img", &all);
        for _ in 0..9 {
            match &made {
                Err(said) if said.contains("Unable to get accurate CPU usage") => {
                    made = judged("qemu-img", &all);
                }
                _ => break,
            }
        }
        made.unwrap_or_else(|said| panic!("{said}"));
        Self { folder, path }
    }

    /// A committed image as a sparse raw file.
    pub fn raw(name: &str) -> Self {
        Self::converted(name, &["-O", "raw"])
    }

    /// The same in a folder where a sync costs nothing, when the machine has one.
    pub fn in_memory(self) -> Self {
        let Ok(folder) = tempfile::tempdir_in("/dev/shm") else { return self };
        for entry in fs::read_dir(self.folder.path()).expect("readable") {
            let entry = entry.expect("entry");
            copy_sparse(&entry.path(), &folder.path().join(entry.file_name()));
        }
        let path = folder.path().join(self.path.file_name().expect("a name"));
        Self { folder, path }
    }

    /// Puts these bytes at this place of a raw disk.
    pub fn put(&self, at: u64, bytes: &[u8]) {
        let file = fs::OpenOptions::new().write(true).open(&self.path).expect("writable");
        file.write_all_at(bytes, at).expect("writable");
    }

    /// Gives a file on a raw disk another name of as many letters, wherever a directory and the file keep it: ntfscp cannot delete.
    pub fn rename(&self, old: &str, new: &str) {
        let name = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let (old, new) = (name(old), name(new));
        assert_eq!(old.len(), new.len());
        let mut places = 0;
        for (start, bytes) in data(&self.path) {
            for (at, _) in bytes.windows(old.len()).enumerate().filter(|(_, piece)| *piece == old) {
                self.put(start + at as u64, &new);
                places += 1;
            }
        }
        assert!(places >= 2, "{places}");
    }

    /// The path as text.
    pub fn name(&self) -> &str {
        text(&self.path)
    }

    /// The disk's content as a sparse raw file in the same folder, by qemu-img.
    pub fn content(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        judge("qemu-img", &["convert", "-O", "raw", self.name(), text(&path)]);
        path
    }

    /// The undo record beside the disk; there is one.
    #[track_caller]
    pub fn record(&self) -> PathBuf {
        let records = self.records();
        assert_eq!(records.len(), 1, "{records:?}");
        records[0].clone()
    }

    /// All undo records beside the disk.
    pub fn records(&self) -> Vec<PathBuf> {
        let files =
            fs::read_dir(self.folder.path()).expect("readable").map(|entry| entry.expect("entry").path());
        files.filter(|path| text(path).ends_with(".undo.json")).collect()
    }
}

/// Whether two disks have the same content, by qemu-img.
pub fn same_content(one: &Path, other: &Path) -> bool {
    let status = Command::new("qemu-img").args(["compare", "-q", text(one), text(other)]).status();
    status.expect("qemu-img").success()
}

/// A file on an NTFS volume, by ntfscat; forward slashes.
pub fn ntfs_file(volume: &Path, path: &str) -> Vec<u8> {
    judge("ntfscat", &["-f", text(volume), path])
}

/// A file on a FAT volume, by mtools; forward slashes.
pub fn fat_file(volume: &Path, path: &str) -> Vec<u8> {
    judge("mtype", &["-i", text(volume), &format!("::{path}")])
}

/// Puts a file on an NTFS volume, by ntfscp; forward slashes. Its directory must be there.
pub fn put_ntfs(volume: &Path, path: &str, bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("written");
    judge("ntfscp", &["-q", text(volume), text(file.path()), path]);
    assert_eq!(ntfs_file(volume, path), bytes, "{path}");
}

/// Puts a file on a FAT volume, by mtools; forward slashes. Directories are made.
pub fn put_fat(volume: &Path, path: &str, bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("written");
    for (at, _) in path.match_indices('/').skip(1) {
        let directory = format!("::{}", &path[..at]);
        let is_there = Command::new("mdir").args(["-i", text(volume), &directory]).output().expect("mdir");
        if !is_there.status.success() {
            judge("mmd", &["-i", text(volume), &directory]);
        }
    }
    judge("mcopy", &["-o", "-i", text(volume), text(file.path()), &format!("::{path}")]);
}

/// The bytes of a binary value, as hivex reads it.
pub fn hivex_bytes(hive: &[u8], path: &str) -> Vec<u8> {
    let values = hivex(hive);
    let (_, value) = values[path].rsplit_once("base64 ").expect("a binary value");
    base64(value)
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => u32::from(c - b'A'),
        b'a'..=b'z' => u32::from(c - b'a') + 26,
        b'0'..=b'9' => u32::from(c - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    // Long values are broken into lines.
    let text = text.replace("&#13;", "").replace("&#10;", "").replace(char::is_whitespace, "");
    let text = text.trim_end_matches('=').as_bytes();
    let group = |group: &[u8]| {
        let number = group.iter().fold(0, |number, c| number << 6 | digit(*c)) << (6 * (4 - group.len()));
        number.to_be_bytes()[1..group.len()].to_vec()
    };
    text.chunks(4).flat_map(group).collect()
}

/// Every value of a hive by its path, as hivex reads it.
pub fn hivex(bytes: &[u8]) -> BTreeMap<String, String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("written");
    let xml = String::from_utf8(judge("hivexml", &[text(file.path())])).expect("UTF-8");
    let mut path: Vec<String> = Vec::new();
    let mut values = BTreeMap::new();
    let mut list = 0;
    for tag in xml.split('<').skip(1) {
        let (tag, after) = tag.split_once('>').unwrap_or((tag, ""));
        let attribute = |name: &str| {
            let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        if tag.starts_with("node ") {
            path.push(attribute("name").expect("name"));
            values.insert(path.join("\\"), String::new());
        } else if tag.starts_with("/node") {
            path.pop();
        } else if tag.starts_with("value ") {
            list = 0;
            let name = format!("{}\\{}", path.join("\\"), attribute("key").unwrap_or_default());
            let content =
                [attribute("type"), attribute("encoding"), attribute("value")].map(Option::unwrap_or_default);
            values.insert(name, content.join(" "));
        } else if tag.starts_with("string") {
            list += 1;
            values
                .insert(format!("{}\\string {list} of {}", path.join("\\"), values.len()), after.to_owned());
        }
    }
    values
}

/// The paths whose values differ between two hives, as hivex reads them; both must have the same paths.
#[track_caller]
pub fn hivex_difference(before: &[u8], after: &[u8]) -> Vec<String> {
    let (before, after) = (hivex(before), hivex(after));
    assert!(before.keys().eq(after.keys()), "keys or values came or went");
    assert!(!before.is_empty());
    before.iter().filter(|(path, value)| after[*path] != **value).map(|(path, _)| path.clone()).collect()
}

/// Keeps what a campaign has counted, for the end of `make test`.
pub fn counted(campaign: &str, figures: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("counted");
    fs::create_dir_all(&folder).expect("a folder");
    let name = campaign.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    fs::write(folder.join(name), format!("{campaign}: {figures}\n")).expect("written");
}

/// Whether the tests run as root; what needs it says so when they do not.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Says that a part was not run, where it is seen although the test passes (what is printed by macros is not).
pub fn not_run(part: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "NOT RUN: {part}: {}", why.trim());
}
