//! Each loss by itself, on the disks that `bcdrescue-make-image` makes.

use crate::rebuild::promise::damaged;
use crate::rebuild::promise::promise;

#[test]
fn a_store_that_is_zeros_no_hive_another_s_or_cut_short() {
    for base in ["win2008sp2-bios", "win2008r2-bios", "win10-bios"] {
        for damage in ["store-not-a-hive", "setup-medium-store", "store-dirty"] {
            promise(damaged(base, &[damage]), "--rebuild");
        }
    }
}
