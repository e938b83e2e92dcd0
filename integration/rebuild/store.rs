//! The store that is made, as hivex reads it.

use crate::rebuild::promise::damaged;
use crate::rebuild::promise::promise;
use crate::support::judges::ntfs_file;
use crate::support::oracle::identities_of_table;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::store_by_hivex::by_hivex;
use crate::support::store_by_hivex::identity;
use crate::support::store_by_hivex::raw;
use crate::support::store_by_hivex::string;

const MANAGER: &str = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";

#[test]
fn it_names_the_disk_and_has_all_that_bcdboot_writes() {
    let rebuilt = promise(damaged("win10-bios", &["store-not-a-hive"]), "--rebuild");
    let made = &rebuilt.said["made"][0];
    assert_eq!((made["kind"].as_str(), made["path"].as_str()), (Some("store"), Some(r"\Boot\BCD")));
    let parts = partitions(&rebuilt.raw);
    let bytes = ntfs_file(&cut(&rebuilt.raw, parts[0].start, parts[0].len), "/Boot/BCD");
    let store = by_hivex(&bytes);
    let identities = identities_of_table(&rebuilt.raw);
    let entry = string(&store, MANAGER, "23000003").unwrap();
    for (object, element, partition) in
        [(MANAGER, "11000001", 0), (entry.as_str(), "11000001", 1), (entry.as_str(), "21000001", 1)]
    {
        let device = raw(&store, object, element).unwrap();
        assert_eq!(identity(&device, 0x20), identities[partition], "{object} {element}");
    }
    assert_eq!(string(&store, &entry, "12000004").as_deref(), Some("Windows 10"));
    assert_eq!(string(&store, &entry, "12000002").as_deref(), Some(r"\Windows\system32\winload.exe"));
    assert!(store["objects"].as_object().unwrap().len() >= 11);
}
