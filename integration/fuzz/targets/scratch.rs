//! One file of this thread, for targets that read files.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Where its file lies: in memory where that is possible.
fn folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let root = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    let thread = format!("{:?}", std::thread::current().id());
    let number: String = thread.chars().filter(char::is_ascii_digit).collect();
    root.join(format!("bcdrescue-fuzz-{}-{number}", std::process::id()))
}

/// Runs `question` on a file with these bytes, alone in its folder; nothing is left of either.
pub(super) fn with_file<T>(name: &str, data: &[u8], question: impl FnOnce(&Path) -> T) -> T {
    struct Gone(PathBuf);
    impl Drop for Gone {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
    let folder = Gone(folder());
    fs::create_dir_all(&folder.0).expect("a folder");
    let path = folder.0.join(name);
    fs::write(&path, data).expect("written");
    question(&path)
}
